package vector

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/lastlayer/lastlayer/internal/fence"
)

// TestStaysInside runs everything on slices next to pages that fault, so that reading
// one element too many ends the test.
func TestStaysInside(t *testing.T) {
	memory := []fence.Memory{fence.New(t), fence.New(t), fence.New(t), fence.New(t)}
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(6, 6))
		for i := range 400 {
			n, atEnd := 1+rng.IntN(70), i%2 == 0
			numbers := func(m, n int) []float32 {
				x, _ := guarded(rng, n)
				for i := range x {
					x[i] *= x[i]
				}
				return memory[m].Place(x, atEnd)
			}
			w, g, m, v := numbers(0, n), numbers(1, n), numbers(2, n), numbers(3, n)
			MomentumStep{}.Apply(w, g, v)
			AdamStep{Epsilon: 1}.Apply(w, g, m, v)
			Sum(w)
			(&Finish{Normal: true, Clip: true}).Apply(w, g, m)
			at := []int{rng.IntN(20), rng.IntN(20), 20}
			x := numbers(1, n+20)
			Taps(w, x, at, numbers(2, len(at)))
			Largest(w, x, at)

			AddBytes(integersOf(memory[0], n, atEnd), bytesOf(memory[1], n, atEnd), 3)
			weights := integersOf(memory[2], 3*n, atEnd)
			Weigh(bytesOf(memory[0], 4*n, atEnd), bytesOf(memory[1], 4*(n+2), atEnd), upTo(n), weights)

			p := Pool{Height: 1 + rng.IntN(12), Width: 1 + rng.IntN(70), Rectify: i/2%2 == 0}
			windows := p.rows() * p.columns()
			z, y, dy := numbers(0, p.Height*p.Width), numbers(1, windows), numbers(2, windows)
			places := bytesOf(memory[3], windows, atEnd)
			p.Max(y, places, z, 0.5)
			p.Back(z, dy, y, places)
		}
	})
}

// bytesOf returns n bytes at the end of the memory, or at its start.
func bytesOf(m fence.Memory, n int, atEnd bool) []uint8 {
	all := unsafe.Slice((*uint8)(unsafe.Pointer(&m[0])), 4*len(m))
	if atEnd {
		return all[len(all)-n:]
	}
	return all[:n]
}

// integersOf is bytesOf with integers.
func integersOf(m fence.Memory, n int, atEnd bool) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(&bytesOf(m, 4*n, atEnd)[0])), n)
}

// upTo returns the numbers below n.
func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
