package main

import "fmt"

// depthwise writes the function that convolves a plane that has its padding with one
// kernel of side×side. Where the kernel moves by 2, loads part the elements of even and
// of odd place: what two taps side by side see.
func (f *file) depthwise(side, stride int) {
	name := fmt.Sprintf("depthwise%dby%dNEON", side, stride)
	fn := f.function(name, "y *float32, yRow int, x *float32, xRow int, add *float32, weights *float32, rows int, n int, "+endingParameters,
		fmt.Sprintf("%s convolves a plane with a kernel of %d×%d that moves by %d, and finishes the", name, side, side, stride),
		"sums as finishNEON does: rows of n elements, yRow apart in y and in add. Rows of x are",
		"xRow apart; all that the kernel sees is there.")
	in := fn.params("y", "yRow", "x", "xRow", "add", "weights", "rows", "n")
	y, yRow, x, xRow, add, weights, rows, n := in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7]
	left, at, out, plus, row := r(9), r(10), r(11), r(12), r(13)
	fn.scaled(yRow, xRow)
	e := newEnding(fn, 8, 16)
	const kept = v(23) // the weights, four in each register
	weight := func(tap int) lane { return lane{kept + v(tap/lanes), tap % lanes} }
	for tap := 0; tap < side*side; tap += lanes {
		if tap+lanes <= side*side {
			fn.load(weights, 4*tap, weight(tap).of)
		} else {
			fn.loadPart(1, weights, 4*tap, weight(tap).of)
		}
	}
	sum, even, odd := v(0), v(2), v(3)
	fn.label("row")
	fn.op("MOVD", x, at)
	fn.op("MOVD", y, out)
	fn.op("MOVD", add, plus)
	fn.op("MOVD", n, left)
	fn.byWidths(left, "elements", func(w width, label string) {
		fn.zero(sum)
		fn.op("MOVD", at, row)
		for i := range side {
			for j := 0; j < side; j += stride {
				tap := i*side + j
				if stride == 1 || w == 1 {
					for s := range min(stride, side-j) {
						fn.loadPart(w, row, 4*(j+s), even)
						fn.fmlaBy(even, weight(tap+s), sum)
					}
					continue
				}
				from := row
				if j > 0 {
					from = r(14)
					fn.add(4*j, row, from)
				}
				fn.loadPairs(w, from, even, odd)
				fn.fmlaBy(even, weight(tap), sum)
				if j+1 < side {
					fn.fmlaBy(odd, weight(tap+1), sum)
				}
			}
			if i < side-1 {
				fn.op("ADD", xRow, row, row)
			}
		}
		e.apply(sum, even, label, func(to v) {
			fn.loadPart(w, plus, 0, to)
			fn.add(w.bytes(), plus, plus)
		})
		fn.storePart(w, sum, out, 0)
		fn.add(w.bytes(), out, out)
		fn.add(stride*w.bytes(), at, at)
	})
	for range stride {
		fn.op("ADD", xRow, x, x)
	}
	fn.op("ADD", yRow, y, y)
	fn.op("ADD", yRow, add, add)
	fn.loop(1, rows, "row")
	fn.ret()
}
