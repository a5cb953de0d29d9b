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
	if k.u == nil {
		k.u = make([]gemm.Packed, p.points)
	}
	size := p.out * p.channels
	parallel.For(p.points, func(_, point int) {
		u := all[point*size : (point+1)*size]
		if back {
			k.u[point].Set(u, p.channels, p.out, p.channels)
		} else {
			k.u[point].SetTransposed(u, p.channels, p.channels, p.out)
		}
	})
	k.of = append(k.of, w...)
}

// transformKernels transforms kernels [from,to), w, into all, [points][O,C]. Those of the
// gradient towards the input are turned.
func (p *Plan) transformKernels(s *Scratch, all, w []float32, from, to int, back bool) {
	n, size, taps := (to-from)*p.channels, p.out*p.channels, p.taps()
	g := p.kernels
	if back {
		g = p.turned
	}
	s.gemm.Sgemm(false, true, p.points, n, taps, 1, g, taps, w, taps, 0, all[from*p.channels:], size)
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
