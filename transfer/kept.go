package transfer

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"gonum.org/v1/gonum/floats"
	"gorgonia.org/tensor"
)

// Kept says which outputs of a network stay unchanged while others are trained. The
// zero value keeps none.
type Kept struct {
	Outputs int          // number of leading outputs of the output layer whose weights stay, bit for bit
	Held    *dataset.Set // held-out images of their classes; nil for none
	Unseen  bool         // the network is known never to have been trained on Held
}

// KeptResult reports on the kept outputs.
type KeptResult struct {
	Outputs   int     `json:"outputs"`
	Identical bool    `json:"identical"`    // their weights have not changed by a bit
	Held      int     `json:"held"`         // held-out images of their classes
	Right     int     `json:"right"`        // how many of these were classified correctly before there were new classes
	Lost      int     `json:"lost"`         // how many of the correct ones are now taken for a new class
	Unseen    bool    `json:"unseen"`       // Right and Lost apply to images the network was never trained on: see Grow
	Lowered   float64 `json:"bias_lowered"` // how much the new outputs' biases were lowered
}

// String formats the result for display.
func (r KeptResult) String() string {
	text := fmt.Sprintf("old outputs: %d, bit-identical: %v   ", r.Outputs, r.Identical)
	if r.Held == 0 {
		return text + "no image of their classes was kept aside: not known what they lose"
	}
	text += fmt.Sprintf("of %d images kept aside %d were right, %d of these are taken for a new class now (new biases lowered by %.3g)", r.Held, r.Right, r.Lost, r.Lowered)
	if !r.Unseen {
		text += "\nthe network may have been trained on images kept aside before: of others more may be lost"
	}
	return text
}

const (
	// lostShare is the share of held-out images that may be lost to new classes.
	lostShare = 0.01
	// manyHeld is the number of held-out images from which losses are simply counted:
	// one of them may be lost.
	manyHeld = 199
	// tailPart is the share of images fitted as the tail if there are fewer.
	tailPart = 0.1
)

// check returns an error unless outputs of n can stay unchanged while the selected
// layers are trained.
func (k Kept) check(n *model.Network, selection model.Selection) error {
	if k.Outputs == 0 {
		return nil
	}
	layers, err := selection.Resolve(n.Spec)
	if err != nil {
		return err
	}
	output, err := n.Spec.OutputLayer()
	if err != nil {
		return err
	}
	if !slices.Equal(layers, []string{output.Name}) {
		return errors.Wrapf(model.ErrSelection, "kept outputs: found %s to train, expected %s alone, the last layer: what changes below it would change the old classes too", strings.Join(layers, ", "), output.Name)
	}
	if classes := n.Spec.Classes(); k.Outputs < 0 || k.Outputs >= classes {
		return errors.Wrapf(model.ErrSpec, "kept outputs: found %d, expected from 0 to %d: the network has %d outputs", k.Outputs, classes-1, classes)
	}
	return nil
}

// solver returns a new solver with the same rule that does not change the kept outputs.
func (k Kept) solver(s *train.Solver, net *model.Net) *train.Solver {
	if s = s.New(); s != nil && k.Outputs > 0 {
		s.Kept = map[string]int{net.TrainedLayers()[0]: k.Outputs}
	}
	return s
}

// weights returns a copy of the kept outputs' weights.
func (k Kept) weights(n *model.Network) []float32 {
	if k.Outputs == 0 {
		return nil
	}
	output, err := n.Spec.OutputLayer()
	if err != nil {
		return nil
	}
	var all []float32
	for _, part := range []string{"/W", "/b"} {
		if t := n.Weights.Get(output.Name + part); t != nil {
			all = append(all, slices.Concat(firstOutputs(t, k.Outputs)...)...)
		}
	}
	return all
}

