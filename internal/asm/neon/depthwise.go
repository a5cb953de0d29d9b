package main

import (
	"fmt"
	"math"
)

// depthwise writes the function that convolves a plane that has its padding with one
// kernel of side×side. Where the kernel moves by 2, loads part the elements of even and
// of odd place: what two taps side by side see.
func (f *file) depthwise(side, stride int) {
	name := fmt.Sprintf("depthwise%dby%dNEON", side, stride)
	fn := f.function(name, "y *float32, yRow int, x *float32, xRow int, rows int, n int, add *float32, weights *float32, "+endingParameters,
		fmt.Sprintf("%s convolves a plane with a kernel of %d×%d that moves by %d, and finishes the", name, side, side, stride),
		"sums as finishNEON does: rows of n elements, yRow apart in y and in add. Rows of x are",
		"xRow apart; all that the kernel sees is there.")
	add, weights, plus := r(16), r(17), r(12)
	fn.param("add", add)
	fn.param("weights", weights)
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
	windows{
		function: fn, side: side, stride: stride,
		row:   func() { fn.op("MOVD", add, plus) },
		begin: func(sum v) { fn.zero(sum) },
		fold:  func(tap int, x, sum v) { fn.fmlaBy(x, weight(tap), sum) },
		end: func(w width, label string, sum, other v) {
			e.apply(sum, other, label, func(to v) {
				fn.loadPart(w, plus, 0, to)
				fn.add(w.bytes(), plus, plus)
			})
		},
		rowEnd: func(yRow r) { fn.op("ADD", yRow, add, add) },
	}.emit()
}

// largestOf writes the function that takes the largest value of each window of a plane
// that has its padding.
func (f *file) largestOf(side, stride int) {
	name := fmt.Sprintf("largest%dby%dNEON", side, stride)
	fn := f.function(name, "y *float32, yRow int, x *float32, xRow int, rows int, n int",
		fmt.Sprintf("%s takes the largest value of each window of %d×%d that moves by %d: rows of n", name, side, side, stride),
		"elements, yRow apart in y. Rows of x are xRow apart; all that windows see is there. NaN",
		"wins.")
	const lowest = v(16)
	fn.lowest(r(8), lowest)
	windows{
		function: fn, side: side, stride: stride,
		begin: func(largest v) { fn.op("VMOV", lowest.b16(), largest.b16()) },
		fold:  func(_ int, x, largest v) { fn.fmax(largest, x, largest) },
	}.emit()
}

// lowest sets all lanes of a vector to −∞.
func (fn *function) lowest(tmp r, to v) {
	fn.op("MOVD", fmt.Sprintf("$%#x", math.Float32bits(float32(math.Inf(-1)))), tmp)
	fn.op("VDUP", tmp, to.s4())
}

// windows is a loop over all windows of a plane: begin sets a result, fold takes the
// values of a tap into it. The other functions, nil for none, are called before each
// row, before a result is stored, and behind each row.
type windows struct {
	*function
	side, stride int
	row          func()
	begin        func(result v)
	fold         func(tap int, x, result v)
	end          func(w width, label string, result, other v)
	rowEnd       func(yRow r)
}

func (o windows) emit() {
	fn, side, stride := o.function, o.side, o.stride
	in := fn.params("y", "yRow", "x", "xRow", "rows", "n")
	y, yRow, x, xRow, rows, n := in[0], in[1], in[2], in[3], in[4], in[5]
	left, at, out, row := r(9), r(10), r(11), r(13)
	fn.scaled(yRow, xRow)
	result, even, odd := v(0), v(2), v(3)
	fn.label("row")
	fn.op("MOVD", x, at)
	fn.op("MOVD", y, out)
	fn.op("MOVD", n, left)
	if o.row != nil {
		o.row()
	}
	fn.byWidths(left, "elements", func(w width, label string) {
		o.begin(result)
		fn.op("MOVD", at, row)
		for i := range side {
			for j := 0; j < side; j += stride {
				tap := i*side + j
				if stride == 1 || w == 1 {
					for s := range min(stride, side-j) {
						fn.loadPart(w, row, 4*(j+s), even)
						o.fold(tap+s, even, result)
					}
					continue
				}
				from := row
				if j > 0 {
					from = r(14)
					fn.add(4*j, row, from)
				}
				fn.loadPairs(w, from, even, odd)
				o.fold(tap, even, result)
				if j+1 < side {
					o.fold(tap+1, odd, result)
				}
			}
			if i < side-1 {
				fn.op("ADD", xRow, row, row)
			}
		}
		if o.end != nil {
			o.end(w, label, result, even)
		}
		fn.storePart(w, result, out, 0)
		fn.add(w.bytes(), out, out)
		fn.add(stride*w.bytes(), at, at)
	})
	for range stride {
		fn.op("ADD", xRow, x, x)
	}
	fn.op("ADD", yRow, y, y)
	if o.rowEnd != nil {
		o.rowEnd(yRow)
	}
	fn.loop(1, rows, "row")
	fn.ret()
}
