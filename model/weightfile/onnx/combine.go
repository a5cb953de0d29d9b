package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

// addition reads a sum of two or more: of layers, or of a layer and constants.
func (r *reader) addition(n *operator, in []*value) ([]*value, error) {
	return r.pairs(n, in, model.Add{}, func(c *constant) (scale, shift *constant, err error) { return nil, c, nil })
}

// multiplication reads a product of layers, or of a layer and constants.
func (r *reader) multiplication(n *operator, in []*value) ([]*value, error) {
	return r.pairs(n, in, model.Multiply{}, func(c *constant) (scale, shift *constant, err error) { return c, nil, nil })
}

// subtraction reads x − c and c − x.
func (r *reader) subtraction(n *operator, in []*value) ([]*value, error) {
	if len(in) == 2 && in[0] != nil && in[1] != nil && in[0].constant != nil {
		out, err := r.negation(n, in[1:])
		if err != nil {
			return nil, err
		}
		return r.addition(n, []*value{out[0], in[0]})
	}
	return r.pairs(n, in, nil, func(c *constant) (scale, shift *constant, err error) {
		shift, err = r.scaled(c, -1)
		return nil, shift, err
	})
}

// division reads x / c.
func (r *reader) division(n *operator, in []*value) ([]*value, error) {
	return r.pairs(n, in, nil, func(c *constant) (scale, shift *constant, err error) {
		if !c.dtype.isFloat() {
			return nil, nil, unsupported("found a division by integers")
		}
		scale, err = r.combine(floatConstant(nil, []float32{1}), c, nil, divFloats)
		return scale, nil, err
	})
}

func (r *reader) negation(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	out, err := r.affine(n, 0, v, floatConstant(nil, []float32{-1}), nil)
	return []*value{out}, err
}

// pairs takes the inputs two by two. Of two layers it makes one of that kind;
// what a constant does to a layer, factor says.
func (r *reader) pairs(n *operator, in []*value, kind model.Kind, factor func(*constant) (scale, shift *constant, err error)) ([]*value, error) {
	if len(in) == 0 || slices.Contains(in, nil) {
		return nil, damaged("found an input that is left out")
	}
	a := in[0]
	for i, b := range in[1:] {
		b, err := r.besideAxis(n, b, a)
		if err != nil {
			return nil, err
		}
		weight := i + 1
		if a.constant != nil && b.constant == nil {
			if kind == nil {
				return nil, unsupported("found a constant as its first input, expected what the network computes")
			}
			a, b, weight = b, a, i
		}
		switch {
		case a.constant != nil:
			var c *constant
			if c, err = r.combine(a.constant, b.constant, nil, addFloats); kind != model.Kind(model.Add{}) {
				return nil, unsupported("found constants among more than two inputs")
			}
			a = &value{constant: c}
		case b.constant != nil:
			var scale, shift *constant
			if scale, shift, err = factor(b.constant); err == nil {
				a, err = r.affine(n, weight, a, scale, shift)
			}
		case kind == nil:
			return nil, unsupported("found two inputs that the network computes, expected one of them constant")
		default:
			a, err = r.join(n, kind, a, b)
		}
		if err != nil {
			return nil, err
		}
	}
	return []*value{a}, nil
}

// besideAxis returns the second operand as it is broadcast before opset 7:
// with an attribute that says at which axis of the first it begins.
func (r *reader) besideAxis(n *operator, b, a *value) (*value, error) {
	k, ok := n.attributes["axis"]
	if !ok || r.file.opset >= 7 || n.whole("broadcast", 0) == 0 || b.constant == nil || a.constant != nil {
		return b, nil
	}
	at, err := axis(k.whole, len(a.shape)+1)
	if err != nil {
		return nil, err
	}
	shape := slices.Clone(b.constant.shape)
	for len(shape) < len(a.shape)+1-at {
		shape = append(shape, 1)
	}
	return &value{constant: b.constant.reshaped(shape)}, nil
}

// join adds a layer of two others, whose sides may be 1 where the other's are
// not.
func (r *reader) join(n *operator, kind model.Kind, a, b *value) (*value, error) {
	if len(a.shape) != len(b.shape) {
		return nil, unsupported("found inputs of shapes %v and %v for each image, expected the same number of sides", a.shape, b.shape)
	}
	if _, err := broadcast(a.shape, b.shape); err != nil {
		return nil, err
	}
	if slices.Equal(a.base, b.base) && slices.Equal(a.dims, b.dims) && slices.Equal(a.perm, b.perm) && slices.Equal(a.shape, b.shape) {
		out, err := r.layer(r.nameFor(n, ""), kind, a, b)
		if err != nil {
			return nil, err
		}
		return a.seenAs(out.layer), nil
	}
	if product(a.shape) < product(b.shape) {
		a, b = b, a
	}
	if len(a.shape) == 1 { // [F]
		var err error
		if a, err = r.vector(a); err != nil {
			return nil, err
		}
		if b, err = r.vector(b); err != nil {
			return nil, err
		}
		return r.layer(r.nameFor(n, ""), kind, a, b)
	}
	a, b, err := r.alignPair(a, b)
	if err != nil {
		return nil, err
	}
	out, err := r.layer(r.nameFor(n, ""), kind, a, b)
	if err != nil {
		return nil, err
	}
	seen := *a
	seen.layer, seen.base, seen.dims, seen.alone = out.layer, out.base, out.base, true
	if slices.Equal(a.shape, a.seen()) {
		seen.shape = seen.seen()
	}
	return &seen, nil
}

// alignPair makes both images with sides in the same places; a keeps the order
// in which it is seen.
func (r *reader) alignPair(a, b *value) (*value, *value, error) {
	whole := slices.Equal(a.dims, a.base) && slices.Equal(a.shape, a.seen()) && len(a.base) == 3
	if !whole {
		var err error
		if a, err = r.image(a); err != nil {
			return nil, nil, err
		}
	}
	want := b.shape
	if whole { // as a's layer has its sides, not as they are seen
		want = make([]int, 3)
		for i, k := range a.perm {
			want[k] = b.shape[i]
		}
	}
	if slices.Equal(b.dims, b.base) && slices.Equal(b.perm, a.perm) && slices.Equal(b.shape, b.seen()) && slices.Equal(b.base, want) {
		return a, b, nil
	}
	if !b.rowMajor() {
		return nil, nil, unsupported("found inputs with their axes in different orders")
	}
	b, err := r.image(b.reshape(want))
	return a, b, err
}

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
