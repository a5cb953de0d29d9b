package onnx

import "slices"

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
