package transfer

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Names of the layers that HeadOn adds.
const (
	headPool    = "head.pool"
	headFlatten = "head.flatten"
	headDense   = "head.fc"
)

// HeadOn returns a network that ends in a fresh dense layer on the output of a
// layer of n: images [C,H,W] are averaged over their pixels first, unless flat
// says to take every pixel as a feature. Layers that the named one does not
// depend on are left out; the others keep copies of their weights. It is how a
// network is used whose own last layers are of no use: those that detect, or
// cannot be read.
func HeadOn(n *model.Network, layer string, flat bool, classes []string, seed uint64) (*model.Network, error) {
	if n == nil {
		return nil, errors.Wrap(model.ErrNetwork, "head: found no network")
	}
	if len(classes) < 2 {
		return nil, errors.Wrapf(model.ErrSpec, "head: found %d classes, expected 2 or more: with one every answer is right", len(classes))
	}
	shapes, err := n.Spec.Shapes()
	if err != nil {
		return nil, err
	}
	at, err := position(n.Spec, layer)
	if err != nil {
		return nil, err
	}
	spec := model.Spec{Input: slices.Clone(n.Spec.Input), Layers: needed(n.Spec, at)}
	if len(shapes[at]) == 3 {
		if !flat {
			spec.Layers = append(spec.Layers, model.Layer{Name: headPool, Kind: model.GlobalAveragePool{}})
		}
		spec.Layers = append(spec.Layers, model.Layer{Name: headFlatten, Kind: model.Flatten{}})
	}
	spec.Layers = append(spec.Layers, model.Layer{Name: headDense, Kind: model.Dense{Out: len(classes)}})
	kept, err := onto(n, spec)
	if err != nil {
		return nil, err
	}
	kept.Classes = slices.Clone(classes)
	fresh, err := model.Init(spec, rand.New(rand.NewPCG(seed, headStream)))
	if err != nil {
		return nil, err
	}
	for _, name := range fresh.Names() {
		if model.LayerOf(name) == headDense {
			kept.Weights.Set(name, fresh.Get(name))
		}
	}
	return kept, kept.Check()
}

// needed returns the layers that layer at depends on, and it, in their order. Each
// names what it takes: the layer before may be gone.
func needed(spec model.Spec, at int) []model.Layer {
	wanted := map[string]bool{spec.Layers[at].Name: true}
	for i := at; i >= 0; i-- {
		if wanted[spec.Layers[i].Name] {
			for _, in := range spec.InputsOf(i) {
				wanted[in] = true
			}
		}
	}
	var layers []model.Layer
	for i, l := range spec.Layers[:at+1] {
		if wanted[l.Name] {
			l.Inputs = spec.InputsOf(i)
			layers = append(layers, l)
		}
	}
	return layers
}

// layerNames lists the layers for an error, shortened where there are many.
func layerNames(spec model.Spec) string {
	const most = 40
	var names []string
	for _, l := range spec.Layers {
		names = append(names, l.Name)
	}
	if len(names) > most {
		names = slices.Concat(names[:most/2], []string{"…"}, names[len(names)-most/2:])
	}
	return strings.Join(names, ", ")
}
