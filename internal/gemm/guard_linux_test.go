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
