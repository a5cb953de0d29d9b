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

// A network is surer of the images it was trained on than of others. Where the images
// kept aside are such, as they are when the folder it was trained on has got more
// classes, old outputs look better on them than they are. The network alone does not
// tell by how much. But its old outputs can be imitated: by logistic regression on
// the same features, with the weight decay that leaves it the same loss on the same
// images. Fitted once more without those kept aside, it tells what outputs that never
// saw them would say.

const (
	// imitatedRows is how many trained images of a class an imitation is fitted to,
	// at most: more take longer and tell little more.
	imitatedRows = 500
	// imitatedLoss is the factor by which its loss may differ.
	imitatedLoss = 1.05
	// imitatedDecays is how many weight decays are tried, at most, to find that loss.
	imitatedDecays = 12
)

// unseenAs is what outputs that never saw an image kept aside would do with it.
type unseenAs struct {
	lower float64 // by how much the logit of the right class is lower
	right bool    // whether it is the largest of the old ones
}

// imitate returns that for each image kept aside; nil where the old outputs cannot be
// imitated: the last layer is none of Exact's, or the head does not run on its input.
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
	alike, decay, err := rows.alike(ctx, own)
	if err != nil {
		return nil, errors.Wrap(err, "old outputs, imitated")
	}
	rows.indices[1] = nil
	unaware, _, err := rows.fit(ctx, decay)
	if err != nil {
		return nil, errors.Wrap(err, "old outputs, imitated without the images kept aside")
	}
	unseen := make([]unseenAs, h.held.Len())
	row := make([]float32, rows.features)
	for i := range unseen {
		h.held.Gather(row, []int{i})
		label, a, b := h.held.Label(i), alike.logits(row), unaware.logits(row)
		unseen[i] = unseenAs{lower: a[label] - b[label], right: b[label] == slices.Max(b)}
	}
	return unseen, nil
}

// size returns the numbers of an example.
func size(data dataset.Examples) int {
	n := 1
	for _, side := range data.ExampleShape() {
		n *= side
	}
	return n
}

// oldRows are the features of images of old classes: of some that are trained on, and
// of those kept aside.
type oldRows struct {
	sets              [2]dataset.Examples
	indices           [2][]int
	features, classes int
}

func (r *oldRows) Len() int { return len(r.indices[0]) + len(r.indices[1]) }

// at returns which set row i is of, and where it stands there.
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

func (r *oldRows) Gather(dst []float32, indices []int) {
	for i, index := range indices {
		set, at := r.at(index)
		set.Gather(dst[i*r.features:(i+1)*r.features], []int{at})
	}
}

// fit returns the layer of least loss with that weight decay, and its loss.
func (r *oldRows) fit(ctx context.Context, decay float64) (oldLayer, float64, error) {
	l := oldLayer{make([]float32, r.features*r.classes), make([]float32, r.classes)}
	found, err := logistic.New(r, r.features, r.classes, logistic.Terms{L2: decay}).Minimise(ctx, l.kernel, l.bias, logistic.Options{Iterations: 300})
	return l, found.Loss, err
}

// alike returns the layer with the weight decay that has own's loss, and that decay.
// The loss grows with the decay: its logarithm is halved.
func (r *oldRows) alike(ctx context.Context, own oldLayer) (l oldLayer, decay float64, err error) {
	want := logistic.New(r, r.features, r.classes, logistic.Terms{}).At(own.kernel, own.bias)
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
	return l, decay, nil
}

// oldLayer is an output layer for the old classes alone.
type oldLayer struct{ kernel, bias []float32 } // [F,K], [K]

// logits returns those of a row, around their mean: the loss says nothing of the mean.
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
