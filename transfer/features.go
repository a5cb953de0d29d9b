package transfer

import (
	"context"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// Features is what the frozen trunk makes of labelled examples: one row of
// float32 each, in one contiguous matrix. It is dataset.Examples for the head.
type Features struct {
	shape  []int // of one row: [C,H,W] or [F]
	size   int   // numbers of one row
	values []float32
	labels []int
}

// Len returns the number of examples.
func (f *Features) Len() int { return len(f.labels) }

// ExampleShape returns the shape of one row, [C,H,W] or [F].
func (f *Features) ExampleShape() []int { return append([]int(nil), f.shape...) }

// Label returns the class of example i.
func (f *Features) Label(i int) int { return f.labels[i] }

// Row returns the features of example i. They belong to f.
func (f *Features) Row(i int) []float32 { return f.values[i*f.size : (i+1)*f.size] }

// Gather copies the rows with these indices to dst.
func (f *Features) Gather(dst []float32, indices []int) {
	for i, index := range indices {
		copy(dst[i*f.size:(i+1)*f.size], f.Row(index))
	}
}

// Trunk is the frozen part of a network: the layers below the cut, all
// constants, run forward only and as in evaluation.
type Trunk struct {
	cut       int
	evaluator *train.Evaluator // nil when nothing is below the cut
}

// trunkBatch is how many examples the trunk runs at a time.
const trunkBatch = 250

// NewTrunk returns the trunk of the network when selection is trained. It is
// empty, and Features hands examples through, when the lowest layer is
// trained.
func NewTrunk(spec model.Spec, w *model.Weights, selection model.Selection) (*Trunk, error) {
	trained, err := selection.Resolve(spec)
	if err != nil {
		return nil, err
	}
	t := &Trunk{cut: spec.Cut(trained)}
	if t.cut == 0 {
		return t, nil
	}
	net, err := model.Build(spec, w, model.None(), model.Batch(trunkBatch), model.Layers(0, t.cut))
	if err != nil {
		return nil, errors.Wrap(err, "build the frozen trunk")
	}
	t.evaluator = train.NewEvaluator(net)
	return t, nil
}

// Cut returns the index of the lowest layer that is not in the trunk.
func (t *Trunk) Cut() int { return t.cut }

// Features runs the trunk once over all examples and returns what comes out.
// progress, if not nil, is told how many examples are done. Cached features
// are of the examples as they are: do not use them with random augmentation.
func (t *Trunk) Features(ctx context.Context, data dataset.Examples, progress func(done, of int)) (dataset.Examples, error) {
	if t.evaluator == nil {
		return data, nil
	}
	shape := t.evaluator.Net().Logits().Shape()[1:]
	f := &Features{shape: shape, size: shape.TotalSize(), labels: make([]int, data.Len())}
	f.values = make([]float32, data.Len()*f.size)
	for i := range f.labels {
		f.labels[i] = data.Label(i)
	}
	err := t.evaluator.Each(ctx, data, func(first int, rows []float32) {
		copy(f.values[first*f.size:], rows)
		if progress != nil {
			progress(first+len(rows)/f.size, data.Len())
		}
	})
	return f, errors.Wrap(err, "run the frozen trunk")
}
