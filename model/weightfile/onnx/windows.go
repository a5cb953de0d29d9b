package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

func init() {
	register(map[string]reading{
		"LRN": (*reader).lrn,
	}, map[string]writing{
		"lrn": writeLRN,
	})
}

// window is how a kernel or a pooling window slides.
type window struct {
	kernel, stride, pad, dilation model.Sides
}

// windowOf reads the attributes that convolutions and poolings share, the kernel
// given.
func windowOf(n *operator, kernel []int, v *value) (window, error) {
	rank := len(v.shape) - 1
	if len(kernel) != rank {
		return window{}, damaged("found a kernel of shape %v for an input of %v", kernel, v.shape)
	}
	strides, err := n.perAxis("strides", rank, 1)
	if err != nil {
		return window{}, err
	}
	dilations, err := n.perAxis("dilations", rank, 1)
	if err != nil {
		return window{}, err
	}
	pads, err := n.perAxis("pads", 2*rank, 0)
	if err != nil {
		return window{}, err
	}
	image := v.base[1:]
	switch auto := n.attributes["auto_pad"].text; auto {
	case "", "NOTSET":
	case "VALID":
		pads = make([]int, 2*rank)
	case "SAME_UPPER", "SAME_LOWER":
		pads = samePads(image, kernel, strides, dilations, auto == "SAME_LOWER")
	default:
		return window{}, damaged("found auto_pad %.20q", auto)
	}
	if rank == 1 { // a signal in time is an image of one column
		kernel, strides, dilations = []int{kernel[0], 1}, []int{strides[0], 1}, []int{dilations[0], 1}
		pads = []int{pads[0], 0, pads[1], 0}
	}
	w := window{sidesOf(kernel), sidesOf(strides), sidesOf(pads), sidesOf(dilations)}
	if w.dilation[0] == 1 && len(w.dilation) == 1 {
		w.dilation = nil
	}
	if w.pad.IsZero() {
		w.pad = nil
	}
	return w, nil
}

// perAxis returns an attribute with a number for each axis, or the default for
// each.
func (n *operator) perAxis(name string, count, byDefault int) ([]int, error) {
	list := make([]int, count)
	a, ok := n.attributes[name]
	if ok && len(a.ints) != count {
		return nil, damaged("%s: found %d numbers, expected %d", name, len(a.ints), count)
	}
	for i := range list {
		list[i] = byDefault
		if ok {
			if a.ints[i] < -maxSide || a.ints[i] > maxSide {
				return nil, damaged("%s: found %d", name, a.ints[i])
			}
			list[i] = int(a.ints[i])
		}
	}
	return list, nil
}

// samePads returns the padding with which the output is the input divided by
// the stride, rounded up. An odd row comes at the end, or with lower at the
// beginning.
func samePads(image, kernel, strides, dilations []int, lower bool) []int {
	rank := len(kernel)
	pads := make([]int, 2*rank)
	for i := range rank {
		if strides[i] < 1 {
			continue // the layer's own check refuses it
		}
		out := (image[i] + strides[i] - 1) / strides[i]
		all := max(0, (out-1)*strides[i]+(kernel[i]-1)*dilations[i]+1-image[i])
		pads[i], pads[rank+i] = all/2, all-all/2
		if lower {
			pads[i], pads[rank+i] = all-all/2, all/2
		}
	}
	return pads
}

// sidesOf returns a list as the shortest Sides that say it.
func sidesOf(list []int) model.Sides {
	if slices.Max(list) == slices.Min(list) {
		return model.Sides{list[0]}
	}
	return slices.Clone(list)
}

// seen returns a layer's output as the graph's array has it: without the one
// column of a signal in time.
func (w window) seen(out, in *value) []*value {
	if len(in.shape) == 2 {
		out = out.reshape([]int{out.base[0], out.base[1]})
	}
	return []*value{out}
}

func (r *reader) lrn(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	if v, err = r.image(v); err != nil {
		return nil, err
	}
	kind := model.LRN{Size: int(min(max(n.whole("size", 0), 0), maxSide)), Alpha: n.number("alpha", 0.0001), Beta: n.number("beta", 0.75), Bias: n.number("bias", 1)}
	out, err := r.layer(r.nameFor(n, ""), kind, v)
	if err != nil {
		return nil, err
	}
	return window{}.seen(out, v), nil
}

func writeLRN(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.LRN)
	w.add("LRN", l, in, float("alpha", k.Alpha), float("beta", k.Beta), float("bias", k.Bias), whole("size", k.Size))
}
