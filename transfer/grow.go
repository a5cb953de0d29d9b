package transfer

import (
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Growth is a network that can learn new classes in addition to its own, with the
// images to train and test it on.
type Growth struct {
	Network    *model.Network // a copy, with outputs for the new classes after the old ones
	Data, Test *dataset.Set   // labels numbered as the outputs; Data excludes Kept.Held; Test is nil if there are no test images
	Kept       Kept
	New        []string // the new classes
	Missing    []string // old classes without images to train on
}

// heldShare is the share of the old classes' images that is held out.
const heldShare = 0.2

// ErrOldClasses is the cause of Grow's error if data has no images of the network's own
// classes.
var ErrOldClasses = errors.New("no images of the network's own classes")

// Grow adds the classes of data that a network does not know. The output layer keeps
// its rows, bit for bit, and gets new rows after them, initialised from seed. Retrain
// and Exact with the Growth's Kept train only the new rows:
//
//	g, err := transfer.Grow(n, data, test, seed)
//	result, err := transfer.Exact(ctx, g.Network, g.Data, transfer.ExactOptions{WeightDecay: 1e-3, Kept: g.Kept})
//
// data must also have images of the network's own classes: as many of these classes as
// possible, even if only a few images of each. They teach the new rows where not to
// respond. Without them every answer would be a new class: the accuracy of a network
// for the digits 0 to 4 fell on these digits from 0.999 to 0. Since the old rows stay,
// an image of an old class is never mistaken for a different old class than before,
// only for a new one.
//
// A fifth of the images of old classes is held out. After training, the biases of the
// new rows are lowered together until at most 1% of the held-out images are lost to new
// classes. This is split conformal prediction (Vovk, Gammerman and Shafer 2005;
// Angelopoulos and Bates 2021, https://arxiv.org/abs/2107.07511, section 1), which
// bounds the expected loss on further images by the same rate. Fewer than 199 images
// are too few for that: then an exponential tail is fitted to their margins (Davison
// and Smith 1990, "Models for Exceedances over High Thresholds").
//
// The bound holds for images the network was not trained on. If it may have been
// trained on them, its old outputs are imitated without these images, to estimate how
// much less confident it is on unseen ones: see imitate.go. That needs features and a
// last layer that Exact can train. KeptResult.Unseen says whether it was done.
//
// The price is paid by the new classes: an image that looks like an old class is
// assigned to it. Measured on test images with the exact head; the signs folder is the
// one the networks were trained on:
//
//	network, old and new classes       images   old before  after  new
//	the question's, digits 0-4, 5-9    300      0.999       0.995  0.861
//	                                   2,000    0.999       0.992  0.951
//	                                   10,000   0.999       0.991  0.971
//	MobileNet V1 0.25, 5 signs and 5   400      0.903       0.880  0.430
//	MobileNet V2, 5 signs and 5        400      0.913       0.910  0.637
//
// Signs are means over four choices of the five old classes, on 300 test images.
// Without the imitation 1.8 and 4.2 points of accuracy were lost on them, and up to 8
// in one case.
func Grow(n *model.Network, data, test *dataset.Set, seed uint64) (growth *Growth, err error) {
	defer dataset.CatchUnreadable(&err)
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
	if err == nil { // at least one class has two images
		g.Data, g.Kept.Held = rest, held
		used, _ := n.Seen.In(held)
		g.Kept.Unseen = n.Seen.Complete && used == 0
	}
	if test != nil {
		if g.Test, _, err = g.Network.Fit(test); err != nil {
			return nil, errors.WithMessage(err, "test images")
		}
	}
	return g, nil
}

// grown returns the network with new outputs for further classes.
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
