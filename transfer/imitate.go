package transfer

import (
	"context"
	"math"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/logistic"
	"github.com/pkg/errors"
	"gonum.org/v1/gonum/floats"
)

// A network is more confident on the images it was trained on than on others. If the
// held-out images are among them, as when the training folder has gained classes, the
// old outputs look better on them than they are. The network alone does not show by how
// much. But its old outputs can be imitated by logistic regression on the same
// features, with the weight decay that gives the same loss on the same images. Fitted
// again without the held-out images, the imitation shows how outputs that never saw
// them would respond.

const (
	// imitatedRows is the maximum number of training images per class for an imitation:
	// more take longer and add little.
	imitatedRows = 500
	// imitatedLoss is the factor by which the imitation's loss may differ.
	imitatedLoss = 1.05
	// imitatedDecays is the maximum number of weight decays tried to match that loss.
	imitatedDecays = 12
)

// unseenAs says how outputs that never saw a held-out image would respond to it.
type unseenAs struct {
	lower float64 // how much lower the logit of the correct class is
	right bool    // whether that logit is the largest of the old ones
}

// imitate returns an unseenAs for each held-out image. It returns nil if the old
// outputs cannot be imitated: Exact cannot train the last layer, or the head's input is
// not that layer's.
func (h *Head) imitate(ctx context.Context, k Kept) ([]unseenAs, error) {
	layer, err := h.lastLayer()
	if err != nil {
		return nil, nil
	}
	all := len(layer.bias)
	rows := &oldRows{sets: [2]dataset.Examples{h.Data, h.held}, features: len(layer.kernel) / all, classes: k.Outputs}
	if _, varies := h.Data.(dataset.Varying); varies || k.Outputs < 2 || size(h.held) != rows.features {
		return nil, nil
	}
	taken := make([]int, k.Outputs)
	for set, examples := range rows.sets {
		for i := range examples.Len() {
			label := examples.Label(i)
			if label >= k.Outputs || set == 0 && taken[label] == imitatedRows {
				continue
			}
			taken[label]++
			rows.indices[set] = append(rows.indices[set], i)
		}
	}
	own := oldLayer{nil, layer.bias[:k.Outputs]}
	for i := range rows.features {
		own.kernel = append(own.kernel, layer.kernel[i*all:i*all+k.Outputs]...)
	}
	if len(rows.indices[0]) == 0 {
		return nil, nil
	}
	imitation, decay, err := rows.match(ctx, own)
	if err != nil {
		return nil, errors.Wrap(err, "old outputs, imitated")
	}
	if imitation.kernel == nil {
		return nil, nil
	}
	rows.indices[1] = nil
	unaware, _, err := rows.fit(ctx, decay)
	if err != nil {
		return nil, errors.Wrap(err, "old outputs, imitated without the images kept aside")
	}
	unseen := make([]unseenAs, h.held.Len())
	row := make([]float32, rows.features)
	for i := range unseen {
		if err := dataset.Read(h.held, row, []int{i}); err != nil {
			return nil, errors.Wrap(err, "images kept aside")
		}
		label, a, b := h.held.Label(i), imitation.logits(row), unaware.logits(row)
		unseen[i] = unseenAs{lower: a[label] - b[label], right: b[label] == slices.Max(b)}
	}
	return unseen, nil
}

// size returns the number of values in an example.
func size(data dataset.Examples) int {
	n := 1
	for _, side := range data.ExampleShape() {
		n *= side
	}
	return n
}

// oldRows are features of images of old classes: some training images and the held-out
// ones.
type oldRows struct {
	sets              [2]dataset.Examples
	indices           [2][]int
	features, classes int
}

func (r *oldRows) Len() int { return len(r.indices[0]) + len(r.indices[1]) }

// at returns the set that contains row i, and its index there.
func (r *oldRows) at(i int) (set dataset.Examples, index int) {
	if n := len(r.indices[0]); i >= n {
		return r.sets[1], r.indices[1][i-n]
	}
	return r.sets[0], r.indices[0][i]
}

func (r *oldRows) Label(i int) int {
	set, index := r.at(i)
	return set.Label(index)
}

func (*oldRows) Block(int, int) ([]float32, bool) { return nil, false }

func (r *oldRows) Read(dst []float32, indices []int) error {
	for i, index := range indices {
		set, at := r.at(index)
		if err := dataset.Read(set, dst[i*r.features:(i+1)*r.features], []int{at}); err != nil {
			return err
		}
	}
	return nil
}

// fit returns the layer with the smallest loss for that weight decay, and the loss.
func (r *oldRows) fit(ctx context.Context, decay float64) (oldLayer, float64, error) {
	l := oldLayer{make([]float32, r.features*r.classes), make([]float32, r.classes)}
	found, err := logistic.New(r, r.features, r.classes, logistic.Terms{L2: decay}).Minimise(ctx, l.kernel, l.bias, logistic.Options{Iterations: 300})
	return l, found.Loss, err
}

// match returns the layer that matches own's loss, and its weight decay; an empty layer
// if no weight decay gives that loss. The loss grows with the decay, so this is a bisection on the logarithm of the decay.
func (r *oldRows) match(ctx context.Context, own oldLayer) (l oldLayer, decay float64, err error) {
	want, err := logistic.New(r, r.features, r.classes, logistic.Terms{}).At(own.kernel, own.bias)
	if err != nil {
		return l, 0, err
	}
	low, high := math.Log(1e-9), math.Log(1e3)
	for range imitatedDecays {
		decay = math.Exp((low + high) / 2)
		var loss float64
		if l, loss, err = r.fit(ctx, decay); err != nil {
			return l, decay, err
		}
		switch {
		case loss > want*imitatedLoss:
			high = math.Log(decay)
		case loss < want/imitatedLoss:
			low = math.Log(decay)
		default:
			return l, decay, nil
		}
	}
	return oldLayer{}, 0, nil
}

// oldLayer is an output layer for the old classes only.
type oldLayer struct{ kernel, bias []float32 } // [F,K], [K]

// logits returns the logits of a row minus their mean: the loss does not depend on the
// mean.
func (l oldLayer) logits(row []float32) []float64 {
	k := len(l.bias)
	logits := make([]float64, k)
	for j := range logits {
		logits[j] = float64(l.bias[j])
		for i, v := range row {
			logits[j] += float64(v) * float64(l.kernel[i*k+j])
		}
	}
	floats.AddConst(-floats.Sum(logits)/float64(k), logits)
	return logits
}
