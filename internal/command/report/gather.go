package report

import (
	"cmp"
	"context"
	"encoding/hex"
	"path/filepath"
	"slices"
	"time"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/explain"
	"github.com/pkg/errors"
)

// Options says where a report goes, and what a Gatherer cannot find out itself.
type Options struct {
	Folder      string
	Title       string             // of the page: the command, such as "mnist retrain"
	CommandLine string             // as it was typed
	Progress    func(done, of int) // test images looked at for mistakes
	Written     func(page string)  // called once the report is there
}

// Gatherer gathers a Report while a command works. A nil Gatherer, for no report, does
// nothing.
type Gatherer struct {
	opt     Options
	start   time.Time
	report  Report
	trains  bool // a training has begun
	written bool
}

// Gather returns a Gatherer, or an error when the report could not be written:
// before hours of work.
func Gather(opt Options) (*Gatherer, error) {
	if err := Writable(opt.Folder); err != nil {
		return nil, err
	}
	g := &Gatherer{opt: opt, start: time.Now(), report: Report{Title: opt.Title}}
	g.fact("Command line", opt.CommandLine)
	return g, nil
}

// Page returns the name of the page, "" for none.
func (g *Gatherer) Page() string {
	if g == nil {
		return ""
	}
	return filepath.Join(g.opt.Folder, Page)
}

// Training notes what is trained, before the first step: the net, and w, the weights of
// the whole network that it is a part of, as they are then.
func (g *Gatherer) Training(net *model.Net, w *model.Weights, s train.Recipe, files Files, data *dataset.Set) {
	if g == nil {
		return
	}
	g.trains = true
	g.report.Training, g.report.Of, g.report.Layers = true, s.Epochs, net.Describe()
	if k := firstKernels(net.Spec(), w); k != nil {
		k.Before = model.NewWeights()
		kernel := w.Get(k.Weight)
		k.Before.SetValues(k.Weight, kernel.Shape(), slices.Clone(kernel.Float32s()))
		g.report.Kernels = k
	}
	g.trainingFacts(s, files, data)
}

// firstKernels returns those of the first layer with weights, nil where it is
// no convolution.
func firstKernels(spec model.Spec, w *model.Weights) *Kernels {
	first := spec.MainLayers()[0]
	if _, ok := first.Kind.(model.Conv); !ok {
		return nil
	}
	return &Kernels{Weight: first.Name + "/W", After: w}
}

// hook calls another hook, and keeps the epochs for a report.
type hook struct {
	train.Hook
	gatherer *Gatherer
}

func (h hook) Epoch(e train.EpochReport) error {
	r := &h.gatherer.report
	r.Epochs, r.Lines = append(r.Epochs, e), append(r.Lines, e)
	return h.Hook.Epoch(e)
}

// Hook returns a hook that does what next does, and keeps the epochs.
func (g *Gatherer) Hook(next train.Hook) train.Hook {
	if g == nil {
		return next
	}
	return hook{next, g}
}

// Tested runs the test images once more, for the mistakes in them.
func (g *Gatherer) Tested(ctx context.Context, m *model.Network, test *dataset.Set, metrics train.Metrics) error {
	if g == nil {
		return nil
	}
	net, err := model.Build(m, model.None(), model.BatchUpTo(250))
	if err != nil {
		return err
	}
	if g.report.Layers == nil { // nothing was trained
		g.report.Kernels, g.report.Layers = firstKernels(m.Spec, m.Weights), net.Describe()
	}
	e, err := train.NewEvaluator(net)
	if err != nil {
		return err
	}
	defer e.Close()
	mistakes, err := mistakesOf(ctx, e, test, g.opt.Progress)
	if err != nil {
		return err
	}
	g.report.Test, g.report.Metrics, g.report.Mistakes = test, &metrics, mistakes
	g.report.Maps = mapsOf(ctx, m, test, mistakes[:min(len(mistakes), shownMistakes)])
	g.fact("Test images", test.String())
	g.fact("Test data, SHA-256", hashOf(test))
	return nil
}

// mistakesOf returns the images that the network gets wrong, the most confident
// mistake first.
func mistakesOf(ctx context.Context, e *train.Evaluator, test *dataset.Set, progress func(done, of int)) ([]picture.Mistake, error) {
	var list []picture.Mistake
	k := e.Net().Spec().Classes()
	err := e.Each(ctx, test, func(first int, logits []float32) {
		for i := range len(logits) / k {
			p := train.Softmax(logits[i*k : (i+1)*k])
			given := slices.Index(p, slices.Max(p))
			if given != test.Label(first+i) {
				list = append(list, picture.Mistake{Index: first + i, Given: given, Probability: p[given]})
			}
		}
		progress(first+len(logits)/k, test.Len())
	})
	slices.SortStableFunc(list, func(a, b picture.Mistake) int { return cmp.Compare(b.Probability, a.Probability) })
	return list, err
}

// mapsOf returns for each mistake the map of what speaks for the given class, or nil
// for a network without such maps.
func mapsOf(ctx context.Context, m *model.Network, test *dataset.Set, mistakes []picture.Mistake) []*explain.Map {
	a, err := explain.NewActivator(m)
	if err != nil {
		return nil
	}
	defer a.Close()
	var maps []*explain.Map
	for _, mistake := range mistakes {
		found, err := a.Map(ctx, test, mistake.Index, m.Classes[mistake.Given])
		if err != nil {
			return nil
		}
		maps = append(maps, found)
	}
	return maps
}

// Skipped notes the files of the data that are left out.
func (g *Gatherer) Skipped(bad *dataset.BadFiles) {
	if g == nil {
		return
	}
	for _, err := range bad.Errors {
		g.report.Skipped = append(g.report.Skipped, err.Error())
	}
}

// Write writes the report, with the last line of the figures.
func (g *Gatherer) Write(line any) error {
	if g == nil {
		return nil
	}
	g.report.Lines = append(g.report.Lines, line)
	return g.write()
}

func (g *Gatherer) write() error {
	g.written = true
	g.programFacts()
	if err := g.report.Write(g.opt.Folder); err != nil {
		return err
	}
	g.opt.Written(g.Page())
	return nil
}

// End writes the report of what was done until then, if err says that ctx ended
// a training in the middle.
func (g *Gatherer) End(ctx context.Context, err error) error {
	if g == nil || g.written || !g.trains || !errors.Is(err, context.Canceled) {
		return nil
	}
	g.report.Interrupted = context.Cause(ctx).Error()
	return g.write()
}

func hashOf(set *dataset.Set) string {
	h := set.Hash()
	return hex.EncodeToString(h[:])
}
