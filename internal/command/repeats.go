package command

import (
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// repeatFlags are the flag of retrain for several runs.
type repeatFlags struct {
	runs int
}

func (f *repeatFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.runs, "repeats", 1, "repeat the training with N seeds, from --seed up; print mean and deviation, write the network of the first")
}

// check returns a usage error unless there can be that many runs.
func (f *repeatFlags) check(cmd *cobra.Command) error {
	if f.runs < 1 {
		return errors.Errorf("--repeats: found %d, expected from 1", f.runs)
	}
	if name := given(cmd, "checkpoint", "every", "resume", "report"); name != "" && f.runs > 1 {
		return errors.Errorf("--%s: is for one run and does not go with --repeats", name)
	}
	return nil
}

// repeatLine is one run in --json.
type repeatLine struct {
	Run  int    `json:"run"`
	Seed uint64 `json:"seed"`
	train.Score
}

// repeatsDone is what several runs add to the last line.
type repeatsDone struct {
	Runs []repeatLine `json:"runs"`
	train.Spread
}

// repeat makes the runs after the first, whose outcome is first and whose network is
// written. Everything that is drawn at random follows from a run's seed: which images
// --limit takes, which are set aside, a new head, dropout and the order. It returns
// nil if there is one run.
func (u run) repeat(first outcome, how func(run) (outcome, error)) (*repeatsDone, error) {
	if u.r.repeats.runs <= 1 {
		return nil, nil
	}
	all, done, file := &repeatsDone{}, first, u.t.out
	u.t.out, u.report = "", nil // nothing more is written
	var metrics []train.Metrics
	for i := range u.r.repeats.runs {
		if i > 0 {
			var err error
			u.t.Seed++
			if done, err = how(u); err != nil {
				u.out.note("the network of the first run stays in %s", file)
				return nil, errors.WithMessagef(err, "run %d, seed %d", i+1, u.t.Seed)
			}
		}
		line := repeatLine{i + 1, u.t.Seed, done.metrics.Score()}
		all.Runs, metrics = append(all.Runs, line), append(metrics, done.metrics)
		u.out.text("run %d, seed %d: test %s", line.Run, line.Seed, done.metrics)
		if err := u.out.object(line); err != nil {
			return nil, err
		}
	}
	all.Spread = train.SpreadOf(metrics)
	u.out.text("%d runs: test %s", len(metrics), all.Spread)
	return all, nil
}
