package winograd

import (
	"bytes"
	"sync/atomic"
	"unsafe"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
)

// Kernels holds transformed kernels. The zero value is ready.
type Kernels struct {
	of []float32     // the kernels that u was made from
	u  []gemm.Packed // of each point, [C,O] of the plan; [O,C] for the gradient
}

const some = 8 // kernels of a piece of work

// Set transforms kernels w [O,C,side,side] for p, or for the gradient towards the
// input of p where back is set. It does nothing if w has not changed: the kernels of a
// frozen layer are transformed once.
func (k *Kernels) Set(p *Plan, w []float32, back bool, scratch func(worker int) *Scratch) {
	if same(k.of, w) {
		return
	}
	k.of = k.of[:0] // until all of u is made
	all := grow(&scratch(0).kernels, p.points*p.out*p.channels)
	parallel.For((p.out+some-1)/some, func(worker, i int) {
		from, to := i*some, min((i+1)*some, p.out)
		p.transformKernels(scratch(worker), all, w[from*p.channels*p.taps():to*p.channels*p.taps()], from, to, back)
	})
	rows, columns := p.channels, p.out
	if back {
		rows, columns = columns, rows
	}
	if k.u == nil {
		k.u = make([]gemm.Packed, p.points)
	}
	parallel.For(p.points, func(_, point int) {
		k.u[point].Set(all[point*rows*columns:(point+1)*rows*columns], columns, rows, columns)
	})
	k.of = append(k.of, w...)
}

// transformKernels transforms kernels [from,to) into all, [points][C,O] or, back,
// [points][O,C].
func (p *Plan) transformKernels(s *Scratch, all, w []float32, from, to int, back bool) {
	n, size, taps := (to-from)*p.channels, p.out*p.channels, p.taps()
	if back { // [points][O,C] is what it takes: the roles of O and C are exchanged
		s.gemm.Sgemm(false, true, p.points, n, taps, 1, p.turned, taps, w, taps, 0, all[from*p.channels:], size)
		return
	}
	u := grow(&s.piece, p.points*n) // [points][to-from,C]
	s.gemm.Sgemm(false, true, p.points, n, taps, 1, p.kernels, taps, w, taps, 0, u, n)
	for point := range p.points {
		gemm.Transpose(all[point*size+from:], p.out, u[point*n:], p.channels, to-from, p.channels)
	}
}

// same reports whether two slices hold the same bits.
func same(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	const piece = 1 << 16
	var differ atomic.Bool
	parallel.For((len(a)+piece-1)/piece, func(_, i int) {
		from, to := i*piece, min((i+1)*piece, len(a))
		if !bytes.Equal(bits(a[from:to]), bits(b[from:to])) {
			differ.Store(true)
		}
	})
	return !differ.Load()
}

func bits(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}
