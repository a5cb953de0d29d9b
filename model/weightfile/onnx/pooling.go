package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

func init() {
	register(map[string]reading{
		"MaxPool":           (*reader).maxPool,
		"AveragePool":       (*reader).averagePool,
		"GlobalAveragePool": (*reader).globalAveragePool,
		"GlobalMaxPool":     (*reader).globalMaxPool,
		"ReduceMean":        (*reader).reduceMean,
		"ReduceMax":         (*reader).reduceMax,
	}, map[string]writing{
		"maxpool":       writeMaxPool,
		"avgpool":       writeAveragePool,
		"globalavgpool": plain("GlobalAveragePool"),
		"globalmaxpool": plain("GlobalMaxPool"),
	})
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

func writeMaxPool(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.MaxPool)
	n := w.add("MaxPool", l, in, ints("kernel_shape", pair(k.Kernel, 1)), ints("strides", pair(k.Stride, 1)))
	n.attributes = append(n.attributes, sliding(k.Pad, k.Ceil)...)
	if len(k.Dilation) > 0 {
		n.attributes = append(n.attributes, ints("dilations", pair(k.Dilation, 1)))
	}
}

func writeAveragePool(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.AveragePool)
	n := w.add("AveragePool", l, in, ints("kernel_shape", pair(k.Kernel, 1)), ints("strides", pair(k.Stride, 1)))
	n.attributes = append(n.attributes, sliding(k.Pad, k.Ceil)...)
	if k.CountPad {
		n.attributes = append(n.attributes, whole("count_include_pad", 1))
	}
}

// sliding returns what poolings have beside kernel and stride, where it is not
// the default.
func sliding(pad model.Sides, ceil bool) []attributeOf {
	var list []attributeOf
	if !pad.IsZero() {
		list = append(list, ints("pads", around(pad)))
	}
	if ceil {
		list = append(list, whole("ceil_mode", 1))
	}
	return list
}
