package graphop

import (
	"slices"

	"gorgonia.org/tensor"
)

// broadcast describes how operand b is broadcast to tensor a by NumPy's rule: shapes
// are aligned at the last axis, and an axis of length 1 is repeated.
type broadcast struct {
	rows bool   // b has rows like a, rather than one shared by all
	axes []span // of a row of a; neighbours are merged where possible
}

// span is one axis of a row of a, or several merged axes: the number of positions and
// the step in b from one to the next.
type span struct{ size, step int }

// newBroadcast returns how b is broadcast to a [N,...]. ok is false if the shapes do
// not fit.
func newBroadcast(a, b tensor.Shape) (bc *broadcast, ok bool) {
	if len(b) > len(a) {
		return nil, false
	}
	long := append(slices.Repeat(tensor.Shape{1}, len(a)-len(b)), b...)
	bc = &broadcast{rows: long[0] == a[0]}
	for i, side := range long {
		if side != a[i] && side != 1 {
			return nil, false
		}
	}
	step := 1
	for i := len(a) - 1; i > 0; i-- {
		at := span{a[i], step}
		if long[i] == 1 {
			at.step = 0
		}
		step *= long[i]
		if n := len(bc.axes); a[i] == 1 {
			continue
		} else if n > 0 && bc.axes[n-1].size*bc.axes[n-1].step == at.step {
			bc.axes[n-1].size *= a[i]
			continue
		}
		bc.axes = append(bc.axes, at)
	}
	if len(bc.axes) == 0 {
		bc.axes = []span{{1, 0}}
	}
	slices.Reverse(bc.axes)
	return bc, true
}

// same reports whether b has one value for each value of a.
func (bc *broadcast) same() bool {
	return bc.rows && len(bc.axes) == 1 && (bc.axes[0].step == 1 || bc.axes[0].size == 1)
}

// rowB is the number of values of b used by one row of a.
func (bc *broadcast) rowB() int {
	n := 1
	for _, axis := range bc.axes {
		if axis.step > 0 {
			n *= axis.size
		}
	}
	return n
}

// row returns the values of b used by row i.
func (bc *broadcast) row(b []float32, i int) []float32 {
	if !bc.rows {
		i = 0
	}
	return image(b, i, bc.rowB())
}

// eachRun calls f for runs of a row of a: n values starting at a. The matching values
// of b start at b, with step 1, or step 0 if one value is repeated.
func (bc *broadcast) eachRun(f func(a, b, n, step int)) { bc.runs(bc.axes, 0, 0, f) }

func (bc *broadcast) runs(axes []span, a, b int, f func(a, b, n, step int)) {
	if len(axes) == 1 {
		f(a, b, axes[0].size, axes[0].step)
		return
	}
	inner := 1
	for _, axis := range axes[1:] {
		inner *= axis.size
	}
	for i := range axes[0].size {
		bc.runs(axes[1:], a+i*inner, b+i*axes[0].step, f)
	}
}
