package transfer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"gonum.org/v1/gonum/floats"
	"gorgonia.org/tensor"
)

// Growth is a network that learns new classes beside its own, and the images for
// it.
type Growth struct {
	Network    *model.Network // a copy with outputs for the new classes after its own
	Data, Test *dataset.Set   // labels numbered as its outputs; Data without what Kept holds, Test nil where there is none
	Kept       Kept
	New        []string // the new classes
	Missing    []string // its own classes of which there is no image to train on
}

// Kept is the outputs of a network that stay as they are while others are trained.
// The zero value keeps none.
type Kept struct {
	Outputs int          // the first ones of the output layer: their weights stay, bit for bit
	Held    *dataset.Set // images of their classes that are not trained on; nil for none
}

// KeptResult is what became of the outputs that were kept.
type KeptResult struct {
	Outputs   int     `json:"outputs"`
	Identical bool    `json:"identical"`    // their weights' bytes are what they were
	Held      int     `json:"held"`         // images of their classes that were kept aside
	Right     int     `json:"right"`        // of them, those whose class was found before there were new ones
	Lost      int     `json:"lost"`         // of these, those that are taken for a new class now
	Lowered   float64 `json:"bias_lowered"` // by how much the new outputs' biases were lowered for that
}

// String returns the result for people.
func (r KeptResult) String() string {
	text := fmt.Sprintf("old outputs: %d, bit-identical: %v   ", r.Outputs, r.Identical)
	if r.Held == 0 {
		return text + "no image of their classes was kept aside: not known what they lose"
	}
	return text + fmt.Sprintf("of %d images kept aside %d were right, %d of these are taken for a new class now (new biases lowered by %.3g)", r.Held, r.Right, r.Lost, r.Lowered)
}

const (
	// heldShare is the share of the images of old classes that is kept aside.
	heldShare = 0.2
	// lostShare is the share of these that may be lost to new classes, where there
	// are manyHeld or more: one of as many is allowed then.
	lostShare = 0.01
	manyHeld  = 199
	// tailShare is the share that is aimed at by the tail of fewer, which is what
	// is left of the largest ones of tailPart.
	tailShare = 0.005
	tailPart  = 0.1
)

// ErrOldClasses is the cause of Grow's error where there is no image of the
// network's own classes.
var ErrOldClasses = errors.New("no images of the network's own classes")

// Grow adds to a network the classes of data that it does not know: the output
// layer keeps its rows, bit for bit, and gets fresh ones, drawn from seed, for the
// new classes, after its own. Retrain and Exact with the Growth's Kept train the new
// rows alone:
//
//	g, err := transfer.Grow(n, data, test, seed)
//	result, err := transfer.Exact(ctx, g.Network, g.Data, transfer.ExactOptions{WeightDecay: 1e-3, Kept: g.Kept})
//
// data must have images of the network's own classes too, of as many of them as
// there can be, if few of each: they are what tells the new rows where not to
// answer. Without any, every answer would be a new class: a network of the digits 0 to 4 went
// from 0.999 on them to 0. Since the old rows stay, an image of an old class is
// never taken for another one than before, unless for a new one.
//
// A fifth of the images of old classes is kept aside. When the new rows are trained
// their biases are lowered together, as far as it takes for at most 1% of those to
// be lost: split conformal prediction (Vovk, Gammerman and Shafer 2005; Angelopoulos and
// Bates 2021, https://arxiv.org/abs/2107.07511, section 1), by which further images
// are lost at that rate too. Of fewer than 199 it would be too coarse: the tail of
// their margins is taken as exponential (Davison and Smith 1990, "Models for
// Exceedances over High Thresholds"), and cut at 0.5%. It is paid for by new
// classes: what looks like an old one is given to it. Measured on test images, exact
// head, one draw each:
//
//	network, old and new classes       images   old before  after  new
//	the question's, digits 0-4, 5-9    300      0.999       0.993  0.872
//	                                   2,000    0.999       0.989  0.960
//	                                   10,000   0.999       0.987  0.975
//	MobileNet V1 0.25, 5 signs and 5   400      0.920       0.893  0.293
//
// The last is two of 75 images lost. Trained on all ten signs at once, such a network
// loses more, 7 points: its features do not tell them apart.
func Grow(n *model.Network, data, test *dataset.Set, seed uint64) (*Growth, error) {
	prepared, err := n.Prepare(data)
	if err != nil {
		return nil, err
	}
	if err := n.Check(); err != nil {
		return nil, err
	}
	_, unknown, err := prepared.Numbered(n.Classes)
	if len(unknown) == 0 && err == nil {
		return nil, errors.Wrapf(model.ErrData, "%s: found no new class, expected one beside %s, which the network has", data.Name, dataset.Classes(n.Classes))
	}
	if unknown == nil {
		return nil, err
	}
	g := &Growth{Kept: Kept{Outputs: len(n.Classes)}}
	for i, class := range data.Classes {
		if _, isNew := unknown[class]; isNew && data.Counts()[i] > 0 {
			g.New = append(g.New, class)
		}
	}
	if err != nil {
		return nil, errors.Wrapf(ErrOldClasses, "%s: found images of %s alone; expected some of %s too, a few of each: without them every image would be taken for a new class", data.Name, dataset.Classes(g.New), dataset.Classes(n.Classes))
	}
	if g.Network, err = grown(n, g.New, seed); err != nil {
		return nil, err
	}
	if g.Data, _, err = prepared.Numbered(g.Network.Classes); err != nil {
		return nil, err
	}
	for class, images := range g.Data.Counts()[:g.Kept.Outputs] {
		if images == 0 {
			g.Missing = append(g.Missing, n.Classes[class])
		}
	}
	g.Network.Seen = n.Seen.And(g.Data.Seen())
	rest, held, err := g.Data.SplitFirst(g.Kept.Outputs, heldShare, seed)
	if err == nil { // there is a class with two images
		g.Data, g.Kept.Held = rest, held
	}
	if test != nil {
		if g.Test, _, err = g.Network.Fit(test); err != nil {
			return nil, errors.WithMessage(err, "test images")
		}
	}
	return g, nil
}

