package gemm

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/internal/fence"
)

// TestStaysInside runs products of slices next to pages that fault, so that
// reading one element too many ends the test.
func TestStaysInside(t *testing.T) {
	fa, fb, fc := fence.New(t), fence.New(t), fence.New(t)
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 12))
		var ws Workspace
		for i := range 1000 {
			q := randomCall(rng)
			na, nb, nc := q.sizes()
			atEnd := i%2 == 0
			a, b := fa.Place(filled(rng, na), atEnd), fb.Place(filled(rng, nb), atEnd)
			old := filled(rng, nc)
			c := fc.Place(slices.Clone(old), atEnd)
			q.sgemm(&ws, a, b, c)
			if err := q.check(a, b, old, c); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestFinish makes products with what follows them, packed and not, next to pages that
// fault, and holds them to the bits of the same steps one by one.
func TestFinish(t *testing.T) {
	fa, fb, fc, fadd := fence.New(t), fence.New(t), fence.New(t), fence.New(t)
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(13, 14))
		var ws Workspace
		for i := range 600 {
			q := call{m: 1 + rng.IntN(40), n: 1 + rng.IntN(150), k: 1 + rng.IntN(40), alpha: 1}.withStrides(rng.IntN(3))
			if i%10 == 0 {
				q.k += 300 // two blocks
				q = q.withStrides(0)
			}
			na, nb, nc := q.sizes()
			atEnd := i%2 == 0
			a, b := fa.Place(filled(rng, na), atEnd), fb.Place(filled(rng, nb), atEnd)
			f := &Finish{Rows: make([]After, q.m), Normal: i&4 != 0, Clip: i&8 != 0}
			for j := range f.Rows {
				x := filled(rng, 4)
				f.Rows[j] = After{x[0], x[1], x[2], x[3], -1, 1.5}
			}
			if i&16 != 0 {
				f.Add = fadd.Place(filled(rng, nc), atEnd)
			}
			c := fc.Place(filled(rng, nc), atEnd)
			want := slices.Clone(c)
			q.sgemm(&ws, a, b, want)
			var finished bool
			if i&32 != 0 {
				var p Packed
				p.Set(b, q.ldb, q.k, q.n)
				p.Multiply(&ws, q.m, a, q.lda, want, q.ldc, nil)
				finished = p.Multiply(&ws, q.m, a, q.lda, c, q.ldc, f)
			} else {
				finished = ws.Multiply(q.m, q.n, q.k, a, q.lda, b, q.ldb, c, q.ldc, f)
			}
			if finished != inUse.finishes {
				t.Fatalf("found finished %t, expected %t", finished, inUse.finishes)
			}
			for j, v := range c {
				w := want[j]
				if finished && j%q.ldc < q.n {
					w = f.of(w, j/q.ldc, j)
				}
				if v != w {
					t.Fatalf("%v, %+v: element %d: found %g, expected %g", q, f, j, v, w)
				}
			}
		}
	})
}

// of is what follows a sum of row i, at place j of C.
func (f *Finish) of(v float32, i, j int) float32 {
	r := f.Rows[i]
	v += r.Bias
	if f.Normal {
		v = float32((v-r.Mean)*r.Factor) + r.Shift
	}
	if f.Add != nil {
		v += f.Add[j]
	}
	if f.Clip {
		v = min(max(v, r.Lo), r.Hi)
	}
	return v
}

// TestTake copies pieces of rows next to pages that fault.
func TestTake(t *testing.T) {
	fdst, fsrc := fence.New(t), fence.New(t)
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(15, 15))
		for i := range 2000 {
			rows, n, stride := 1+rng.IntN(9), 1+rng.IntN(70), 1+rng.IntN(3)
			ldDst, ldSrc := n+rng.IntN(5), (n-1)*stride+1+rng.IntN(5)
			src := fsrc.Place(filled(rng, (rows-1)*ldSrc+(n-1)*stride+1), i%2 == 0)
			want := filled(rng, (rows-1)*ldDst+n)
			dst := fdst.Place(want, i%2 == 0)
			for r := range rows {
				for j := range n {
					want[r*ldDst+j] = src[r*ldSrc+j*stride]
				}
			}
			Take(dst, ldDst, src, ldSrc, rows, n, stride)
			if !slices.Equal(dst, want) {
				t.Fatalf("%d rows of %d, stride %d, rows %d and %d apart: found other elements", rows, n, stride, ldSrc, ldDst)
			}
			var at []int
			for r := range rows {
				at = append(at, r*ldSrc)
			}
			clear(dst)
			TakeAt(dst, ldDst, src, at, n, stride)
			for j := range want {
				if j%ldDst >= n {
					want[j] = 0
				}
			}
			if !slices.Equal(dst, want) {
				t.Fatalf("listed: %d rows of %d, stride %d, rows %d and %d apart: found other elements", rows, n, stride, ldSrc, ldDst)
			}
		}
	})
}
