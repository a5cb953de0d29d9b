package onnx

import (
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// add takes one node: computes it, where its inputs are constants, or adds its
// layers.
func (r *reader) add(n *operator) error {
	in := make([]*value, len(n.inputs))
	var known []*constant
	for i, name := range n.inputs {
		if name == "" {
			known = append(known, nil)
			continue
		}
		v, err := r.value(name)
		if err != nil {
			return errors.WithMessagef(err, "node %.100q (%.40s)", n.where(), n.kind)
		}
		if in[i] = v; v.constant != nil {
			known = append(known, v.constant)
		} else if r.readers[name] > 1 {
			shared := *v
			shared.alone = false
			in[i] = &shared
		}
	}
	out, err := r.apply(n, in, known)
	if err != nil {
		return r.refuse(n, in, err)
	}
	if len(out) > len(n.outputs) {
		out = out[:len(n.outputs)]
	}
	for i, v := range out {
		if v.constant != nil {
			if _, err := sides(int64s(v.constant.shape)); err != nil {
				return errors.WithMessagef(err, "node %.100q (%.40s)", n.where(), n.kind)
			}
		}
		r.values[n.outputs[i]] = v
	}
	return nil
}

func (r *reader) apply(n *operator, in []*value, known []*constant) ([]*value, error) {
	layer, isLayer := layers[n.kind]
	fold, isFold := folds[n.kind]
	if !defaultDomain(n.domain) || !isLayer && !isFold {
		return nil, missing(n)
	}
	if len(known) < len(in) {
		if !isLayer {
			return nil, missing(n)
		}
		if i := slices.IndexFunc(in, func(v *value) bool { return v != nil && v.softmax }); i >= 0 && !slices.Contains(viewsOnly, n.kind) {
			return nil, unsupported("found it behind a Softmax, expected Softmax at the end only")
		}
		return layer(r, n, in)
	}
	if !isFold {
		return nil, unsupported("found no image among its inputs")
	}
	constants, err := fold(r, n, known)
	out := make([]*value, len(constants))
	for i, c := range constants {
		out[i] = &value{constant: c}
	}
	return out, err
}

// missing returns the error about an operator that is not supported.
func missing(n *operator) error {
	name := n.kind
	if !defaultDomain(n.domain) {
		name = n.domain + "." + n.kind
	}
	return unsupported("found operator %.60q, supported are %s", name, strings.Join(supported(), ", "))
}

// value returns what a name stands for.
func (r *reader) value(name string) (*value, error) {
	if v := r.values[name]; v != nil {
		return v, nil
	}
	if err := r.failed[name]; err != nil {
		return nil, err
	}
	t := r.file.initializers[name]
	if t == nil {
		return nil, damaged("found the input %.100q, expected the name of an earlier value", name)
	}
	c, err := t.constant(&r.budget, r.folder)
	if err != nil {
		return nil, err
	}
	r.values[name] = &value{constant: c}
	return r.values[name], nil
}

// layer adds a layer that takes those values' layers, and returns its output.
func (r *reader) layer(name string, kind model.Kind, in ...*value) (*value, error) {
	l := model.Layer{Name: name, Kind: kind}
	for _, v := range in {
		l.Inputs = append(l.Inputs, v.layer)
	}
	shape, err := outputShape(kind, in)
	if err != nil {
		return nil, err
	}
	r.spec.Layers = append(r.spec.Layers, l)
	r.shapes[name] = shape
	return layerValue(name, shape), nil
}

// outputShape returns the shape of what a layer of that kind makes of them.
func outputShape(kind model.Kind, in []*value) ([]int, error) {
	switch kind.(type) {
	case model.Add, model.Multiply:
		return broadcast(in[0].base, in[1].base)
	case model.Concat:
		shape := slices.Clone(in[0].base)
		for _, v := range in[1:] {
			shape[0] += v.base[0]
		}
		return shape, nil
	}
	alone := model.Spec{Input: in[0].base, Layers: []model.Layer{{Name: "it", Kind: kind}, {Name: "flat", Kind: model.Flatten{}}}}
	shapes, err := alone.Shapes()
	if err != nil {
		return nil, errors.Wrap(model.ErrSpec, strings.TrimSuffix(strings.TrimPrefix(err.Error(), `layer "it" `), ": "+model.ErrSpec.Error()))
	}
	return shapes[0], nil
}

// set gives a layer one of its weights. Two layers never share their numbers.
func (r *reader) set(layer, part string, shape []int, c *constant) error {
	if !c.dtype.isFloat() || product(shape) != c.size() {
		return damaged("found weights of shape %v and data type %d, expected floating-point numbers of shape %v", c.shape, c.dtype, shape)
	}
	values := c.floats
	if c.uniform || r.given[c] {
		if err := r.budget.take(c.size()); err != nil {
			return err
		}
		values = make([]float32, c.size())
		for i := range values {
			values[i] = c.at(i)
		}
	}
	r.given[c] = true
	r.weights.SetValues(layer+"/"+part, shape, values)
	return nil
}