// finishKept checks that the kept outputs have not changed, lowers the biases of the new
// ones as described at Grow, and stores the result.
func (h *Head) finishKept(ctx context.Context, k Kept) error {
	if k.Outputs == 0 {
		return nil
	}
	r := &KeptResult{Outputs: k.Outputs}
	h.Result.Kept = r
	if r.Identical = slices.Equal(h.kept, k.weights(h.network)); !r.Identical {
		return errors.New("the weights of an output that is kept have changed: this is a bug")
	}
	if k.Held == nil {
		return nil
	}
	r.Held = k.Held.Len()
	var unseen []unseenAs
	if !k.Unseen {
		var err error
		if unseen, err = h.imitate(ctx, k); err != nil {
			return err
		}
	}
	r.Unseen = k.Unseen || unseen != nil
	net, err := h.Net.ForEvaluation(evaluationBatch)
	if err != nil {
		return err
	}
	e, err := train.NewEvaluator(net)
	if err != nil {
		return err
	}
	defer e.Close()
	bias := h.network.Weights.Get(h.Net.TrainedLayers()[0] + "/b").Float32s()[k.Outputs:]
	// If a ReLU follows, lowering the biases lowers the logits by less: measure again.
	for round := range 20 {
		margins, err := h.margins(ctx, e, k.Outputs, unseen)
		if err != nil {
			return err
		}
		r.Right, r.Lost = len(margins), 0
		for _, m := range margins {
			if m > 0 {
				r.Lost++
			}
		}
		lower := excess(margins, r.Held)
		if lower <= 0 || round > 0 && r.Lost == 0 {
			break
		}
		lower += 1e-4 * (1 + lower) // more than the rounding error
		for i := range bias {
			bias[i] -= float32(lower)
		}
		r.Lowered += lower
	}
	return nil
}

// excess returns how far the margins must be lowered, with held images held out: see
// Grow.
func excess(margins []float64, held int) float64 {
	if len(margins) == 0 {
		return 0
	}
	slices.SortFunc(margins, func(a, b float64) int { return cmp.Compare(b, a) })
	if held >= manyHeld {
		allowed := int(lostShare*float64(held+1)) - 1
		return margins[min(allowed, len(margins)-1)]
	}
	tail := min(len(margins), max(5, int(tailPart*float64(held))))
	threshold := margins[tail-1]
	mean := floats.Sum(margins[:tail])/float64(tail) - threshold
	return threshold + mean*math.Log(float64(tail)/(lostShare*float64(held)))
}

// margins returns, for each held-out image that the old outputs classify correctly, how
// far the largest new logit is above the correct one. With unseen, both are corrected
// to what they would be for images never seen in training.
func (h *Head) margins(ctx context.Context, e *train.Evaluator, outputs int, unseen []unseenAs) ([]float64, error) {
	classes := h.network.Spec.Classes()
	var margins []float64
	err := e.Each(ctx, h.held, func(first int, logits []float32) {
		for ; len(logits) > 0; logits, first = logits[classes:], first+1 {
			right := logits[h.held.Label(first)]
			if right != slices.Max(logits[:outputs]) || unseen != nil && !unseen[first].right {
				continue
			}
			margin := float64(slices.Max(logits[outputs:classes]) - right)
			if unseen != nil {
				margin += unseen[first].lower
			}
			margins = append(margins, margin)
		}
	})
	return margins, errors.Wrap(err, "images kept aside")
}

// firstOutputs returns the parts of an output layer's tensor that belong to its first
// outputs. They share its memory: one part per row of a dense kernel [in,out], or a
// single part of a convolution's [out,in,h,w] or a bias [out].
func firstOutputs(t *tensor.Dense, outputs int) [][]float32 {
	values, shape := t.Float32s(), t.Shape()
	if len(shape) != 2 {
		return [][]float32{values[:len(values)/shape[0]*outputs]}
	}
	var parts [][]float32
	for i := range shape[0] {
		parts = append(parts, values[i*shape[1]:i*shape[1]+outputs])
	}
	return parts
}
