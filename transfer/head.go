package transfer

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// Head is the trained part of a network, and the examples as it sees them: what
// the frozen trunk makes of them, computed once. Close it when it is no longer
// needed.
type Head struct {
	Data       dataset.Examples // the features, or with NoCache the examples
	Validation dataset.Examples // the same of opt.Train.Validation; nil if there is none
	Net        *model.Net       // the graph that is trained
	Result     Result           // what is trained and frozen, and where the features came from

	network *model.Network
	held    dataset.Examples // opt.Kept.Held as the head sees it; nil if there is none
	sets    []*feature.Set
	before  [][sha256.Size]byte // of the frozen weights
	kept    []float32           // the weights of outputs that stay as they are

	progress func(done, of int) // of Evaluate; may be nil
}

// NewHead cuts the network below the lowest layer that opt.Select selects, runs
// the trunk over the examples, opt.Train.Validation and what opt.Kept holds, and
// builds the head. With opt.NoCache it builds the whole network, and runs nothing.
func NewHead(ctx context.Context, n *model.Network, data dataset.Examples, opt Options) (*Head, error) {
	if n == nil {
		return nil, errors.Wrap(model.ErrNetwork, "found no network")
	}
	if err := opt.Kept.check(n, opt.Select); err != nil {
		return nil, err
	}
	h := &Head{Data: data, Validation: opt.Train.Validation, network: n}
	if opt.Kept.Held != nil {
		h.held = opt.Kept.Held
	}
	build := []model.Option{model.Batch(opt.batch())}
	if !opt.NoCache {
		cut, err := h.runTrunk(ctx, opt)
		if err != nil {
			return nil, err
		}
		build = append(build, model.HeadOf(cut))
	}
	var err error
	if h.Net, err = model.Build(n, opt.Select, build...); err == nil {
		err = h.Net.CheckExamples(h.Data)
	}
	if err == nil && h.Validation != nil {
		err = errors.Wrap(h.Net.CheckExamples(h.Validation), "validation")
	}
	if err != nil {
		_ = h.Close() // the error that is returned came first
		return nil, err
	}
	h.Result.Trained, h.Result.Frozen = append([]string{}, h.Net.TrainedWeights()...), append([]string{}, h.Net.FrozenWeights()...)
	h.before, h.kept = hashes(n.Weights, h.Result.Frozen), opt.Kept.weights(n)
	return h, nil
}

// runTrunk puts features in the place of the examples.
func (h *Head) runTrunk(ctx context.Context, opt Options) (cut model.Cut, err error) {
	start := time.Now()
	trunk, err := feature.NewTrunk(h.network, opt.Select)
	if err != nil {
		return cut, err
	}
	defer trunk.Close()
	cut = trunk.Cut()
	if len(cut.Trunk) == 0 && !opt.quiet && opt.CacheDir != "" && opt.Warn != nil {
		opt.Warn("cache folder " + opt.CacheDir + ": nothing to keep there: no layer is frozen below the lowest trained one")
	}
	options := feature.Options{CacheMemory: opt.CacheMemory, CacheDir: opt.CacheDir, Warn: opt.Warn, Progress: opt.Progress}
	if options.CacheMemory, err = feature.MemoryBound(opt.CacheMemory); err != nil {
		return cut, err
	}
	for i, examples := range []*dataset.Examples{&h.Data, &h.Validation, &h.held} {
		if *examples == nil && i > 0 {
			continue
		}
		set, err := trunk.Features(ctx, *examples, options)
		if err != nil {
			_ = h.Close() // the error that is returned came first
			return cut, err
		}
		if i == 0 {
			h.Result.Features = set.Source
		}
		h.sets, *examples = append(h.sets, set), set
		options.Progress = nil
		options.CacheMemory = max(1, options.CacheMemory-set.InMemory())
	}
	h.Result.SecondsFeatures = time.Since(start).Seconds()
	return cut, nil
}

// checkFrozen notes whether the frozen weights' bytes are what they were, and
// returns an error if not.
func (h *Head) checkFrozen() error {
	h.Result.FrozenIdentical = slices.Equal(h.before, hashes(h.network.Weights, h.Result.Frozen))
	if !h.Result.FrozenIdentical {
		return errors.New("a frozen weight has changed: this is a bug")
	}
	return nil
}

// Trainer returns a trainer of the head. The caller closes it.
func (h *Head) Trainer(solver *train.Solver, seed uint64) (*train.Trainer, error) {
	if h == nil {
		return nil, errors.Wrap(model.ErrNetwork, "trainer: found no head, expected one that NewHead made")
	}
	return train.New(h.Net, solver, seed)
}

// Evaluate runs the head, as it is now, over examples as it sees them, such as Data
// or Validation.
func (h *Head) Evaluate(ctx context.Context, data dataset.Examples) (m train.Metrics, err error) {
	if h == nil {
		return m, errors.Wrap(model.ErrNetwork, "evaluate: found no head, expected one that NewHead made")
	}
	net, err := h.Net.ForEvaluation(evaluationBatch)
	if err != nil {
		return m, err
	}
	e, err := train.NewEvaluator(net)
	if err != nil {
		return m, err
	}
	defer e.Close()
	e.Progress = h.progress
	return e.Evaluate(ctx, data)
}

// Close frees the features' memory.
func (h *Head) Close() error {
	if h == nil {
		return nil
	}
	var first error
	for _, set := range h.sets {
		if err := set.Close(); first == nil {
			first = err
		}
	}
	return first
}

func hashes(w *model.Weights, names []string) [][sha256.Size]byte {
	all := make([][sha256.Size]byte, len(names))
	for i, name := range names {
		all[i] = w.Hash(name)
	}
	return all
}