// grown returns the network with fresh outputs for further classes.
func grown(n *model.Network, classes []string, seed uint64) (*model.Network, error) {
	output, err := n.Spec.OutputLayer()
	if err != nil {
		return nil, err
	}
	if n.Weights.Get(output.Name+"/b") == nil {
		return nil, errors.Wrapf(model.ErrSpec, "grow: layer %q, the last one, has no bias, expected one to set how readily new classes are given", output.Name)
	}
	spec, err := n.Spec.WithClasses(len(n.Classes) + len(classes))
	if err != nil {
		return nil, err
	}
	w := n.Weights.Clone()
	if err := model.Reinit(spec, w, []string{output.Name}, rand.New(rand.NewPCG(seed, headStream))); err != nil {
		return nil, err
	}
	made := &model.Network{Spec: spec, Weights: w, Classes: slices.Concat(n.Classes, classes), Prep: n.Prep, Seen: n.Seen, Meta: maps.Clone(n.Meta)}
	if err := made.Check(); err != nil {
		return nil, err
	}
	for _, part := range []string{"/W", "/b"} {
		fresh := firstOutputs(w.Get(output.Name+part), len(n.Classes))
		for i, row := range firstOutputs(n.Weights.Get(output.Name+part), len(n.Classes)) {
			copy(fresh[i], row)
		}
	}
	return made, nil
}

// firstOutputs returns the parts of an output layer's tensor that are of its first
// outputs, in its memory: of each row of a dense kernel [in,out], and one part of a
// convolution's [out,in,h,w] or a bias [out].
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

// check returns an error unless outputs of n can stay while those layers are
// trained.
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

// solver returns a new solver of the same rule that leaves the kept outputs alone.
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

// settle makes sure of the outputs that stay as they are, lowers the biases of the
// new ones as Grow says, and notes what came of it.
func (h *Head) settle(ctx context.Context, k Kept) error {
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
	bias := h.network.Weights.Get(h.Net.TrainedLayers()[0] + "/b").Float32s()[k.Outputs:]
	// Where a ReLU follows, lower biases do not lower the logits as much: look again.
	for round := range 20 {
		margins, err := k.margins(ctx, h.network)
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
		lower += 1e-4 * (1 + lower) // beyond rounding
		for i := range bias {
			bias[i] -= float32(lower)
		}
		r.Lowered += lower
	}
	return nil
}

// excess returns how far margins, of so many images kept aside, must be lowered:
// see Grow.
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
	return threshold + mean*math.Log(float64(tail)/(tailShare*float64(held)))
}

// margins returns how far the largest new logit is above that of the right class,
// for each image kept aside that is right among the old classes.
func (k Kept) margins(ctx context.Context, n *model.Network) ([]float64, error) {
	net, err := model.Build(n, model.None(), model.BatchUpTo(evaluationBatch))
	if err != nil {
		return nil, err
	}
	e, err := train.NewEvaluator(net)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	classes := n.Spec.Classes()
	var margins []float64
	err = e.Each(ctx, k.Held, func(first int, logits []float32) {
		for ; len(logits) > 0; logits, first = logits[classes:], first+1 {
			right := logits[k.Held.Label(first)]
			if right == slices.Max(logits[:k.Outputs]) {
				margins = append(margins, float64(slices.Max(logits[k.Outputs:classes])-right))
			}
		}
	})
	return margins, errors.Wrap(err, "images kept aside")
}
