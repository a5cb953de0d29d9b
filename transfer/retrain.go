package transfer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// Options says how Retrain works.
type Options struct {
	Select      model.Selection // the layers to train
	Batch       int             // examples a step; 64 when 0
	Solver      *train.Solver   // its rule and constants: each training starts with a fresh solver
	Seed        uint64          // of dropout and of the examples' order
	Train       train.Options
	NoCache     bool                         // run the whole graph each step instead of cutting it
	CacheMemory int64                        // as in feature.Options, for training and validation examples together
	CacheDir    string                       // as in feature.Options
	Warn        func(message string)         // as in feature.Options
	Progress    func(done, of int)           // of the pass through the trunk; in Evaluate of all that takes long
	quiet       bool                         // no note about an unused cache folder
	Start       func(t *train.Trainer) error // called before the first step: to look at its Net, or to restore a checkpoint

	Kept Kept // outputs that stay as they are; none for most trainings

	// Saver, if any, writes checkpoints of the whole network as its Every says, and
	// one when ctx ends the training; Retrain sets its Next.
	Saver *train.Saver
	// Resume is where to continue, nil for a new training. The network must have the
	// weights that go with it, as train.Resume returns them, and the options must be
	// those of the training that was saved.
	Resume *train.Checkpoint
}

// Result is what Retrain did.
type Result struct {
	Trained         []string       `json:"trained"` // weights; like Frozen a list, not nil
	Frozen          []string       `json:"frozen"`
	FrozenIdentical bool           `json:"frozen_identical"`   // the frozen weights' bytes are what they were
	SecondsFeatures float64        `json:"seconds_features"`   // computing the features, or reading them
	Features        feature.Source `json:"features,omitempty"` // of the training examples; "" when there is no trunk, or NoCache

	// TrainingLoss is the mean cross-entropy of the training examples at the end,
	// without dropout, to compare with what Exact reaches. It is nil unless the
	// last layer alone was trained, to the end, on features.
	TrainingLoss *float64 `json:"training_loss,omitempty"`

	// Stuck says that nothing was learnt and what to try: see train.Stuck. "" if
	// something was.
	Stuck string `json:"stuck,omitempty"`

	Kept *KeptResult `json:"kept,omitempty"` // where outputs stayed as they are; nil elsewhere
}

// String returns, in a few lines for people, whether the frozen weights are the
// same, and the loss of the training examples where it is known.
func (r Result) String() string {
	made := "computed"
	if r.Features == feature.Disk || r.Features == feature.Files {
		made = "read"
	}
	text := fmt.Sprintf("frozen weights bit-identical: %v   features %s in %.1f s", r.FrozenIdentical, made, r.SecondsFeatures)
	if r.Kept != nil {
		text += "\n" + r.Kept.String()
	}
	if r.TrainingLoss != nil {
		text += fmt.Sprintf("\nloss of the training images, without dropout: %.6f", *r.TrainingLoss)
	}
	return text
}

func (o Options) batch() int {
	if o.Batch == 0 {
		return 64
	}
	return o.Batch
}

// Retrain trains the selected layers of the network, in place, and leaves the
// others alone. The graph is cut below the lowest selected layer: the trunk,
// all constants, runs once over the examples, and only the head above it runs
// in each step. With NoCache the whole graph runs, with the frozen weights as
// constants; both ways make the same steps.
//
// When ctx is done it stops between two steps with ctx's error; the network
// keeps what it has learnt so far.
func Retrain(ctx context.Context, n *model.Network, data dataset.Examples, opt Options) (result *Result, err error) {
	h, err := NewHead(ctx, n, data, opt)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := h.Close(); err == nil {
			err = closeErr
		}
	}()
	trainer, err := h.Trainer(opt.Kept.solver(opt.Solver, h.Net), opt.Seed)
	if err != nil {
		return nil, err
	}
	defer trainer.Close()
	if err := h.start(trainer, &opt); err != nil {
		return nil, err
	}
	err = trainer.Fit(ctx, h.Data, opt.Train)
	h.Result.Stuck = trainer.Stuck()
	if opt.Saver != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = cmp.Or(opt.Saver.Save(), err)
	}
	if changed := h.checkFrozen(); changed != nil {
		return &h.Result, changed
	}
	// What was learnt by a training that ends early is used too.
	if failed := h.finishKept(context.WithoutCancel(ctx), opt.Kept); failed != nil {
		err = cmp.Or(err, failed)
	}
	if err == nil && !opt.NoCache {
		h.Result.TrainingLoss, err = h.trainingLoss(opt.Train.ClassWeights)
	}
	return &h.Result, err
}

// start readies the trainer for its first step.
func (h *Head) start(trainer *train.Trainer, opt *Options) error {
	opt.Train.Validation = h.Validation
	if opt.Saver != nil {
		opt.Saver.Start(trainer, h.network)
		if opt.Train.Hook != train.Hook(opt.Saver) {
			opt.Saver.Next = opt.Train.Hook
		}
		opt.Train.Hook = opt.Saver
	}
	if opt.Resume != nil {
		if err := trainer.Restore(*opt.Resume); err != nil {
			return err
		}
	}
	if opt.Start != nil {
		return opt.Start(trainer)
	}
	return nil
}

// evaluationBatch is how many examples Evaluate runs at a time, at most.
const evaluationBatch = 250

// Evaluate runs the network that Retrain made, with the same options, over
// labelled examples. With a CacheDir the head runs on the trunk's features,
// which are found there or left there for the next run. Otherwise they would be
// used only once: the whole network runs, and nothing is kept. The results are
// the same. Of the sets of feature.Shards the head alone runs.
func Evaluate(ctx context.Context, n *model.Network, data dataset.Examples, opt Options) (m train.Metrics, err error) {
	opt.Train.Validation, opt.Kept = nil, Kept{}
	opt.NoCache = opt.NoCache || opt.CacheDir == "" && feature.KnownOf(data) == nil
	opt.quiet = true // Retrain has said what there is to say of the folder
	h, err := NewHead(ctx, n, data, opt)
	if err != nil {
		return m, err
	}
	defer func() {
		if closeErr := h.Close(); err == nil {
			err = closeErr
		}
	}()
	if opt.NoCache {
		h.progress = opt.Progress
	}
	return h.Evaluate(ctx, h.Data)
}

// Only returns the weights of the named layers, sharing their memory.
func Only(w *model.Weights, layers ...string) *model.Weights {
	only := model.NewWeights()
	for _, name := range w.Names() {
		if slices.Contains(layers, model.LayerOf(name)) {
			only.Set(name, w.Get(name))
		}
	}
	return only
}
