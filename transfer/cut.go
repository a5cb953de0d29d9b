package transfer

import (
	"context"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// cut is a network cut below its lowest trained layer: what is left to train
// on.
type cut struct {
	at         int // index of the lowest layer of the head
	data       *Features
	validation *Features // nil where there is none
}

// cutBelow runs the trunk over the training and the validation examples.
func cutBelow(ctx context.Context, spec model.Spec, w *model.Weights, data dataset.Examples, opt Options) (*cut, error) {
	trunk, err := NewTrunk(spec, w, opt.Select)
	if err != nil {
		return nil, err
	}
	defer trunk.Close()
	features := FeatureOptions{opt.CacheMemory, opt.CacheDir, opt.Warn, opt.Progress}
	if features.CacheMemory, err = memoryBound(opt.CacheMemory); err != nil {
		return nil, err
	}
	c := &cut{at: trunk.Cut()}
	if c.data, err = trunk.Features(ctx, data, features); err != nil {
		return nil, err
	}
	if opt.Train.Validation == nil {
		return c, nil
	}
	features.Progress = nil
	features.CacheMemory = max(1, features.CacheMemory-c.data.inMemory())
	if c.validation, err = trunk.Features(ctx, opt.Train.Validation, features); err != nil {
		_ = c.data.Close() // the error that is returned came first
		return nil, err
	}
	return c, nil
}

// Close closes the features.
func (c *cut) Close() error {
	err := c.data.Close()
	if c.validation != nil {
		if closeErr := c.validation.Close(); err == nil {
			err = closeErr
		}
	}
	return err
}

// evaluationBatch is how many examples Evaluate runs at a time.
const evaluationBatch = 250

// Evaluate runs the network that Retrain made, with the same options, over
// labelled examples. With a CacheDir the head runs on the trunk's features,
// which are found there or left there for the next run. Otherwise they would be
// used only once: the whole network runs, and nothing is kept. The results are
// the same.
func Evaluate(ctx context.Context, spec model.Spec, w *model.Weights, data dataset.Examples, opt Options) (m train.Metrics, err error) {
	from := 0
	if opt.CacheDir != "" && !opt.NoCache {
		opt.Train.Validation = nil
		c, err := cutBelow(ctx, spec, w, data, opt)
		if err != nil {
			return m, err
		}
		defer func() {
			if closeErr := c.Close(); err == nil {
				err = closeErr
			}
		}()
		from, data = c.at, c.data
	}
	net, err := model.Build(spec, w, model.None(), model.Batch(evaluationBatch), model.Layers(from, len(spec.Layers)))
	if err != nil {
		return m, err
	}
	e := train.NewEvaluator(net)
	defer e.Close()
	return e.Evaluate(ctx, data)
}
