package feature

import (
	"context"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/typednil"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// Trunk is the frozen part of a network: the layers below the cut. All weights are
// constants, and it only runs forward, as in evaluation. Some are read only once: they
// must not change while it is in use.
type Trunk struct {
	network   *model.Network
	cut       model.Cut
	evaluator *train.Evaluator // built when first needed
}

// NewTrunk returns the trunk of the network when selection is trained. If nothing is
// below the trained layers, the trunk is empty and Features passes examples through.
func NewTrunk(n *model.Network, selection model.Selection) (*Trunk, error) {
	if n == nil {
		return nil, errors.Wrap(model.ErrNetwork, "trunk: found no network")
	}
	trained, err := selection.Resolve(n.Spec)
	if err != nil {
		return nil, err
	}
	t := &Trunk{network: n}
	if t.cut, err = n.Spec.Cut(trained); err != nil {
		return nil, err
	}
	if t.empty() {
		return t, nil
	}
	return t, n.Weights.Check(n.Spec)
}

// empty reports whether nothing is below the cut.
func (t *Trunk) empty() bool { return len(t.cut.Trunk) == 0 }

// build makes the graph on first use. Features that are read from files never need it.
func (t *Trunk) build() error {
	if t.evaluator != nil {
		return nil
	}
	net, err := model.Build(t.network, model.None(), model.BatchUpTo(piece), model.TrunkOf(t.cut), model.ConstantWeights())
	if err != nil {
		return errors.Wrap(err, "build the frozen trunk")
	}
	t.evaluator, err = train.NewEvaluator(net)
	return err
}

// Cut returns where the network is cut.
func (t *Trunk) Cut() model.Cut { return t.cut }

// Close frees the trunk's machine. Features that it computed stay valid.
func (t *Trunk) Close() error {
	if t == nil || t.evaluator == nil {
		return nil
	}
	return t.evaluator.Close()
}

// Options says where features are kept. The zero value keeps them in memory if they
// take at most half of the free memory, otherwise in a temporary file.
type Options struct {
	CacheMemory int64                // maximum bytes of features in memory; more are mapped from a file; 0: half of the free memory
	CacheDir    string               // folder to keep them in for the next run, created if necessary; "": not kept
	Warn        func(message string) // called for a damaged file in CacheDir, which is recomputed; may be nil
	Progress    func(done, of int)   // called with the number of examples computed, but not if they are read from CacheDir; may be nil
}

func (o *Options) warn(err error) {
	if o.Warn != nil {
		o.Warn(err.Error())
	}
}

// Features runs the trunk once over all examples and returns its output, or reads the
// output of an earlier run from CacheDir. For dataset.Varying examples, which change
// with each epoch, the error's cause is ErrCache. The caller closes the result. After
// an error no file is left except in CacheDir: there a pass of more than about ten
// seconds saves its progress, and the next call continues from it.
//
// For the sets of Shards.Sets nothing is computed: their features come from the files.
// If the files are of another trunk, the error's cause is ErrShard.
//
// CacheDir needs a *dataset.Set or *dataset.Copies, whose Hash identifies the features;
// for other examples the error's cause is ErrCache. A folder or file that cannot be
// written is also an error; a damaged file is recomputed.
func (t *Trunk) Features(ctx context.Context, data dataset.Examples, opt Options) (*Set, error) {
	if t == nil {
		return nil, errors.Wrap(model.ErrNetwork, "features: found no trunk, expected one that NewTrunk made")
	}
	if typednil.Is(data) {
		return nil, errors.Wrap(train.ErrData, "features: found no examples")
	}
	if t.empty() {
		return &Set{Examples: data}, nil
	}
	if s := KnownOf(data); s != nil {
		return t.known(s, data.(*dataset.Set))
	}
	if err := t.build(); err != nil {
		return nil, err
	}
	if err := t.evaluator.Net().CheckExamples(data); err != nil {
		return nil, errors.Wrap(err, "features")
	}
	if _, varies := data.(dataset.Varying); varies {
		return nil, errors.Wrapf(ErrCache, "features of %T: its examples differ from one epoch to the next; expected others, such as *dataset.Copies, or no cut", data)
	}
	bound, err := MemoryBound(opt.CacheMemory)
	if err != nil {
		return nil, err
	}
	r, err := newRows(t.cut.Shape(), data)
	if err != nil {
		return nil, err
	}
	run := func(f func(first int, values []float32) error) error { return t.run(ctx, data, opt.Progress, f) }
	fits := r.bytes() <= bound
	source := Memory
	if !fits {
		source = Mapped
	}
	switch {
	case opt.CacheDir != "":
		var file *cacheFile
		if file, err = t.cacheFile(opt.CacheDir, data, r); err == nil {
			var found bool
			p := file.parts(r)
			run = func(f func(first int, values []float32) error) error { return t.runInParts(ctx, data, opt, p, f) }
			if found, err = file.fill(r, fits, run, opt.warn); found {
				source = Disk
			}
			if err == nil {
				p.remove()
			}
		}
	case fits:
		r.values = make([]float32, len(r.labels)*r.size)
		err = run(func(first int, values []float32) error { copy(r.values[first*r.size:], values); return nil })
	default:
		err = r.fillMapped(run)
	}
	if err != nil {
		return nil, err
	}
	return &Set{Examples: r, Source: source, rows: r}, nil
}

// run runs the trunk over the examples in order and passes its rows to f in batches. It
// stops early if f returns an error or ctx is done.
func (t *Trunk) run(ctx context.Context, data dataset.Examples, progress func(done, of int), f func(first int, values []float32) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	err := t.evaluator.Each(ctx, data, func(first int, values []float32) {
		if failed = f(first, values); failed != nil {
			stop()
		} else if progress != nil {
			progress(min(first+t.evaluator.Net().Batch(), data.Len()), data.Len())
		}
	})
	if failed != nil {
		return failed
	}
	return errors.Wrap(err, "run the frozen trunk")
}
