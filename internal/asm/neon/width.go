package main

import "fmt"

// width is how many elements are computed at a time: 4, and at the end of a row 2 and
// 1, for which registers are loaded and stored in part. What their other lanes hold
// does not matter.
type width int

var widths = []width{4, 2, 1}

func (w width) move() string { return map[width]string{4: "FMOVQ", 2: "FMOVD", 1: "FMOVS"}[w] }

func (w width) bytes() int { return 4 * int(w) }

// loadPart loads the elements at base + disp.
func (fn *function) loadPart(w width, base r, disp int, to v) {
	fn.op(w.move(), mem(base, disp), to.f())
}

// storePart stores them.
func (fn *function) storePart(w width, x v, base r, disp int) {
	fn.op(w.move(), x.f(), mem(base, disp))
}

// byWidths writes a loop over n elements: body is written for each width, and goes
// on to the next elements itself.
func (fn *function) byWidths(n r, name string, body func(w width, label string)) {
	next := func(i int) string {
		if i == len(widths) {
			return name + "_done"
		}
		return fmt.Sprintf("%s_%d", name, widths[i])
	}
	for i, w := range widths {
		fn.label(next(i))
		fn.op("CMP", fmt.Sprintf("$%d", w), n)
		fn.op("BLT", next(i+1))
		body(w, next(i))
		fn.op("SUB", fmt.Sprintf("$%d", w), n, n)
		fn.op("B", next(i))
	}
	fn.label(next(len(widths)))
}

// loadPairs loads two vectors whose elements take turns at base.
func (fn *function) loadPairs(w width, base r, a, b v) {
	to := pairs(a, b)
	if w == 2 {
		to = fmt.Sprintf("[V%d.S2, V%d.S2]", a, b)
	}
	fn.op("VLD2", mem(base, 0), to)
}
