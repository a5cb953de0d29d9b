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
