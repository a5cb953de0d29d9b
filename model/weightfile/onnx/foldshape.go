package onnx

import "slices"

// reshaped returns the same numbers in another shape.
func (c *constant) reshaped(shape []int) *constant {
	out := *c
	out.shape = shape
	return &out
}

func foldReshape(_ *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	target, err := option(n, "shape", in, 1)
	if err != nil {
		return nil, err
	}
	shape, err := reshape(target, int64s(c.shape), n.whole("allowzero", 0) != 0)
	if err != nil {
		return nil, err
	}
	out, err := sides(shape)
	if err != nil || product(out) != c.size() || len(out) > maxRank {
		return nil, damaged("found shape %v for %d numbers", shape, c.size())
	}
	return one(c.reshaped(out)), nil
}

// reshape returns the shape that a Reshape to target makes of old: 0 stands for
// the side that was there, -1 for what is left.
func reshape(target, old []int64, allowZero bool) ([]int64, error) {
	if len(target) > maxRank {
		return nil, damaged("found a shape of %d sides, expected at most %d", len(target), maxRank)
	}
	out := slices.Clone(target)
	total, known, open := int64(1), int64(1), -1
	for _, side := range old {
		total *= side
	}
	for i, side := range out {
		switch {
		case side == 0 && !allowZero && i < len(old):
			out[i] = old[i]
		case side == -1 && open < 0:
			open = i
			continue
		case side < 0 || side > maxSide:
			return nil, damaged("found shape %v", target)
		}
		if known *= out[i]; known > maxSide {
			return nil, damaged("found shape %v for %d numbers", target, total)
		}
	}
	if open >= 0 {
		if known == 0 || total%known != 0 {
			return nil, damaged("found shape %v for %d numbers", target, total)
		}
		out[open] = total / known
	}
	return out, nil
}

func foldFlatten(_ *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	k := n.whole("axis", 1)
	if k < 0 {
		k += int64(len(c.shape))
	}
	if k < 0 || k > int64(len(c.shape)) {
		return nil, damaged("found axis %d of an array with %d", k, len(c.shape))
	}
	return one(c.reshaped([]int{product(c.shape[:k]), product(c.shape[k:])})), nil
}

func foldSqueeze(_ *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	list, err := option(n, "axes", in, 1)
	if err != nil {
		return nil, err
	}
	shape, err := squeeze(list, c.shape)
	if err != nil {
		return nil, err
	}
	return one(c.reshaped(shape)), nil
}

// squeeze returns a shape without those axes, whose sides must be 1, or without
// all such sides.
func squeeze(list []int64, shape []int) ([]int, error) {
	gone, err := axes(list, len(shape))
	if err != nil {
		return nil, err
	}
	out := []int{}
	for k, side := range shape {
		switch {
		case list == nil && side == 1:
		case !slices.Contains(gone, k):
			out = append(out, side)
		case side != 1:
			return nil, damaged("axis %d: found side %d, expected 1", k, side)
		}
	}
	return out, nil
}

func foldUnsqueeze(_ *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	list, err := option(n, "axes", in, 1)
	if err != nil {
		return nil, err
	}
	shape, err := unsqueeze(list, c.shape)
	if err != nil {
		return nil, err
	}
	return one(c.reshaped(shape)), nil
}

// unsqueeze returns a shape with sides of 1 at those axes of the result.
func unsqueeze(list []int64, shape []int) ([]int, error) {
	rank := len(shape) + len(list)
	if rank > maxRank {
		return nil, damaged("found more than %d dimensions", maxRank)
	}
	added, err := axes(list, rank)
	if err != nil {
		return nil, err
	}
	slices.Sort(added)
	if len(slices.Compact(added)) != len(list) {
		return nil, damaged("found axes %v, expected each once", list)
	}
	out := slices.Clone(shape)
	for _, k := range added {
		out = slices.Insert(out, k, 1)
	}
	return out, nil
}

func foldConcat(r *reader, n *operator, in []*constant) ([]*constant, error) {
	first, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	k, err := axis(n.whole("axis", 1), len(first.shape))
	if err != nil {
		return nil, err
	}
	out := &constant{dtype: first.dtype, shape: slices.Clone(first.shape)}
	out.shape[k] = 0
	for i := range in {
		c, err := input(in, i)
		if err != nil {
			return nil, err
		}
		if len(c.shape) != len(first.shape) || c.dtype.isFloat() != first.dtype.isFloat() {
			return nil, damaged("found arrays of different ranks or types")
		}
		for j, side := range c.shape {
			if j != k && side != first.shape[j] {
				return nil, damaged("found arrays of shapes %v and %v", first.shape, c.shape)
			}
		}
		out.shape[k] += c.shape[k]
	}
	if _, err := sides(int64s(out.shape)); err != nil {
		return nil, err
	}
	if err := r.budget.derive(product(out.shape)); err != nil || product(out.shape) == 0 {
		return one(out), err
	}
	for outer := range product(first.shape[:k]) {
		for _, c := range in {
			block := product(c.shape[k:])
			if c.dtype.isFloat() {
				for i := range block {
					out.floats = append(out.floats, c.at(outer*block+i))
				}
				continue
			}
			for b := range out.ints {
				out.ints[b] = append(out.ints[b], c.ints[b][outer*block:(outer+1)*block]...)
			}
		}
	}
	return one(out), nil
}

func foldSplit(r *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	k, err := axis(n.whole("axis", 0), len(c.shape))
	if err != nil {
		return nil, err
	}
	parts, err := splitting(n, in, c.shape[k])
	if err != nil {
		return nil, err
	}
	var out []*constant
	at := 0
	for _, size := range parts {
		places := upTo(at + size)[at:]
		part, err := r.pickAxis(c, k, places)
		if err != nil {
			return nil, err
		}
		out, at = append(out, part), at+size
	}
	return out, nil
}

// splitting returns the sizes of the parts of a Split along an axis of that
// side.
func splitting(n *operator, in []*constant, side int) ([]int, error) {
	list, err := option(n, "split", in, 1)
	if err != nil {
		return nil, err
	}
	parts := len(n.outputs)
	if list == nil {
		size := (side + parts - 1) / max(parts, 1)
		for left := side; left > 0 && len(list) < parts; left -= size {
			list = append(list, int64(min(size, left)))
		}
	}
	sizes, err := sides(list)
	sum := 0
	for _, size := range sizes {
		sum += size
	}
	if err != nil || len(sizes) != parts || sum != side {
		return nil, damaged("found parts %v for %d outputs, expected %d in all", list, parts, side)
	}
	return sizes, nil
}
