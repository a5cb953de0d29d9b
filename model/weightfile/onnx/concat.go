package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

func init() {
	register(map[string]reading{
		"Concat": (*reader).concat,
	}, map[string]writing{
		"concat": writeConcat,
	})
}

// concat joins layers along their channels.
func (r *reader) concat(n *operator, in []*value) ([]*value, error) {
	var list []*value
	for i := range in {
		v, err := layerInput(in, i)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	first := list[0]
	k, err := imageAxis(n.whole("axis", 1), first)
	if err != nil {
		return nil, err
	}
	if len(first.shape) == 1 {
		for i, v := range list {
			if list[i], err = r.vector(v); err != nil {
				return nil, err
			}
		}
		return r.concatenated(n, list)
	}
	whole := slices.Equal(first.dims, first.base) && slices.Equal(first.shape, first.seen()) && len(first.base) == 3
	for i, v := range list {
		if whole && slices.Equal(v.perm, first.perm) && slices.Equal(v.dims, v.base) && slices.Equal(v.shape, v.seen()) {
			continue
		}
		if list[i], err = r.image(v); err != nil {
			return nil, err
		}
		whole = whole && slices.IsSorted(first.perm)
	}
	if !whole {
		if first, err = r.image(first); err != nil {
			return nil, err
		}
	}
	if whole && first.perm[k] != 0 || !whole && k != 0 {
		return nil, unsupported("found axis %d of inputs as %v, expected their channels", k+1, first.shape)
	}
	for _, v := range list {
		if len(v.shape) != len(first.shape) {
			return nil, damaged("found inputs of shapes %v and %v for each image", first.shape, v.shape)
		}
		for i, side := range v.shape {
			if i != k && side != first.shape[i] {
				return nil, damaged("found inputs of shapes %v and %v for each image", first.shape, v.shape)
			}
		}
	}
	out, err := r.concatenated(n, list)
	if err != nil || !whole {
		if err == nil {
			out = window{}.seen(out[0], first)
		}
		return out, err
	}
	seen := *first
	seen.layer, seen.base, seen.dims, seen.alone = out[0].layer, out[0].base, out[0].base, true
	seen.shape = seen.seen()
	return []*value{&seen}, nil
}

// concatenated adds the layer; of one input alone there is nothing to join.
func (r *reader) concatenated(n *operator, list []*value) ([]*value, error) {
	if len(list) == 1 {
		return list, nil
	}
	out, err := r.layer(r.nameFor(n, ""), model.Concat{}, list...)
	return []*value{out}, err
}

func writeConcat(w *writer, l model.Layer, in []array) { w.add("Concat", l, in, whole("axis", 1)) }
