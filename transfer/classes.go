package transfer

import (
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// headStream keeps the random numbers of a new head apart from all others
// drawn from the same seed.
const headStream = 0x4ead

// ErrFrozenRandom is the cause of errors about layers of random weights that
// would be frozen: nothing could be learnt above them.
var ErrFrozenRandom = errors.New("a layer with random weights cannot be frozen")

// WithClasses returns the network for other classes: its output layer has one
// output for each, drawn afresh from seed, as are layers that have no weights in
// n. Everything else is a copy of n's. Whatever is drawn must be among the
// layers that trained selects: otherwise the error's cause is ErrFrozenRandom.
func WithClasses(n *model.Network, classes []string, trained model.Selection, seed uint64) (*model.Network, error) {
	if n == nil {
		return nil, errors.Wrap(model.ErrNetwork, "with classes: found no network")
	}
	if len(classes) < 2 {
		return nil, errors.Wrapf(model.ErrSpec, "with classes: found %d classes, expected 2 or more: with one every answer is right", len(classes))
	}
	spec, err := n.Spec.WithClasses(len(classes))
	if err != nil {
		return nil, err
	}
	output, err := spec.OutputLayer()
	if err != nil {
		return nil, err
	}
	want, err := spec.Parameters()
	if err != nil {
		return nil, err
	}
	layers, err := trained.Resolve(spec)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(layers, output.Name) {
		return nil, errors.Wrapf(ErrFrozenRandom, "layer %q, the last one, is made new for the classes and must be trained", output.Name)
	}
	fresh := []string{output.Name}
	w := model.NewWeights()
	for _, p := range want {
		t := n.Weights.Get(p.Name)
		switch {
		case t != nil && p.Layer != output.Name:
			w.SetValues(p.Name, t.Shape(), append([]float32(nil), t.Float32s()...))
			continue
		case !slices.Contains(layers, p.Layer):
			return nil, errors.Wrapf(ErrFrozenRandom, "found no %s: layer %q must be trained too", p.Name, p.Layer)
		}
		fresh = append(fresh, p.Layer)
		w.SetValues(p.Name, p.Shape, make([]float32, tensor.Shape(p.Shape).TotalSize()))
	}
	rng := rand.New(rand.NewPCG(seed, headStream))
	if err := model.Reinit(spec, w, fresh, rng); err != nil {
		return nil, err
	}
	made := &model.Network{Spec: spec, Weights: w, Classes: slices.Clone(classes), Prep: n.Prep, Seen: n.Seen, Meta: maps.Clone(n.Meta)}
	return made, made.Check()
}
