package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

// affine adds x·scale + shift, either nil for none. Where the layer before is of
// that kind and has no other reader, it takes the numbers in: the bias of a
// convolution or dense layer, the scale of a normalisation.
func (r *reader) affine(n *operator, weight int, v *value, scale, shift *constant) (*value, error) {
	var err error
	for _, c := range []**constant{&scale, &shift} {
		if *c != nil {
			if *c, err = r.perChannel(*c, v); err != nil {
				return nil, err
			}
		}
	}
	if v.alone && r.takesIn(v.layer, scale, shift) {
		return v, nil
	}
	channels := v.base[0]
	fill := func(x float32) *constant {
		return &constant{dtype: float32Type, shape: []int{channels}, floats: []float32{x}, uniform: true}
	}
	if scale == nil {
		scale = fill(1)
	}
	if shift == nil {
		shift = fill(0)
	}
	name := r.nameFor(n, r.knownWeight(n, weight))
	for part, c := range map[string]*constant{"scale": scale, "bias": shift, "mean": fill(0), "variance": fill(1)} {
		if err := r.set(name, part, []int{channels}, c); err != nil {
			return nil, err
		}
	}
	out, err := r.layer(name, model.BatchNorm{}, v) // with eps 0: a product and a sum
	if err != nil {
		return nil, err
	}
	r.foldsIn[name] = true
	return v.seenAs(out.layer), nil
}

// knownWeight returns the name of input i where it is a weight of the file with
// a name of its own, not a number of the formula.
func (r *reader) knownWeight(n *operator, i int) string {
	t := r.file.initializers[n.weightName(i)]
	if t == nil || len(t.dims) == 0 {
		return ""
	}
	return t.name
}

// takesIn puts a factor or a summand into the layer, if it can.
func (r *reader) takesIn(layer string, scale, shift *constant) bool {
	i := slices.IndexFunc(r.spec.Layers, func(l model.Layer) bool { return l.Name == layer })
	if i < 0 {
		return false
	}
	l := &r.spec.Layers[i]
	switch k := l.Kind.(type) {
	case model.Conv:
		if scale != nil || !k.NoBias {
			return false
		}
		k.NoBias = false
		l.Kind = k
		return r.set(layer, "b", []int{k.Out}, shift) == nil
	case model.Dense:
		if scale != nil || !k.NoBias {
			return false
		}
		k.NoBias = false
		l.Kind = k
		return r.set(layer, "b", []int{k.Out}, shift) == nil
	}
	if !r.foldsIn[layer] {
		return false
	}
	scales, biases := r.weights.Get(layer+"/scale").Float32s(), r.weights.Get(layer+"/bias").Float32s()
	for i := range scales {
		if scale != nil {
			scales[i] *= scale.at(i)
			biases[i] *= scale.at(i)
		}
		if shift != nil {
			biases[i] += shift.at(i)
		}
	}
	return true
}

// perChannel returns a constant that is broadcast to a value as a number for
// each channel of its layer.
func (r *reader) perChannel(c *constant, v *value) (*constant, error) {
	if !c.dtype.isFloat() {
		return nil, unsupported("found a constant of data type %d, expected floating-point numbers", c.dtype)
	}
	shape := []int{v.base[0]}
	if c.uniform || c.size() == 1 {
		return &constant{dtype: float32Type, shape: shape, floats: []float32{c.at(0)}, uniform: true}, nil
	}
	full := append([]int{1}, v.shape...)
	if both, err := broadcast(c.shape, full); err != nil || !slices.Equal(both, full) {
		return nil, unsupported("found a constant of shape %v for an input of %v, which differs from image to image or is larger", c.shape, v.shape)
	}
	for i, side := range c.shape {
		if k := i - len(c.shape) + len(v.shape); side != 1 && !v.isChannels(k) {
			return nil, unsupported("found a constant of shape %v for an input of %v, expected one number for each channel", c.shape, v.shape)
		}
	}
	return c.reshaped(shape), nil
}
