package vector

import (
	"math"

	"github.com/lastlayer/lastlayer/internal/gemm"
)

// whole makes the step for as many elements as fill whole vectors, and returns
// their number.
func (k MomentumStep) whole(w, g, v []float32) int {
	n := wholeVectors(len(w))
	switch {
	case n == 0:
	case gemm.Lanes() == 16:
		momentumAVX512(&w[0], &g[0], &v[0], n, k.Rate, k.Momentum, k.Decay)
	default:
		momentumAVX2(&w[0], &g[0], &v[0], n, k.Rate, k.Momentum, k.Decay)
	}
	return n
}

func (k AdamStep) whole(w, g, m, v []float32) int {
	n := wholeVectors(len(w))
	switch {
	case n == 0:
	case gemm.Lanes() == 16:
		adamAVX512(&w[0], &g[0], &m[0], &v[0], n, k.Rate, k.Beta1, 1-k.Beta1, k.Beta2, 1-k.Beta2, k.Fix1, k.Fix2, k.Epsilon, k.Decay)
	default:
		adamAVX2(&w[0], &g[0], &m[0], &v[0], n, k.Rate, k.Beta1, 1-k.Beta1, k.Beta2, 1-k.Beta2, k.Fix1, k.Fix2, k.Epsilon, k.Decay)
	}
	return n
}

// sumWhole returns the sum of as many elements as fill whole vectors, and their
// number.
func sumWhole(x []float32) (sum float32, n int) {
	n = wholeVectors(len(x))
	var lanes [16]float32
	switch {
	case n == 0:
	case gemm.Lanes() == 16:
		sumAVX512(&x[0], &lanes[0], n)
	default:
		sumAVX2(&x[0], &lanes[0], n)
	}
	for _, v := range lanes {
		sum += v
	}
	return sum, n
}

// wholeVectors returns n rounded down to whole vectors; 0 without assembly.
func wholeVectors(n int) int {
	lanes := gemm.Lanes()
	if lanes == 0 {
		return 0
	}
	return n / lanes * lanes
}

// windows is how many windows of a row the assembly takes at a time.
const windows = 16

func (p Pool) maxWhole(y []float32, at []uint8, z []float32, bias float32) bool {
	if gemm.Lanes() != 16 || len(y) == 0 {
		return false
	}
	floor := float32(math.Inf(-1))
	if p.Rectify {
		floor = 0
	}
	for i := 0; i < p.columns(); i += windows {
		maxPool2AVX512(&y[i], &at[i], p.columns(), &z[2*i], p.Width, p.rows(), min(windows, p.columns()-i), bias, floor)
	}
	return true
}

func (p Pool) backWhole(dz, dy, y []float32, at []uint8) bool {
	if gemm.Lanes() != 16 || len(y) == 0 {
		return false
	}
	for i := 0; i < p.columns(); i += windows {
		backPool2AVX512(&dz[2*i], p.Width, &dy[i], &y[i], &at[i], p.columns(), p.rows(), min(windows, p.columns()-i), p.Rectify)
	}
	return true
}

func (f *Finish) whole(y, x, add []float32) bool {
	what, with := f.what(add)
	switch gemm.Lanes() {
	case 16:
		finishAVX512(&y[0], &x[0], with, len(x), what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	case 8:
		finishAVX2(&y[0], &x[0], with, len(x), what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	default:
		return false
	}
	return true
}

func tapsWhole(y, x []float32, at []int, weights []float32) bool {
	switch gemm.Lanes() {
	case 16:
		tapsAVX512(&y[0], len(y), &x[0], &at[0], len(at), &weights[0])
	case 8:
		tapsAVX2(&y[0], len(y), &x[0], &at[0], len(at), &weights[0])
	default:
		return false
	}
	return true
}

func largestWhole(y, x []float32, at []int) bool {
	switch gemm.Lanes() {
	case 16:
		largestAVX512(&y[0], len(y), &x[0], &at[0], len(at))
	case 8:
		largestAVX2(&y[0], len(y), &x[0], &at[0], len(at))
	default:
		return false
	}
	return true
}

// addBytesWhole returns how many elements it has done.
func addBytesWhole(sums []int32, line []byte, weight int32) int {
	switch gemm.Lanes() {
	case 16:
		addBytesAVX512(&sums[0], &line[0], len(sums), weight)
	case 8:
		addBytesAVX2(&sums[0], &line[0], len(sums), weight)
	default:
		return 0
	}
	return len(sums)
}

func weighWhole(out, row []byte, first []int, weights []int32) bool {
	if gemm.Lanes() == 0 {
		return false
	}
	weighAVX2(&out[0], &row[0], &first[0], len(first), &weights[0], len(weights)/len(first))
	return true
}

func depthwiseCode() bool { return gemm.Lanes() > 0 }

func (d *Depthwise) whole(y, x, weights, add []float32, f *Finish) {
	shape := d.shape()
	what, with := f.what(add)
	switch wide := gemm.Lanes() == 16; { // called one by one: what is called through a table would put d on the heap
	case wide && d.Side == 3 && d.Stride == 1:
		depthwise3by1AVX512(&y[0], &x[0], with, &weights[0], shape, what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	case wide && d.Side == 3:
		depthwise3by2AVX512(&y[0], &x[0], with, &weights[0], shape, what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	case wide && d.Stride == 1:
		depthwise5by1AVX512(&y[0], &x[0], with, &weights[0], shape, what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	case wide:
		depthwise5by2AVX512(&y[0], &x[0], with, &weights[0], shape, what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	case d.Side == 3 && d.Stride == 1:
		depthwise3by1AVX2(&y[0], &x[0], with, &weights[0], shape, what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	case d.Side == 3:
		depthwise3by2AVX2(&y[0], &x[0], with, &weights[0], shape, what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	case d.Stride == 1:
		depthwise5by1AVX2(&y[0], &x[0], with, &weights[0], shape, what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	default:
		depthwise5by2AVX2(&y[0], &x[0], with, &weights[0], shape, what, f.Bias, f.Mean, f.Factor, f.Shift, f.Lo, f.Hi)
	}
}

// shape is what the assembly asks for: the six numbers from Height on. They are not
// copied for each plane: a vector that is loaded from numbers just stored waits until
// all stores before it are in the cache.
func (d *Depthwise) shape() *int { return &d.Height }

func (d *Depthwise) largestWhole(y, x []float32) bool {
	shape := d.shape()
	if gemm.Lanes() == 16 {
		largest3by2AVX512(&y[0], &x[0], shape)
	} else {
		largest3by2AVX2(&y[0], &x[0], shape)
	}
	return true
}
