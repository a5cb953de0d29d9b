package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

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

// pooling returns the window of a pooling and the image that it is on.
func (r *reader) pooling(n *operator, in []*value) (window, *value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return window{}, nil, err
	}
	if v, err = r.image(v); err != nil {
		return window{}, nil, err
	}
	kernel, err := n.perAxis("kernel_shape", len(v.shape)-1, 0)
	if err != nil {
		return window{}, nil, err
	}
	w, err := windowOf(n, kernel, v)
	return w, v, err
}

func (r *reader) maxPool(n *operator, in []*value) ([]*value, error) {
	w, v, err := r.pooling(n, in)
	if err != nil {
		return nil, err
	}
	if len(n.outputs) > 1 && r.readers[n.outputs[1]] > 0 {
		return nil, unsupported("found a reader of its second output, the places of the largest values")
	}
	kind := model.MaxPool{Kernel: w.kernel, Stride: w.stride, Pad: w.pad, Dilation: w.dilation, Ceil: n.whole("ceil_mode", 0) != 0}
	out, err := r.layer(r.nameFor(n, ""), kind, v)
	if err != nil {
		return nil, err
	}
	return w.seen(out, v), nil
}

func (r *reader) averagePool(n *operator, in []*value) ([]*value, error) {
	w, v, err := r.pooling(n, in)
	if err != nil {
		return nil, err
	}
	if w.dilation != nil {
		return nil, unsupported("found dilations %v, expected 1", w.dilation)
	}
	kind := model.AveragePool{Kernel: w.kernel, Stride: w.stride, Pad: w.pad, Ceil: n.whole("ceil_mode", 0) != 0, CountPad: n.whole("count_include_pad", 0) != 0}
	out, err := r.layer(r.nameFor(n, ""), kind, v)
	if err != nil {
		return nil, err
	}
	return w.seen(out, v), nil
}

func (r *reader) globalAveragePool(n *operator, in []*value) ([]*value, error) {
	return r.globalPool(n, in, model.GlobalAveragePool{})
}

func (r *reader) globalMaxPool(n *operator, in []*value) ([]*value, error) {
	return r.globalPool(n, in, model.GlobalMaxPool{})
}

func (r *reader) globalPool(n *operator, in []*value, kind model.Kind) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	if v, err = r.image(v); err != nil {
		return nil, err
	}
	out, err := r.layer(r.nameFor(n, ""), kind, v)
	if err != nil {
		return nil, err
	}
	return window{}.seen(out, v), nil
}

func (r *reader) reduceMean(n *operator, in []*value) ([]*value, error) {
	return r.reduce(n, in, model.GlobalAveragePool{})
}

func (r *reader) reduceMax(n *operator, in []*value) ([]*value, error) {
	return r.reduce(n, in, model.GlobalMaxPool{})
}

// reduce reads what takes the mean or the largest over height and width, however
// the image is seen.
func (r *reader) reduce(n *operator, in []*value, kind model.Kind) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	list, err := option(n, "axes", constants(in), 1)
	if err != nil {
		return nil, err
	}
	var over []int
	for _, k := range list {
		i, err := imageAxis(k, v)
		if err != nil {
			return nil, err
		}
		over = append(over, i)
	}
	if len(over) == 0 || !v.isSpatial(over) {
		return nil, unsupported("found axes %v of an input of %v, expected height and width", list, v.shape)
	}
	out, err := r.layer(r.nameFor(n, ""), kind, v)
	if err != nil {
		return nil, err
	}
	shape := []int{}
	for k, side := range v.shape {
		switch {
		case !slices.Contains(over, k):
			shape = append(shape, side)
		case n.whole("keepdims", 1) != 0:
			shape = append(shape, 1)
		}
	}
	return []*value{out.reshape(shape)}, nil
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
