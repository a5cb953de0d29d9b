package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

func init() {
	register(map[string]reading{
		"Pad": (*reader).pad,
	}, map[string]writing{
		"pad": writePad,
	})
}

func (r *reader) pad(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	pads, err := option(n, "pads", constants(in), 1)
	if err != nil {
		return nil, err
	}
	along := upTo(len(v.shape) + 1)
	if len(in) > 3 && in[3] != nil {
		list, err := option(n, "axes", constants(in), 3)
		if err != nil {
			return nil, err
		}
		if along, err = axes(list, len(v.shape)+1); err != nil {
			return nil, err
		}
	}
	if len(pads) != 2*len(along) {
		return nil, damaged("pads: found %d numbers, expected %d", len(pads), 2*len(along))
	}
	kind := model.Pad{Mode: n.attributes["mode"].text, Value: n.number("value", 0)}
	if kind.Mode == "constant" {
		kind.Mode = ""
	}
	if c := append(constants(in), nil, nil, nil)[2]; c != nil {
		if c.size() != 1 || !c.dtype.isFloat() {
			return nil, damaged("found a value of shape %v, expected one number", c.shape)
		}
		kind.Value = decimal(c.at(0))
	}
	covers, ok := v.covers()
	around := make([]int, 4) // top, left, bottom, right
	for i, k := range along {
		before, after := pads[i], pads[len(along)+i]
		if before == 0 && after == 0 {
			continue
		}
		if k == 0 || !ok || len(covers[k-1]) != 1 || covers[k-1][0] == 0 || before < 0 || after < 0 || max(before, after) > maxSide || len(v.base) != 3 {
			return nil, unsupported("found pads %v of an input of %v, expected rows and columns around each channel", pads, v.shape)
		}
		around[covers[k-1][0]-1], around[covers[k-1][0]+1] = int(before), int(after)
	}
	if slices.Max(around) == 0 {
		return same(r, n, in)
	}
	kind.Pad = sidesOf(around)
	out, err := r.layer(r.nameFor(n, ""), kind, v)
	if err != nil {
		return nil, err
	}
	seen := *v
	seen.layer, seen.base, seen.alone = out.layer, out.base, true
	if !slices.Equal(v.dims, v.base) || !slices.Equal(v.shape, v.seen()) {
		if len(v.shape) != 2 || !v.rowMajor() || v.base[2] != 1 || out.base[2] != 1 {
			return nil, unsupported("found an input seen as %v of layer %q, which gives %v", v.shape, v.layer, v.base)
		}
		return window{}.seen(out, v), nil
	}
	seen.dims = out.base
	seen.shape = seen.seen()
	return []*value{&seen}, nil
}

func writePad(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.Pad)
	p := around(k.Pad)
	pads := w.numbers(l, "pads", 0, 0, p[0], p[1], 0, 0, p[2], p[3])
	if k.Mode == "" || k.Mode == "constant" {
		w.add("Pad", l, in).weights = []string{pads, w.scalar(l, "value", k.Value)}
		return
	}
	w.add("Pad", l, in, text("mode", k.Mode)).weights = []string{pads}
}
