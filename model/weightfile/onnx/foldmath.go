package onnx

import "math"

type fold = func(r *reader, n *operator, in []*constant) ([]*constant, error)

// elementwise returns the fold of a function of one number; nil where it has no such
// type.
func elementwise(whole func(int64) int64, float func(float64) float64) fold {
	return func(r *reader, _ *operator, in []*constant) ([]*constant, error) {
		c, err := input(in, 0)
		if err != nil {
			return nil, err
		}
		out := *c
		switch {
		case c.dtype.isFloat() && float != nil:
			out.floats = make([]float32, len(c.floats))
			for i, v := range c.floats {
				out.floats[i] = float32(float(float64(v)))
			}
		case !c.dtype.isFloat() && whole != nil:
			for b := range out.ints {
				out.ints[b] = make([]int64, len(c.ints[b]))
				for i, v := range c.ints[b] {
					out.ints[b][i] = whole(v)
				}
			}
		default:
			return nil, unsupported("found a constant of data type %d", c.dtype)
		}
		return one(&out), r.budget.derive(len(out.floats) + len(out.ints[0]))
	}
}

// pairwise returns the fold of a function of two numbers; where there are more
// inputs, as of Min, it takes the result and the next.
func pairwise(whole func(a, b int64) (int64, bool), float func(a, b float64) float64) fold {
	return func(r *reader, n *operator, in []*constant) ([]*constant, error) {
		a, err := input(in, 0)
		if err != nil {
			return nil, err
		}
		for i := range in[1:] {
			b, err := input(in, i+1)
			if err != nil {
				return nil, err
			}
			if a, err = r.combine(a, b, whole, float); err != nil {
				return nil, err
			}
		}
		return one(a), nil
	}
}

func (r *reader) combine(a, b *constant, whole func(a, b int64) (int64, bool), float func(a, b float64) float64) (*constant, error) {
	shape, err := broadcast(a.shape, b.shape)
	if err != nil {
		return nil, err
	}
	if a.dtype.isFloat() != b.dtype.isFloat() || a.dtype.isFloat() && float == nil || !a.dtype.isFloat() && whole == nil {
		return nil, unsupported("found constants of data types %d and %d", a.dtype, b.dtype)
	}
	out := &constant{dtype: a.dtype, shape: shape}
	if a.uniform && b.uniform {
		out.uniform, out.floats = true, []float32{float32(float(float64(a.floats[0]), float64(b.floats[0])))}
		return out, nil
	}
	if err := r.budget.derive(product(shape)); err != nil {
		return nil, err
	}
	fromA, fromB := indices(shape, spread(a.shape, shape)), indices(shape, spread(b.shape, shape))
	if a.dtype.isFloat() {
		out.floats = make([]float32, len(fromA))
		for i := range fromA {
			out.floats[i] = float32(float(float64(a.at(fromA[i])), float64(b.at(fromB[i]))))
		}
		return out, nil
	}
	for k := range out.ints {
		out.ints[k] = make([]int64, len(fromA))
		for i := range fromA {
			ok := false
			if out.ints[k][i], ok = whole(a.ints[k][fromA[i]], b.ints[k][fromB[i]]); !ok {
				return nil, damaged("found a division by 0")
			}
		}
	}
	return out, nil
}

func addInts(a, b int64) (int64, bool) { return a + b, true }
func subInts(a, b int64) (int64, bool) { return a - b, true }
func mulInts(a, b int64) (int64, bool) { return a * b, true }
func minInts(a, b int64) (int64, bool) { return min(a, b), true }
func maxInts(a, b int64) (int64, bool) { return max(a, b), true }

func divInts(a, b int64) (int64, bool) {
	if b == 0 {
		return 0, false
	}
	return a / b, true
}

// modInts has the sign of the divisor, as ONNX without fmod.
func modInts(a, b int64) (int64, bool) {
	if b == 0 {
		return 0, false
	}
	return (a%b + b) % b, true
}

func equalInts(a, b int64) (int64, bool)   { return truthOf(a == b), true }
func greaterInts(a, b int64) (int64, bool) { return truthOf(a > b), true }
func lessInts(a, b int64) (int64, bool)    { return truthOf(a < b), true }

func truthOf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func addFloats(a, b float64) float64 { return a + b }
func subFloats(a, b float64) float64 { return a - b }
func mulFloats(a, b float64) float64 { return a * b }
func divFloats(a, b float64) float64 { return a / b }
func powFloats(a, b float64) float64 { return math.Pow(a, b) }
func minFloats(a, b float64) float64 { return min(a, b) }
func maxFloats(a, b float64) float64 { return max(a, b) }

// foldWhere chooses between two constants, for each size of the batch.
func foldWhere(r *reader, _ *operator, in []*constant) ([]*constant, error) {
	var c [3]*constant
	shape := []int{}
	for i := range c {
		var err error
		if c[i], err = input(in, i); err != nil {
			return nil, err
		}
		if shape, err = broadcast(shape, c[i].shape); err != nil {
			return nil, err
		}
		if c[i].dtype.isFloat() {
			return nil, unsupported("found floating-point constants, expected integers")
		}
	}
	if err := r.budget.derive(product(shape)); err != nil {
		return nil, err
	}
	var from [3][]int
	for i := range c {
		from[i] = indices(shape, spread(c[i].shape, shape))
	}
	out := &constant{dtype: c[1].dtype, shape: shape}
	for b := range out.ints {
		for i := range from[0] {
			which := 2
			if c[0].ints[b][from[0][i]] != 0 {
				which = 1
			}
			out.ints[b] = append(out.ints[b], c[which].ints[b][from[which][i]])
		}
	}
	return one(out), nil
}

// foldReduceProd multiplies all numbers: how many a shape has.
func foldReduceProd(_ *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	if c.dtype.isFloat() || len(c.shape) != 1 {
		return nil, unsupported("found an array of shape %v, expected a list of integers", c.shape)
	}
	out := &constant{dtype: c.dtype}
	if n.whole("keepdims", 1) != 0 {
		out.shape = []int{1}
	}
	for b := range out.ints {
		p := int64(1)
		for _, v := range c.ints[b] {
			p *= v
		}
		out.ints[b] = []int64{p}
	}
	return one(out), nil
}
