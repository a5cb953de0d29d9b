package onnx

import (
	"math"

	"github.com/pkg/errors"
)

// folds compute operators of which all inputs are known: weights that are
// reshaped or transposed, and the arithmetic of shapes. An input that is left
// out is nil.
var folds map[string]func(r *reader, n *operator, in []*constant) ([]*constant, error)

func init() { // a table that its own functions lead back to
	folds = map[string]func(r *reader, n *operator, in []*constant) ([]*constant, error){
		"Constant": foldConstant, "ConstantOfShape": foldConstantOfShape, "Range": foldRange,
		"Identity": foldSame, "Dropout": foldSame, "Cast": foldCast, "Shape": foldShape, "Size": foldSize,
		"Reshape": foldReshape, "Flatten": foldFlatten, "Squeeze": foldSqueeze, "Unsqueeze": foldUnsqueeze,
		"Transpose": foldTranspose, "Expand": foldExpand, "Gather": foldGather, "Slice": foldSlice, "Concat": foldConcat, "Split": foldSplit,
		"Add": pairwise(addInts, addFloats), "Sub": pairwise(subInts, subFloats), "Mul": pairwise(mulInts, mulFloats), "Div": pairwise(divInts, divFloats),
		"Mod": pairwise(modInts, nil), "Pow": pairwise(nil, powFloats),
		"Min": pairwise(minInts, minFloats), "Max": pairwise(maxInts, maxFloats),
		"Equal": pairwise(equalInts, nil), "Greater": pairwise(greaterInts, nil), "Less": pairwise(lessInts, nil), "Where": foldWhere,
		"Neg": elementwise(func(v int64) int64 { return -v }, func(v float64) float64 { return -v }),
		"Abs": elementwise(func(v int64) int64 { return max(v, -v) }, math.Abs),
		"Not": elementwise(func(v int64) int64 { return 1 - v }, nil), "Sqrt": elementwise(nil, math.Sqrt), "Exp": elementwise(nil, math.Exp), "Log": elementwise(nil, math.Log),
		"Reciprocal": elementwise(nil, func(v float64) float64 { return 1 / v }), "Floor": elementwise(nil, math.Floor), "Ceil": elementwise(nil, math.Ceil),
		"ReduceProd": foldReduceProd,
	}
}

// input returns input i of a fold, or an error.
func input(in []*constant, i int) (*constant, error) {
	if i >= len(in) || in[i] == nil {
		return nil, damaged("found no input %d", i)
	}
	return in[i], nil
}

// numbers returns the numbers of a constant that says how an operator works, the
// same for each size of the batch.
func (c *constant) numbers() ([]int64, error) {
	if c.dtype.isFloat() {
		return nil, damaged("found floating-point numbers, expected integers")
	}
	for i, v := range c.ints[0] {
		if v != c.ints[1][i] {
			return nil, unsupported("found a number that depends on how many images there are")
		}
	}
	return c.ints[0], nil
}

// option returns the integers that an operator has as an attribute or, from a
// later opset on, as input i; nil when they are left out.
func option(n *operator, name string, in []*constant, i int) ([]int64, error) {
	if i < len(in) && in[i] != nil {
		list, err := in[i].numbers()
		return list, errors.WithMessage(err, name)
	}
	if a, ok := n.attributes[name]; ok {
		return a.ints, nil
	}
	return nil, nil
}

// axis returns an axis of an array of that rank, counted from the end where it
// is below 0.
func axis(k int64, rank int) (int, error) {
	if k < 0 {
		k += int64(rank)
	}
	if k < 0 || k >= int64(rank) {
		return 0, damaged("found axis %d of an array with %d", k, rank)
	}
	return int(k), nil
}

func axes(list []int64, rank int) ([]int, error) {
	found := make([]int, len(list))
	for i, k := range list {
		var err error
		if found[i], err = axis(k, rank); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func foldSame(_ *reader, _ *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	return one(c), err
}

func foldCast(r *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	to := dataType(n.whole("to", 0))
	if _, ok := widths[to]; !ok {
		return nil, unsupported("found a cast to data type %d", to)
	}
	if err := r.budget.derive(c.size()); err != nil {
		return nil, err
	}
	out := *c
	out.dtype = to
	switch {
	case c.dtype.isFloat() == to.isFloat():
	case to.isFloat():
		list, err := c.numbers()
		if err != nil {
			return nil, err
		}
		out.ints, out.floats = [2][]int64{}, make([]float32, len(list))
		for i, v := range list {
			out.floats[i] = float32(v)
		}
	default:
		list := make([]int64, c.size())
		for i := range list {
			list[i] = int64(c.at(i))
		}
		out.floats, out.uniform, out.ints = nil, false, both(list)
	}
	if to == boolType {
		out.ints = [2][]int64{truth(out.ints[0]), truth(out.ints[1])}
	}
	return one(&out), nil
}

func truth(list []int64) []int64 {
	out := make([]int64, len(list))
	for i, v := range list {
		if v != 0 {
			out[i] = 1
		}
	}
	return out
}

func foldShape(_ *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	return one(shapePart(n, both(int64s(c.shape)))), nil
}

// shapePart returns the sides of a shape that operator Shape asks for.
func shapePart(n *operator, sides [2][]int64) *constant {
	rank := int64(len(sides[0]))
	bound := func(name string, byDefault int64) int64 {
		k := n.whole(name, byDefault)
		if k < 0 {
			k += rank
		}
		return min(max(k, 0), rank)
	}
	from := bound("start", 0)
	to := max(bound("end", rank), from)
	return &constant{dtype: int64Type, shape: []int{int(to - from)}, ints: [2][]int64{sides[0][from:to], sides[1][from:to]}}
}

func foldSize(_ *reader, _ *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	return one(intConstant(nil, []int64{int64(c.size())})), nil
}

func int64s(list []int) []int64 {
	out := make([]int64, len(list))
	for i, v := range list {
		out[i] = int64(v)
	}
	return out
}

func foldRange(r *reader, _ *operator, in []*constant) ([]*constant, error) {
	var bounds [3]int64
	for i := range bounds {
		c, err := input(in, i)
		if err != nil {
			return nil, err
		}
		list, err := c.numbers()
		if err != nil || len(list) != 1 {
			return nil, unsupported("expected whole numbers as start, limit and delta")
		}
		bounds[i] = list[0]
	}
	const most = 1 << 16
	if bounds[2] == 0 {
		return nil, damaged("found delta 0")
	}
	var list []int64
	for v := bounds[0]; len(list) < most && (bounds[2] > 0 && v < bounds[1] || bounds[2] < 0 && v > bounds[1]); v += bounds[2] {
		list = append(list, v)
	}
	if len(list) == most {
		return nil, unsupported("found a range of %d numbers or more", most)
	}
	return one(intConstant([]int{len(list)}, list)), r.budget.derive(len(list))
}
