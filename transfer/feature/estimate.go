package feature

import (
	"context"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Estimate is the approximate cost of computing the features of some examples. It is
// zero if nothing is below the cut.
type Estimate struct {
	Bytes   int64   // of all features
	Seconds float64 // of running the trunk
}

// timedExamples is the number of examples that an estimate runs the trunk over.
const timedExamples = 32

// Estimate runs the trunk over the first examples and extrapolates the cost of
// Features.
func (t *Trunk) Estimate(ctx context.Context, data dataset.Examples) (Estimate, error) {
	switch {
	case t == nil:
		return Estimate{}, errors.Wrap(model.ErrNetwork, "estimate: found no trunk, expected one that NewTrunk made")
	case t.empty():
		return Estimate{}, nil
	}
	if err := t.build(); err != nil {
		return Estimate{}, err
	}
	if err := t.evaluator.Net().CheckExamples(data); err != nil {
		return Estimate{}, errors.Wrap(err, "estimate")
	}
	few := span{data, 0, min(timedExamples, data.Len())}
	var e Estimate
	for range 2 { // the first run allocates the buffers
		start := time.Now()
		features, err := t.Features(ctx, few, Options{})
		if err != nil {
			return Estimate{}, err
		}
		e.Seconds = time.Since(start).Seconds() / float64(few.n) * float64(data.Len())
		e.Bytes = 4 * int64(sizeOf(features.ExampleShape())) * int64(data.Len())
		if err := features.Close(); err != nil {
			return Estimate{}, err
		}
	}
	return e, nil
}

// EstimateOf is Estimate for the trunk below the selected layers.
func EstimateOf(ctx context.Context, n *model.Network, selection model.Selection, data dataset.Examples) (Estimate, error) {
	t, err := NewTrunk(n, selection)
	if err != nil {
		return Estimate{}, err
	}
	defer t.Close()
	return t.Estimate(ctx, data)
}
