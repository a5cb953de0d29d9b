package transfer

import (
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// headStream keeps the random numbers of a new head apart from all others
// drawn from the same seed.
const headStream = 0x4ead

// NewHead returns the spec with its last layer giving classes logits, and a
// copy of the weights in which every layer that is not in w, and the last one,
// is drawn afresh from seed. Everything else is as in w.
func NewHead(spec model.Spec, w *model.Weights, classes int, seed uint64) (model.Spec, *model.Weights, error) {
	if classes < 2 {
		return spec, nil, errors.Wrapf(model.ErrSpec, "new head: found %d classes, expected 2 or more: with one every answer is right", classes)
	}
	spec = spec.WithClasses(classes)
	want, err := spec.WeightShapes()
	if err != nil {
		return spec, nil, err
	}
	head := spec.Layers[len(spec.Layers)-1].Name
	fresh := []string{head}
	copied := model.NewWeights()
	for _, ws := range want {
		if t := w.Get(ws.Name); t != nil && ws.Layer != head {
			copied.SetValues(ws.Name, t.Shape(), append([]float32(nil), t.Float32s()...))
		} else {
			fresh = append(fresh, ws.Layer)
			copied.SetValues(ws.Name, ws.Shape, make([]float32, tensor.Shape(ws.Shape).TotalSize()))
		}
	}
	rng := rand.New(rand.NewPCG(seed, headStream))
	if err := model.Reinit(spec, copied, fresh, rng); err != nil {
		return spec, nil, err
	}
	return spec, copied, copied.Check(spec)
}

// Options says how Retrain goes about it.
type Options struct {
	Select      model.Selection // the layers to train
	Batch       int             // examples a step; 64 when 0
	Solver      train.Solver
	Seed        uint64 // of dropout and of the examples' order
	Train       train.Options
	NoCache     bool                         // run the whole graph each step instead of cutting it
	CacheMemory int64                        // as in FeatureOptions, for training and validation examples together
	CacheDir    string                       // as in FeatureOptions
	Warn        func(message string)         // as in FeatureOptions
	Progress    func(done, of int)           // of the pass through the trunk
	Start       func(t *train.Trainer) error // called before the first step: to look at its Net, or to restore a checkpoint
}

// Result is what Retrain did.
type Result struct {
	Trained         []string // weights
	Frozen          []string
	FrozenIdentical bool    // the frozen weights' bytes are what they were
	SecondsFeatures float64 // computing the features, or reading them
	Features        Source  // of the training examples; "" when there is no trunk, or NoCache

	// TrainingLoss is the mean cross-entropy of the training examples at the
	// end, without dropout: to be held against what Exact reaches. It is nil
	// unless the last layer alone was trained, to the end, on features.
	TrainingLoss *float64
}

// Retrain trains the selected layers of w, in place, and leaves the others
// alone. The graph is cut below the lowest selected layer: the trunk, all
// constants, runs once over the examples, and only the head above it runs in
// each step. With NoCache the whole graph runs, with the frozen weights as
// constants; both ways make the same steps.
//
// When ctx is done it stops between two steps with ctx's error, and w holds
// what was learnt so far.
func Retrain(ctx context.Context, spec model.Spec, w *model.Weights, data dataset.Examples, opt Options) (result *Result, err error) {
	result = &Result{}
	from := 0
	var head *cut
	if !opt.NoCache {
		start := time.Now()
		c, err := cutBelow(ctx, spec, w, data, opt)
		if err != nil {
			return nil, err
		}
		defer func() {
			if closeErr := c.Close(); err == nil {
				err = closeErr
			}
		}()
		if c.at == 0 && opt.CacheDir != "" && opt.Warn != nil {
			opt.Warn("cache folder " + opt.CacheDir + ": nothing to keep there: no layer is frozen below the lowest trained one")
		}
		head, from, data = c, c.at, c.data
		if opt.Train.Validation != nil {
			opt.Train.Validation = c.validation
		}
		result.Features, result.SecondsFeatures = c.data.Source, time.Since(start).Seconds()
	}
	batch := opt.Batch
	if batch == 0 {
		batch = 64
	}
	net, err := model.Build(spec, w, opt.Select, model.Batch(batch), model.Layers(from, len(spec.Layers)))
	if err != nil {
		return nil, err
	}
	result.Trained, result.Frozen = net.TrainedWeights(), net.FrozenWeights()
	before := hashes(w, result.Frozen)
	trainer, err := train.New(net, opt.Solver, opt.Seed)
	if err != nil {
		return nil, err
	}
	defer trainer.Close()
	if opt.Start != nil {
		if err := opt.Start(trainer); err != nil {
			return nil, err
		}
	}
	err = trainer.Fit(ctx, data, opt.Train)
	result.FrozenIdentical = slices.Equal(before, hashes(w, result.Frozen))
	if !result.FrozenIdentical {
		return result, errors.New("a frozen weight has changed: this is a bug")
	}
	if err == nil && head != nil && slices.Equal(result.Trained, lastWeights(spec)) {
		loss, err := head.trainingLoss(spec, w)
		if err != nil {
			return result, err
		}
		result.TrainingLoss = &loss
	}
	return result, err
}

func hashes(w *model.Weights, names []string) [][sha256.Size]byte {
	all := make([][sha256.Size]byte, len(names))
	for i, name := range names {
		all[i] = w.Hash(name)
	}
	return all
}

// Only returns the weights of the named layers, sharing their memory.
func Only(w *model.Weights, layers ...string) *model.Weights {
	only := model.NewWeights()
	for _, name := range w.Names() {
		if layer, _, _ := strings.Cut(name, "/"); slices.Contains(layers, layer) {
			only.Set(name, w.Get(name))
		}
	}
	return only
}
