package command

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/command/report"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// reportFlag is the folder that train, retrain and eval write a report into.
type reportFlag struct{ folder string }

func (f *reportFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.folder, "report", "", "folder to write a report into: a page with curves, mistakes and figures, and its pictures as files")
}

// begin returns what gathers the report, nil where none is asked for, and an
// error when it could not be written: before hours of work.
func (f reportFlag) begin(cmd *cobra.Command, out *output) (*reporter, error) {
	if !cmd.Flags().Changed("report") {
		return nil, nil
	}
	if f.folder == "" {
		return nil, usage(errors.New("--report: found no folder name"))
	}
	if err := report.Writable(f.folder); err != nil {
		return nil, errors.Wrap(err, "--report")
	}
	r := &reporter{folder: f.folder, ctx: cmd.Context(), out: out, start: time.Now()}
	r.report.Title = cmd.CommandPath()
	r.fact("Command line", cmd.Root().Annotations[typed])
	return r, nil
}

// reporter gathers a report. All its methods may be called on nil, where no
// report is asked for, and do nothing then.
type reporter struct {
	folder  string
	ctx     context.Context
	out     *output
	start   time.Time
	report  report.Report
	under   *model.Weights // of the network that is trained
	written bool
}

// page returns the name of the page, "" for none.
func (r *reporter) page() string {
	if r == nil {
		return ""
	}
	return filepath.Join(r.folder, report.Page)
}

// training is told of a training before its first step: the net, and w, the
// weights of the whole network that it is a part of.
func (r *reporter) training(net *model.Net, w *model.Weights, t *trainingFlags, s settings, d dataFlags, data *dataset.Set) error {
	if r == nil {
		return nil
	}
	r.report.Training, r.report.Of, r.under, r.report.Layers = true, t.epochs, w, net.Describe()
	if k := firstKernels(net.Spec(), w); k != nil {
		k.Before = model.NewWeights()
		kernel := w.Get(k.Weight)
		k.Before.SetValues(k.Weight, kernel.Shape(), slices.Clone(kernel.Float32s()))
		r.report.Kernels = k
	}
	r.fact("Data", d.name+", "+describe(data)+" to train on")
	r.trainingFacts(t, s)
	return nil
}

// firstKernels returns those of the first layer with weights, nil where it is
// no convolution.
func firstKernels(spec model.Spec, w *model.Weights) *report.Kernels {
	first := spec.MainLayers()[0]
	if _, ok := first.Kind.(model.Conv); !ok {
		return nil
	}
	return &report.Kernels{Weight: first.Name + "/W", After: w}
}

// reportHook tells another hook, and keeps the epochs for a report.
type reportHook struct {
	train.Hook
	reporter *reporter
}

func (h reportHook) Epoch(e train.EpochReport) error {
	h.reporter.report.Epochs = append(h.reporter.report.Epochs, e)
	h.reporter.report.Lines = append(h.reporter.report.Lines, newEpochLine(e))
	return h.Hook.Epoch(e)
}

// hook returns a hook that does what next does, and keeps the epochs.
func (r *reporter) hook(next train.Hook) train.Hook {
	if r == nil {
		return next
	}
	return reportHook{next, r}
}

// tested runs the test images once more, for the mistakes in them.
func (r *reporter) tested(m *model.Network, test *dataset.Set, metrics train.Metrics) error {
	if r == nil {
		return nil
	}
	net, err := model.Build(m, model.None(), model.Batch(250))
	if err != nil {
		return err
	}
	if r.report.Layers == nil { // nothing was trained
		r.report.Kernels, r.report.Layers = firstKernels(m.Spec, m.Weights), net.Describe()
	}
	e, err := train.NewEvaluator(net)
	if err != nil {
		return err
	}
	defer e.Close()
	mistakes, err := r.mistakes(e, test)
	if err != nil {
		return err
	}
	r.report.Test, r.report.Metrics, r.report.Mistakes = test, &metrics, mistakes
	r.fact("Test images", describe(test))
	r.fact("Test data, SHA-256", hash(test))
	return nil
}

func (r *reporter) mistakes(e *train.Evaluator, test *dataset.Set) ([]picture.Mistake, error) {
	var list []picture.Mistake
	k := e.Net().Spec().Classes()
	err := e.Each(r.ctx, test, func(first int, logits []float32) {
		for i := range len(logits) / k {
			p := train.Softmax(logits[i*k : (i+1)*k])
			given := slices.Index(p, slices.Max(p))
			if given != test.Label(first+i) {
				list = append(list, picture.Mistake{Index: first + i, Given: given, Probability: p[given]})
			}
		}
		r.out.bar("mistakes for the report", "images", int64(test.Len())).set(int64(first + len(logits)/k))
	})
	r.out.endBar()
	slices.SortStableFunc(list, func(a, b picture.Mistake) int { return cmp.Compare(b.Probability, a.Probability) })
	return list, err
}

// evaluated writes the report of an evaluation of the network in that file.
func (r *reporter) evaluated(m *model.Network, file string, d dataFlags, test *dataset.Set, metrics train.Metrics, line evalLine) error {
	if r == nil {
		return nil
	}
	r.fact("Network", file)
	r.fact("Data", d.name)
	if line.LeftOut > 0 {
		r.fact("Images of classes that the network does not know, left out", fmt.Sprint(line.LeftOut))
	}
	if line.TrainedOn != nil {
		r.fact("Test images that the network was trained on", fmt.Sprint(*line.TrainedOn))
	}
	if err := r.tested(m, test, metrics); err != nil {
		return err
	}
	return r.write(line)
}

// write writes the report, with the last line of --json.
func (r *reporter) write(line any) error {
	if r == nil {
		return nil
	}
	r.report.Lines = append(r.report.Lines, line)
	return r.writePage()
}

func (r *reporter) writePage() error {
	r.written = true
	r.programFacts()
	if err := r.report.Write(r.folder); err != nil {
		return errors.Wrap(err, "--report")
	}
	r.out.text("report written to %s", r.page())
	return nil
}

// end is told how the command ended, and returns that. An interrupted training
// has its report of what was done until then.
func (r *reporter) end(err error) error {
	if r == nil || r.written || r.under == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	r.report.Interrupted = context.Cause(r.ctx).Error()
	if failed := r.writePage(); failed != nil {
		return failed
	}
	return err
}
