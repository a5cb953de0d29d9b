package winograd

import (
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
)

// Kernels holds transformed kernels. The zero value is ready.
type Kernels struct {
	of []float32 // the kernels that u was made from
	u  []float32 // [64][C,O] of the plan; [64][O,C] for the gradient
}

// Set transforms kernels w [O,C,5,5] for p, or for the gradient towards the
// input of p where back is set. It does nothing if w is as it was: a frozen
// layer's are transformed once.
func (k *Kernels) Set(p *Plan, w []float32, back bool, scratch func(worker int) *Scratch) {
	if same(k.of, w) {
		return
	}
	k.of = k.of[:0] // until all of u is made
	if k.u == nil {
		k.u = make([]float32, points*p.out*p.channels)
	}
	const some = 8 // kernels of a piece of work
	parallel.For((p.out+some-1)/some, func(worker, i int) {
		from, to := i*some, min((i+1)*some, p.out)
		k.transform(p, scratch(worker), w[from*p.channels*taps:to*p.channels*taps], from, to, back)
	})
	k.of = append(k.of, w...)
}

// transform transforms kernels [from,to).
func (k *Kernels) transform(p *Plan, s *Scratch, w []float32, from, to int, back bool) {
	n, size := (to-from)*p.channels, p.out*p.channels
	if back { // [64][O,C] is what it takes: the roles of O and C are exchanged
		s.gemm.Sgemm(false, true, points, n, taps, 1, turned, taps, w, taps, 0, k.u[from*p.channels:], size)
		return
	}
	u := grow(&s.kernels, points*n) // [64][to-from,C]
	s.gemm.Sgemm(false, true, points, n, taps, 1, kernelMatrix, taps, w, taps, 0, u, n)
	for point := range points {
		gemm.Transpose(k.u[point*size+from:], p.out, u[point*n:], p.channels, to-from, p.channels)
	}
}

func same(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i, v := range a {
		if v != b[i] { // NaN differs from itself, and is transformed each time
			return false
		}
	}
	return true
}
