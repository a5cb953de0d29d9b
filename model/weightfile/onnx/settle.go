package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

// image returns a value whose layer really has the shape that is seen: [C,H,W],
// or [C,L,1] for a signal in time [C,L].
func (r *reader) image(v *value) (*value, error) {
	v, err := r.ordered(v, "")
	if err != nil {
		return nil, err
	}
	want := v.shape
	switch len(want) {
	case 2:
		want = []int{want[0], want[1], 1}
	case 3:
	default:
		return nil, unsupported("found an input of shape %v for each image, expected [C,H,W]", v.shape)
	}
	if !slices.Equal(v.base, want) && len(v.base) == 1 && want[1]*want[2] == 1 {
		if v, err = r.asImage(v); err != nil {
			return nil, err
		}
	}
	if !slices.Equal(v.base, want) {
		return nil, unsupported("found the output %v of layer %q seen as %v: the numbers would have to move", v.base, v.layer, v.shape)
	}
	return v, nil
}

// vector returns a value whose layer gives [F], flattened as it is seen.
func (r *reader) vector(v *value) (*value, error) {
	v, err := r.ordered(v, "")
	if err != nil {
		return nil, err
	}
	if len(v.base) == 1 {
		return v.reshape(v.base), nil
	}
	name, ok := r.flat[v.layer]
	if !ok {
		name = r.unused(v.layer + ".flatten")
		r.flat[v.layer] = name
		return r.layer(name, model.Flatten{}, v)
	}
	return layerValue(name, r.shapes[name]), nil
}

// ordered returns a value that is seen in row-major order. A channel shuffle,
// which exporters write as a transposition of split channels, becomes a layer of
// that name, or of one made up for "".
func (r *reader) ordered(v *value, shuffle string) (*value, error) {
	dims, order := v.parts()
	if slices.IsSorted(order) {
		return v, nil
	}
	shuffles := len(v.base) == 3 && slices.Equal(v.shape, v.base) && len(order) >= 2 && order[0] == 1 && order[1] == 0 &&
		slices.IsSorted(order[2:]) && dims[0]*dims[1] == v.base[0]
	if !shuffles {
		return nil, unsupported("found the output %v of layer %q with its axes in another order, %v", v.base, v.layer, v.shape)
	}
	if shuffle == "" {
		shuffle = v.layer + ".shuffle"
	}
	return r.layer(r.unused(shuffle), model.ChannelShuffle{Groups: dims[0]}, v)
}

// asImage makes [F] an image of one pixel: dense layers on pooled channels, as
// in squeeze-and-excitation blocks, become convolutions of one pixel.
func (r *reader) asImage(v *value) (*value, error) {
	changed := map[string]bool{}
	if !r.canBeImage(v.layer, changed) {
		return nil, unsupported("found the output %v of layer %q seen as an image %v", v.base, v.layer, v.shape)
	}
	for name := range changed {
		l := &r.spec.Layers[slices.IndexFunc(r.spec.Layers, func(l model.Layer) bool { return l.Name == name })]
		out := r.shapes[name][0]
		r.shapes[name] = []int{out, 1, 1}
		if dense, ok := l.Kind.(model.Dense); ok {
			r.makeConv(l, dense)
		}
	}
	out := layerValue(v.layer, r.shapes[v.layer])
	out.alone = v.alone
	return out, nil
}

// canBeImage reports whether a layer that gives [F] gives [F,1,1] when dense
// layers become convolutions, and collects the layers that change.
func (r *reader) canBeImage(name string, changed map[string]bool) bool {
	shape := r.shapes[name]
	if changed[name] || len(shape) == 3 && shape[1]*shape[2] == 1 {
		return true
	}
	i := slices.IndexFunc(r.spec.Layers, func(l model.Layer) bool { return l.Name == name })
	if i < 0 || len(shape) != 1 || r.readAsVector(name) {
		return false
	}
	l := r.spec.Layers[i]
	switch l.Kind.(type) {
	case model.Dense, model.Flatten, model.BatchNorm, model.ReLU, model.Clip, model.LeakyReLU, model.Sigmoid, model.Tanh, model.HardSigmoid, model.SiLU, model.HardSwish, model.GELU, model.PReLU:
		changed[name] = r.canBeImage(l.Inputs[0], changed)
		return changed[name]
	}
	return false
}

// readAsVector reports whether a layer already reads [F] that could not read
// [F,1,1].
func (r *reader) readAsVector(name string) bool {
	return slices.ContainsFunc(r.spec.Layers, func(l model.Layer) bool {
		_, joins := l.Kind.(model.Concat)
		_, adds := l.Kind.(model.Add)
		_, multiplies := l.Kind.(model.Multiply)
		return (joins || adds || multiplies) && slices.Contains(l.Inputs, name)
	})
}

// makeConv makes a dense layer on [C,1,1] a convolution of one pixel.
func (r *reader) makeConv(l *model.Layer, dense model.Dense) {
	w := r.weights.Get(l.Name + "/W") // [in,out]
	in, out := w.Shape()[0], w.Shape()[1]
	values, turned := w.Float32s(), make([]float32, in*out)
	for i := range in {
		for o := range out {
			turned[o*in+i] = values[i*out+o]
		}
	}
	r.weights.SetValues(l.Name+"/W", []int{out, in, 1, 1}, turned)
	l.Kind = model.Conv{Out: out, Kernel: model.Sides{1}, Stride: model.Sides{1}, NoBias: dense.NoBias}
}
