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

func foldSlice(r *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	cuts, err := slicing(n, in, c.shape)
	if err != nil {
		return nil, err
	}
	for _, s := range cuts {
		if c, err = r.pickAxis(c, s.axis, s.places()); err != nil {
			return nil, err
		}
	}
	return one(c), nil
}

// cut is what is taken along one axis: from, from+step and so on, count of them.
type cut struct{ axis, from, step, count int }

func (s cut) places() []int {
	list := make([]int, s.count)
	for i := range list {
		list[i] = s.from + i*s.step
	}
	return list
}

// slicing returns what a Slice takes of an array of that shape.
func slicing(n *operator, in []*constant, shape []int) ([]cut, error) {
	var lists [4][]int64
	for i, name := range []string{"starts", "ends", "axes", "steps"} {
		var err error
		if lists[i], err = option(n, name, in, i+1); err != nil {
			return nil, err
		}
	}
	starts, ends, list, steps := lists[0], lists[1], lists[2], lists[3]
	if list == nil {
		list = int64s(upTo(len(starts)))
	}
	if len(ends) != len(starts) || len(list) != len(starts) || steps != nil && len(steps) != len(starts) {
		return nil, damaged("found %d starts, %d ends, %d axes and %d steps", len(starts), len(ends), len(list), len(steps))
	}
	along, err := axes(list, len(shape))
	if err != nil {
		return nil, err
	}
	cuts := make([]cut, len(starts))
	for i, k := range along {
		step := int64(1)
		if steps != nil {
			step = steps[i]
		}
		if step == 0 || step > maxSide || step < -maxSide {
			return nil, damaged("found step %d", step)
		}
		cuts[i] = cutAxis(k, starts[i], ends[i], step, int64(shape[k]))
		if slices.Contains(along[:i], k) {
			return nil, damaged("found axis %d twice", k)
		}
	}
	return cuts, nil
}

// cutAxis clamps start and end to an axis of that side, as numpy does.
func cutAxis(k int, start, end, step, side int64) cut {
	low, high := int64(0), side
	if step < 0 {
		low, high = -1, side-1
	}
	clamp := func(v int64) int64 {
		if v < 0 {
			v = max(v, -side-1) + side
			if step > 0 {
				v = max(v, 0)
			}
		}
		return min(max(v, low), high)
	}
	from, to := clamp(start), clamp(end)
	count := max((to-from+step-sign(step))/step, 0)
	return cut{k, int(from), int(step), int(count)}
}

func sign(v int64) int64 {
	if v < 0 {
		return -1
	}
	return 1
}
