package feature

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkGather gathers shuffled batches of 64 rows, as an epoch does: features below
// fc1 and below fc2 of model.DeepMNIST.
func BenchmarkGather(b *testing.B) {
	for _, size := range []int{3136, 1024} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			const n, batch = 20000, 64
			r := &rows{shape: []int{size}, size: size, labels: make([]int, n), values: make([]float32, n*size)}
			for i := range r.values {
				r.values[i] = float32(i)
			}
			order := rand.New(rand.NewPCG(1, 2)).Perm(n)
			dst := make([]float32, batch*size)
			b.ReportAllocs()
			b.SetBytes(int64(4 * len(dst)))
			at := 0
			for b.Loop() {
				r.Gather(dst, order[at:at+batch])
				if at += batch; at+batch > n {
					at = 0
				}
			}
		})
	}
}
