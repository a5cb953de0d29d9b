package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

func init() {
	register(map[string]reading{
		"Split":  (*reader).split,
		"Slice":  (*reader).slice,
		"Gather": (*reader).gather,
	}, map[string]writing{
		"slice":          writeSlice,
		"channelshuffle": writeShuffle,
	})
}

func (r *reader) split(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	k, err := imageAxis(n.whole("axis", 0), v)
	if err != nil {
		return nil, err
	}
	parts, err := splitting(n, constants(in), v.shape[k])
	if err != nil {
		return nil, err
	}
	var out []*value
	at := 0
	for _, size := range parts {
		part, err := r.part(n, v, k, at, at+size)
		if err != nil {
			return nil, err
		}
		out, at = append(out, part), at+size
	}
	return out, nil
}

func (r *reader) slice(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	const images = maxSide
	cuts, err := slicing(n, constants(in), append([]int{images}, v.shape...))
	if err != nil {
		return nil, err
	}
	for _, c := range cuts {
		switch {
		case c.axis == 0 && c.from == 0 && c.step == 1 && c.count == images:
		case c.axis == 0 || c.step != 1 || c.count == 0:
			return nil, unsupported("found a slice of axis %d from %d, step %d, expected channels that stand together", c.axis, c.from, c.step)
		default:
			if v, err = r.part(n, v, c.axis-1, c.from, c.from+c.count); err != nil {
				return nil, err
			}
		}
	}
	return []*value{v}, nil
}

// gather reads one channel, or some that stand together.
func (r *reader) gather(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	k, err := imageAxis(n.whole("axis", 0), v)
	if err != nil {
		return nil, err
	}
	index, err := weightInput(in, 1, false)
	if err != nil {
		return nil, err
	}
	list, err := index.numbers()
	if err != nil {
		return nil, err
	}
	places, err := axes(list, v.shape[k])
	if err != nil || len(places) == 0 || len(index.shape) > 1 {
		return nil, unsupported("found indices of shape %v, expected a channel, or a list of them", index.shape)
	}
	for i, p := range places {
		if p != places[0]+i {
			return nil, unsupported("found indices %v, expected channels that stand together", places)
		}
	}
	out, err := r.part(n, v, k, places[0], places[0]+len(places))
	if err == nil && len(index.shape) == 0 {
		if out.shape[k] != 1 {
			return nil, damaged("found %d channels, expected 1", out.shape[k])
		}
		out = out.reshape(slices.Delete(slices.Clone(out.shape), k, k+1))
	}
	return []*value{out}, err
}

// part takes channels from up to, not including, to.
func (r *reader) part(n *operator, v *value, k, from, to int) (*value, error) {
	if from == 0 && to == v.shape[k] {
		return v, nil
	}
	if len(v.shape) == 1 {
		var err error
		if v, err = r.vector(v); err != nil {
			return nil, err
		}
	}
	if !v.isChannels(k) {
		return nil, unsupported("found axis %d of images as %v, expected their channels", k+1, v.shape)
	}
	out, err := r.layer(r.nameFor(n, ""), model.Slice{From: from, To: to}, v)
	if err != nil {
		return nil, err
	}
	if slices.Equal(v.dims, v.base) && slices.Equal(v.shape, v.seen()) {
		seen := *v
		seen.layer, seen.base, seen.dims, seen.alone = out.layer, out.base, out.base, true
		seen.shape = seen.seen()
		return &seen, nil
	}
	if !v.rowMajor() {
		return nil, unsupported("found images with their axes in another order, %v", v.shape)
	}
	shape := slices.Clone(v.shape)
	shape[k] = to - from
	return out.reshape(shape), nil
}

func writeSlice(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.Slice)
	w.add("Slice", l, in).weights = []string{w.numbers(l, "from", k.From), w.numbers(l, "to", k.To), w.numbers(l, "axis", 1)}
}

// writeShuffle writes the table of channels, its transposition, and the list
// again.
func writeShuffle(w *writer, l model.Layer, in []array) {
	g, s := l.Kind.(model.ChannelShuffle).Groups, in[0].shape
	table := w.step("Reshape", l, "table", []string{in[0].name, w.numbers(l, "rows", 0, g, s[0]/g, s[1], s[2])})
	turned := w.step("Transpose", l, "turned", []string{table}, ints("perm", []int{0, 2, 1, 3, 4}))
	w.addAs("Reshape", l.Name+"/out", []string{turned, w.numbers(l, "shape", 0, s[0], s[1], s[2])})
}
