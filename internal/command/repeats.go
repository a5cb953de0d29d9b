package command

import (
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// repeatFlags are the flag of retrain for several runs.
type repeatFlags struct {
	runs int
}

func (f *repeatFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.runs, "repeats", 1, "runs with as many seeds, from --seed up; tells mean and deviation, writes the network of the first")
}

// check returns a usage error if there cannot be so many runs.
func (f *repeatFlags) check(cmd *cobra.Command) error {
	if f.runs < 1 {
		return errors.Errorf("--repeats: found %d, expected from 1", f.runs)
	}
	for _, name := range []string{"checkpoint", "every", "resume", "report"} {
		if f.runs > 1 && cmd.Flags().Changed(name) {
			return errors.Errorf("--%s: is of one run, and does not go with --repeats", name)
		}
	}
	return nil
}

// repeatLine is one run in --json.
type repeatLine struct {
	Run      int     `json:"run"`
	Seed     uint64  `json:"seed"`
	Accuracy float64 `json:"accuracy"`
	Correct  int     `json:"correct"`
	Examples int     `json:"examples"`
	Loss     float64 `json:"loss"`
}

// repeatsDone is what several runs add to the last line.
type repeatsDone struct {
	Runs          []repeatLine `json:"runs"`
	AccuracyMean  float64      `json:"accuracy_mean"`
	AccuracyStdev float64      `json:"accuracy_stdev"` // of the sample: by the number of runs less one
	AccuracyMin   float64      `json:"accuracy_min"`
	AccuracyMax   float64      `json:"accuracy_max"`
}

// repeat makes the runs after the first, whose network is written and whose
// outcome first is. All that is drawn follows from a run's seed: which images
// --limit takes, which are kept aside, a new head, dropout and the order. It
// returns nil where there is one run.
func (u run) repeat(first outcome, how func(run) (outcome, error)) (*repeatsDone, error) {
	if u.r.repeats.runs <= 1 {
		return nil, nil
	}
	all, done, file := &repeatsDone{}, first, u.t.out
	u.t.out, u.report = "", nil // nothing more is written
	for i := range u.r.repeats.runs {
		if i > 0 {
			var err error
			u.t.Seed++
			if done, err = how(u); err != nil {
				u.out.note("the network of the first run stays in %s", file)
				return nil, errors.WithMessagef(err, "run %d, seed %d", i+1, u.t.Seed)
			}
		}
		if err := all.add(u.out, u.t.Seed, done.metrics); err != nil {
			return nil, err
		}
	}
	all.sum(u.out)
	return all, nil
}

// add tells of a run.
func (d *repeatsDone) add(out *output, seed uint64, m train.Metrics) error {
	line := repeatLine{len(d.Runs) + 1, seed, m.Accuracy(), m.Correct, m.Examples, m.Loss}
	d.Runs = append(d.Runs, line)
	out.text("run %d, seed %d: test accuracy %.4f (%d of %d), loss %.4f", line.Run, seed, line.Accuracy, m.Correct, m.Examples, m.Loss)
	return out.object(line)
}

// sum sums the runs up.
func (d *repeatsDone) sum(out *output) {
	var accuracies []float64
	for _, run := range d.Runs {
		accuracies = append(accuracies, run.Accuracy)
	}
	d.AccuracyMean, d.AccuracyStdev = stat.MeanStdDev(accuracies, nil)
	d.AccuracyMin, d.AccuracyMax = floats.Min(accuracies), floats.Max(accuracies)
	out.text("%d runs: test accuracy %.4f ± %.4f (mean, standard deviation of the sample), %.4f to %.4f",
		len(accuracies), d.AccuracyMean, d.AccuracyStdev, d.AccuracyMin, d.AccuracyMax)
}
