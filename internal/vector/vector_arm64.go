package vector

import (
	"math"
	"sync"

	"github.com/lastlayer/lastlayer/internal/gemm"
)

// neon reports whether the kernel in use is the one in assembly.
func neon() bool { return gemm.Lanes() > 0 }

// wholeVectors returns n rounded down to vectors of so many lanes; 0 without
// assembly.
func wholeVectors(n, lanes int) int {
	if !neon() {
		return 0
	}
	return n / lanes * lanes
}

// whole makes the step for as many elements as fill whole vectors, and returns
// their number.
func (k MomentumStep) whole(w, g, v []float32) int {
	n := wholeVectors(len(w), 4)
	if n > 0 {
		momentumNEON(&w[0], &g[0], &v[0], n, k.Rate, k.Momentum, k.Decay)
	}
	return n
}

func (k AdamStep) whole(w, g, m, v []float32) int {
	n := wholeVectors(len(w), 4)
	if n > 0 {
		adamNEON(&w[0], &g[0], &m[0], &v[0], n, k.Rate, k.Beta1, 1-k.Beta1, k.Beta2, 1-k.Beta2, k.Fix1, k.Fix2, k.Epsilon, k.Decay)
	}
	return n
}

// sumWhole returns the sum of as many elements as fill four vectors, and their
// number.
func sumWhole(x []float32) (sum float32, n int) {
	var lanes [16]float32
	if n = wholeVectors(len(x), len(lanes)); n > 0 {
		sumNEON(&x[0], &lanes[0], n)
	}
	for _, v := range lanes {
		sum += v
	}
	return sum, n
}

// windows is the fewest windows in a row that the assembly takes.
const windows = 4

func (p Pool) maxWhole(y []float32, at []uint8, z []float32, bias float32) bool {
	if !neon() || p.rows() == 0 || p.columns() < windows {
		return false
	}
	floor := float32(math.Inf(-1))
	if p.Rectify {
		floor = 0
	}
	maxPool2NEON(&y[0], &at[0], p.columns(), &z[0], p.Width, p.rows(), p.columns(), bias, floor)
	return true
}

func (p Pool) backWhole(dz, dy, y []float32, at []uint8) bool {
	if !neon() || p.rows() == 0 || p.columns() < windows {
		return false
	}
	backPool2NEON(&dz[0], p.Width, &dy[0], &y[0], &at[0], p.columns(), p.rows(), p.columns(), p.Rectify)
	return true
}

func (f *Finish) whole(y, x, add []float32) bool {
	if !neon() {
		return false
	}
	what, with := f.what(add)
	finishNEON(&y[0], &x[0], with, len(x), what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	return true
}

func tapsWhole(y, x []float32, at []int, weights []float32) bool {
	if neon() {
		tapsNEON(&y[0], len(y), &x[0], &at[0], len(at), &weights[0])
	}
	return neon()
}

func largestWhole(y, x []float32, at []int) bool {
	if neon() {
		largestNEON(&y[0], len(y), &x[0], &at[0], len(at))
	}
	return neon()
}

// addBytesWhole returns how many elements it has done.
func addBytesWhole(sums []int32, line []byte, weight int32) int {
	n := wholeVectors(len(sums), 4)
	if n > 0 {
		addBytesNEON(&sums[0], &line[0], n, weight)
	}
	return n
}

func weighWhole(out, row []byte, first []int, weights []int32) bool {
	if neon() {
		weighNEON(&out[0], &row[0], &first[0], len(first), &weights[0], len(weights)/len(first))
	}
	return neon()
}

// planes has memory for planes with their padding.
var planes = sync.Pool{New: func() any { return new([]float32) }}

func depthwiseCode() bool { return neon() }

func (d *Depthwise) whole(y, x, weights, add []float32, f *Finish) {
	plane := planes.Get().(*[]float32)
	defer planes.Put(plane)
	in := d.padded(plane, x, 0)
	what, with := f.what(add)
	switch { // called one by one: what is called through a table puts arguments on the heap
	case d.Side == 3 && d.Stride == 1:
		depthwise3by1NEON(&y[0], d.OutW, &in[0], d.row(), d.OutH, d.OutW, with, &weights[0], what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	case d.Side == 3:
		depthwise3by2NEON(&y[0], d.OutW, &in[0], d.row(), d.OutH, d.OutW, with, &weights[0], what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	case d.Stride == 1:
		depthwise5by1NEON(&y[0], d.OutW, &in[0], d.row(), d.OutH, d.OutW, with, &weights[0], what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	default:
		depthwise5by2NEON(&y[0], d.OutW, &in[0], d.row(), d.OutH, d.OutW, with, &weights[0], what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	}
}

// row is the length of a row of the plane with its padding: where the kernel moves by
// 2, the assembly reads pairs, one number more than it needs.
func (d *Depthwise) row() int { return (d.OutW-1)*d.Stride + d.Side + d.Stride - 1 }

// padded returns all that the kernel sees of x, in memory, with outside around it.
func (d *Depthwise) padded(memory *[]float32, x []float32, outside float32) []float32 {
	rows, length := (d.OutH-1)*d.Stride+d.Side, d.row()
	if cap(*memory) < rows*length {
		*memory = make([]float32, rows*length)
	}
	in := (*memory)[:rows*length]
	for i := range rows {
		row, y := in[i*length:][:length], i-d.Top
		left, n := length, 0
		if y >= 0 && y < d.Height {
			left = min(d.Left, length)
			n = copy(row[left:], x[y*d.Width:][:d.Width])
		}
		fill(row[:left], outside)
		fill(row[left+n:], outside)
	}
	return in
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

func (d *Depthwise) largestWhole(y, x []float32) bool {
	if !neon() {
		return false
	}
	plane := planes.Get().(*[]float32)
	defer planes.Put(plane)
	in := d.padded(plane, x, float32(math.Inf(-1)))
	largest3by2NEON(&y[0], d.OutW, &in[0], d.row(), d.OutH, d.OutW)
	return true
}
