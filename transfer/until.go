package transfer

import (
	"maps"
	"slices"
	"strconv"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Until returns the part of n that ends with a layer, its output flattened: a
// network that gives features, numbered from 0 where n has classes. The error's
// cause is model.ErrSelection where there is no such layer.
func Until(n *model.Network, layer string) (*model.Network, error) {
	if n == nil {
		return nil, errors.Wrap(model.ErrNetwork, "until: found no network")
	}
	at, err := position(n.Spec, layer)
	if err != nil {
		return nil, err
	}
	shapes, err := n.Spec.Shapes()
	if err != nil {
		return nil, err
	}
	spec := model.Spec{Input: slices.Clone(n.Spec.Input), Layers: needed(n.Spec, at)}
	if len(shapes[at]) == 3 {
		spec.Layers = append(spec.Layers, model.Layer{Name: headFlatten, Kind: model.Flatten{}})
	}
	part, err := onto(n, spec)
	if err != nil {
		return nil, err
	}
	part.Classes = nil
	for i := range spec.Classes() {
		part.Classes = append(part.Classes, strconv.Itoa(i))
	}
	return part, part.Check()
}

// position returns which layer of spec has that name.
func position(spec model.Spec, layer string) (int, error) {
	at := slices.IndexFunc(spec.Layers, func(l model.Layer) bool { return l.Name == layer })
	if at < 0 {
		return 0, errors.Wrapf(model.ErrSelection, "found no layer %.100q to cut at; there are: %s", layer, layerNames(spec))
	}
	return at, nil
}

// onto returns n with the layers of spec, and copies of the weights that n has for
// them.
func onto(n *model.Network, spec model.Spec) (*model.Network, error) {
	parameters, err := spec.Parameters()
	if err != nil {
		return nil, err
	}
	part := *n
	part.Spec, part.Weights, part.Meta = spec, model.NewWeights(), maps.Clone(n.Meta)
	for _, p := range parameters {
		if t := n.Weights.Get(p.Name); t != nil {
			part.Weights.SetValues(p.Name, t.Shape(), slices.Clone(t.Float32s()))
		}
	}
	return &part, nil
}
