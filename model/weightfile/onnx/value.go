package onnx

import "slices"

// value is what a name in the graph stands for: a constant, or the output of a
// layer, seen in some shape.
//
// Operators that only move numbers, as Reshape and Transpose do, add no layer.
// They change how the layer's output is seen, until an operator asks for
// something that must really be there.
type value struct {
	constant *constant // if it is one; then nothing below is set

	layer string
	base  []int // the layer's output, of one image: [C,H,W] or [F]
	// dims are a row-major reading of base, perm the order in which its axes are
	// seen: of [C,H,W] as [H,W,C], perm is [1,2,0].
	dims, perm []int
	// shape is what is seen, without the batch: dims in the order of perm,
	// perhaps with axes joined or, while the order is theirs, split.
	shape   []int
	softmax bool // a Softmax that was dropped is missing
	alone   bool // nothing else reads the layer, as far as this value tells
}

// layerValue returns a layer's whole output.
func layerValue(layer string, base []int) *value {
	return &value{layer: layer, base: base, dims: base, perm: upTo(len(base)), shape: base, alone: true}
}

// seenAs returns the same view of another layer, whose output has the shape of
// the first one's.
func (v *value) seenAs(layer string) *value {
	out := *v
	out.layer, out.alone = layer, true
	return &out
}

// reshape sees the value in another shape of as many numbers.
func (v *value) reshape(shape []int) *value {
	out := *v
	out.shape = shape
	return &out
}

// transpose sees the axes, the batch not among them, in another order; ok is
// false where they were joined in a way that this cannot say.
func (v *value) transpose(perm []int) (out *value, ok bool) {
	w := *v
	switch {
	case v.rowMajor():
		w.dims, w.perm = v.shape, perm
	case slices.Equal(v.shape, v.seen()):
		w.perm = make([]int, len(perm))
		for i, k := range perm {
			w.perm[i] = v.perm[k]
		}
	default:
		return nil, false
	}
	w.shape = make([]int, len(perm))
	for i, k := range perm {
		w.shape[i] = v.shape[k]
	}
	return &w, true
}

// seen returns dims in the order of perm.
func (v *value) seen() []int {
	shape := make([]int, len(v.perm))
	for i, k := range v.perm {
		shape[i] = v.dims[k]
	}
	return shape
}

// rowMajor reports whether the numbers are seen in the order in which they are.
func (v *value) rowMajor() bool {
	_, order := v.parts()
	return slices.IsSorted(order)
}

// parts returns dims without sides of 1, axes that stay together joined, and the
// order in which they are seen.
func (v *value) parts() (dims, order []int) {
	var seen []int // of dims, without those of side 1
	for _, k := range v.perm {
		if v.dims[k] != 1 {
			seen = append(seen, k)
		}
	}
	type part struct{ first, size int }
	var list []part // as seen
	last := -2
	next := func(k int) int { // the next of dims that is not 1
		for k++; k < len(v.dims) && v.dims[k] == 1; k++ {
		}
		return k
	}
	for _, k := range seen {
		if last >= 0 && next(last) == k {
			list[len(list)-1].size *= v.dims[k]
		} else {
			list = append(list, part{k, v.dims[k]})
		}
		last = k
	}
	stored := slices.Clone(list)
	slices.SortFunc(stored, func(a, b part) int { return a.first - b.first })
	for _, p := range stored {
		dims = append(dims, p.size)
	}
	for _, p := range list {
		order = append(order, slices.Index(stored, p))
	}
	return dims, order
}

// covers returns, for each axis that is seen, the axes of base that it holds
// whole; ok is false where one is split.
func (v *value) covers() (axes [][]int, ok bool) {
	if slices.Equal(v.dims, v.base) && slices.Equal(v.shape, v.seen()) {
		for _, k := range v.perm {
			axes = append(axes, []int{k})
		}
		return axes, true
	}
	ofDims, ok := match(v.dims, v.base)
	if !ok {
		return nil, false
	}
	ofShape, ok := match(v.shape, v.seen())
	if !ok {
		return nil, false
	}
	axes = make([][]int, len(v.shape))
	for i, list := range ofShape {
		for _, k := range list {
			axes[i] = append(axes[i], ofDims[v.perm[k]]...)
		}
	}
	return axes, true
}

// match returns, for each side of whole, the sides of parts, other than 1, whose
// product it is, in order.
func match(whole, parts []int) (list [][]int, ok bool) {
	list = make([][]int, len(whole))
	k := 0
	for i, side := range whole {
		for n := 1; n < side; k++ {
			if k >= len(parts) || side%max(parts[k], 1) != 0 {
				return nil, false
			}
			if parts[k] != 1 {
				list[i] = append(list[i], k)
			}
			if n *= parts[k]; n > side {
				return nil, false
			}
		}
	}
	return list, true
}

// isChannels reports whether an axis that is seen is that of the channels, and
// no other.
func (v *value) isChannels(axis int) bool {
	covers, ok := v.covers()
	if !ok {
		return false
	}
	if len(covers[axis]) == 0 {
		return v.base[0] == 1 && v.shape[axis] == 1
	}
	return slices.Equal(covers[axis], []int{0})
}

// isSpatial reports whether these axes are height and width, all of them.
func (v *value) isSpatial(axes []int) bool {
	covers, ok := v.covers()
	if !ok || len(v.base) != 3 {
		return false
	}
	found := [3]bool{}
	for _, k := range axes {
		for _, b := range covers[k] {
			found[b] = true
		}
	}
	return (!found[0] || v.base[0] == 1) && (found[1] || v.base[1] == 1) && (found[2] || v.base[2] == 1)
}
