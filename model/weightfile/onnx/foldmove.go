package onnx

import "slices"

// pick returns an array of that shape, number i of which is number from[i] of c.
func (c *constant) pick(shape []int, from []int) *constant {
	out := &constant{dtype: c.dtype, shape: shape, uniform: c.uniform}
	switch {
	case c.uniform:
		out.floats = c.floats
	case c.dtype.isFloat():
		out.floats = make([]float32, len(from))
		for i, j := range from {
			out.floats[i] = c.floats[j]
		}
	default:
		for b := range out.ints {
			out.ints[b] = make([]int64, len(from))
			for i, j := range from {
				out.ints[b][i] = c.ints[b][j]
			}
		}
	}
	return out
}

// indices returns, for each place of a row-major array of that shape, the sum
// of what each axis adds there: steps[k] by index along axis k.
func indices(shape []int, steps [][]int) []int {
	if product(shape) == 0 {
		return nil
	}
	list := []int{0}
	for k, side := range shape {
		next := make([]int, 0, len(list)*side)
		for _, base := range list {
			for i := range side {
				next = append(next, base+steps[k][i])
			}
		}
		list = next
	}
	return list
}

// strides returns how far apart the numbers of a row-major array are along each
// axis.
func strides(shape []int) []int {
	list := make([]int, len(shape))
	step := 1
	for i, side := range slices.Backward(shape) {
		list[i] = step
		step *= side
	}
	return list
}

// along returns the steps of an axis whose index runs over those places.
func along(places []int, stride int) []int {
	out := make([]int, len(places))
	for i, p := range places {
		out[i] = p * stride
	}
	return out
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func foldTranspose(r *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	perm, err := permutation(n, len(c.shape))
	if err != nil {
		return nil, err
	}
	shape := make([]int, len(perm))
	for i, k := range perm {
		shape[i] = c.shape[k]
	}
	if c.uniform {
		return one(c.reshaped(shape)), nil
	}
	if err := r.budget.derive(c.size()); err != nil {
		return nil, err
	}
	return one(c.pick(shape, indices(shape, transposed(c.shape, perm)))), nil
}

// transposed returns the steps by which an array of that shape is read with its
// axes in another order.
func transposed(shape, perm []int) [][]int {
	steps, old := make([][]int, len(perm)), strides(shape)
	for i, k := range perm {
		steps[i] = along(upTo(shape[k]), old[k])
	}
	return steps
}

// permutation returns the order of axes that a Transpose asks for.
func permutation(n *operator, rank int) ([]int, error) {
	perm := upTo(rank)
	if a, ok := n.attributes["perm"]; ok {
		var err error
		if perm, err = axes(a.ints, rank); err != nil {
			return nil, err
		}
	} else {
		slices.Reverse(perm)
	}
	sorted := slices.Clone(perm)
	slices.Sort(sorted)
	if !slices.Equal(sorted, upTo(rank)) {
		return nil, damaged("found perm %v, expected an order of %d axes", perm, rank)
	}
	return perm, nil
}

func foldExpand(r *reader, _ *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	to, err := input(in, 1)
	if err != nil {
		return nil, err
	}
	dims, err := to.numbers()
	if err != nil {
		return nil, err
	}
	other, err := sides(dims)
	if err != nil || len(other) > maxRank {
		return nil, damaged("found shape %v", dims)
	}
	shape, err := broadcast(c.shape, other)
	if err != nil {
		return nil, err
	}
	if c.uniform || len(c.floats) == 1 {
		out := c.reshaped(shape)
		out.uniform = true
		return one(out), nil
	}
	if err := r.budget.derive(product(shape)); err != nil {
		return nil, err
	}
	return one(c.pick(shape, indices(shape, spread(c.shape, shape)))), nil
}

// broadcast returns the shape of two arrays taken together, as numpy has it.
func broadcast(a, b []int) ([]int, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	for i, side := range b {
		at := i + len(a) - len(b)
		switch {
		case out[at] == 1:
			out[at] = side
		case side != 1 && side != out[at]:
			return nil, damaged("found shapes %v and %v, expected equal sides, or 1", a, b)
		}
	}
	return sides(int64s(out))
}

// spread returns the steps by which an array of shape from is read as one of
// shape to.
func spread(from, to []int) [][]int {
	steps, old := make([][]int, len(to)), strides(from)
	for i, side := range to {
		steps[i] = make([]int, side)
		if k := i - (len(to) - len(from)); k >= 0 && from[k] != 1 {
			steps[i] = along(upTo(side), old[k])
		}
	}
	return steps
}

// pickAxis returns c with only those places along one axis.
func (r *reader) pickAxis(c *constant, axis int, places []int) (*constant, error) {
	shape := slices.Clone(c.shape)
	shape[axis] = len(places)
	if c.uniform {
		return c.reshaped(shape), nil
	}
	if err := r.budget.derive(product(shape)); err != nil {
		return nil, err
	}
	steps := make([][]int, len(c.shape))
	for k, stride := range strides(c.shape) {
		steps[k] = along(upTo(c.shape[k]), stride)
	}
	steps[axis] = along(places, strides(c.shape)[axis])
	return c.pick(shape, indices(shape, steps)), nil
}

func foldGather(r *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	index, err := input(in, 1)
	if err != nil {
		return nil, err
	}
	k, err := axis(n.whole("axis", 0), len(c.shape))
	if err != nil {
		return nil, err
	}
	list, err := index.numbers()
	if err != nil {
		return nil, err
	}
	places, err := axes(list, c.shape[k])
	if err != nil {
		return nil, damaged("found index %v along an axis of %d", list[:min(len(list), 8)], c.shape[k])
	}
	out, err := r.pickAxis(c, k, places)
	if err != nil {
		return nil, err
	}
	out.shape = slices.Concat(c.shape[:k], index.shape, c.shape[k+1:])
	if len(out.shape) > maxRank {
		return nil, damaged("found more than %d dimensions", maxRank)
	}
	return one(out), nil
}
