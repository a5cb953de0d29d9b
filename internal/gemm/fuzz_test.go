package gemm

import (
	"math/rand/v2"
	"testing"
)

// FuzzSgemm tries sizes, strides and scalars on all kernels.
func FuzzSgemm(f *testing.F) {
	f.Add(uint64(1), uint16(12), uint16(32), uint16(25), uint8(0), uint8(0), float32(1), float32(0))
	f.Add(uint64(2), uint16(13), uint16(33), uint16(300), uint8(3), uint8(5), float32(-1), float32(0.5))
	f.Fuzz(func(t *testing.T, seed uint64, m, n, k uint16, flags, slack uint8, alpha, beta float32) {
		if !(alpha*alpha < 1e6 && beta*beta < 1e6) {
			t.Skip("the tolerance supposes moderate numbers")
		}
		q := call{
			m: int(m % 200), n: int(n % 300), k: int(k % 600), alpha: alpha, beta: beta,
			transA: flags&1 != 0, transB: flags&2 != 0,
		}.withStrides(int(slack % 40))
		each(t, func(t *testing.T) {
			var ws Workspace
			rng := rand.New(rand.NewPCG(seed, 0))
			if err := q.run(rng, func(a, b, c []float32) { q.sgemm(&ws, a, b, c) }); err != nil {
				t.Fatal(err)
			}
		})
	})
}
