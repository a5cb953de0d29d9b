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
	of []float32     // the kernels that u was made from, unless they are fixed
	u  []gemm.Packed // of each point, [C,O] of the plan; [O,C] for the gradient

	fixed bool // u is made of kernels that never change
}

const (
	some       = 8       // kernels of a piece of work
	somePoints = 3 << 20 // numbers in the points that are transformed at a time
)

// Set transforms kernels w [O,C,side,side] for p, or for the gradient towards the
// input of p where back is set. It does nothing if w has not changed: the kernels of a
// frozen layer are transformed once. The caller says by fixed that they never change;
// otherwise they are compared each time.
func (k *Kernels) Set(p *Plan, w []float32, back, fixed bool, scratch func(worker int) *Scratch) {
	if k.fixed || same(k.of, w) {
		return
	}
	k.of = k.of[:0] // until all of u is made
	if k.u == nil {
		k.u = make([]gemm.Packed, p.points)
	}
	size := p.out * p.channels
	most := max(1, somePoints/size)
	for first := 0; first < p.points; first += most {
		u := k.u[first:min(first+most, p.points)]
		all := grow(&scratch(0).kernels, len(u)*size)
		parallel.For((p.out+some-1)/some, func(worker, i int) {
			from, to := i*some, min((i+1)*some, p.out)
			p.transformKernels(scratch(worker), all, w[from*p.channels*p.taps():to*p.channels*p.taps()], from, first, len(u), back)
		})
		parallel.For(len(u), func(_, i int) {
			one := all[i*size : (i+1)*size]
			if back {
				u[i].Set(one, p.channels, p.out, p.channels)
			} else {
				u[i].SetTransposed(one, p.channels, p.channels, p.out)
			}
		})
	}
	if k.fixed = fixed; !fixed {
		k.of = append(k.of, w...)
	}
}

// transformKernels transforms w, the kernels from number from on, into all [points][O,C],
// for that many points from first on. Those of the gradient towards the input are turned.
func (p *Plan) transformKernels(s *Scratch, all, w []float32, from, first, points int, back bool) {
	taps := p.taps()
	g := p.kernels
	if back {
		g = p.turned
	}
	s.gemm.Sgemm(false, true, points, len(w)/taps, taps, 1, g[first*taps:], taps, w, taps, 0, all[from*p.channels:], p.out*p.channels)
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
