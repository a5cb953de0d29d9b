package gemm

import (
	"math/rand/v2"
	"testing"
)

// The products of a network of two convolutions and two dense layers, batch 64.
var products = []struct {
	name string
	call
}{
	{"conv1/forward", call{m: 32, n: 784, k: 25}},
	{"conv1/dW", call{m: 32, n: 25, k: 784, transB: true, beta: 1}},
	{"conv2/forward", call{m: 64, n: 196, k: 800}},
	{"conv2/dW", call{m: 64, n: 800, k: 196, transB: true, beta: 1}},
	{"conv2/dX", call{m: 800, n: 196, k: 64, transA: true}},
	{"fc1/forward", call{m: 64, n: 1024, k: 3136}},
	{"fc1/dW", call{m: 3136, n: 1024, k: 64, transA: true}},
	{"fc1/dX", call{m: 64, n: 3136, k: 1024, transB: true}},
	{"fc1/forward256", call{m: 256, n: 1024, k: 3136}},
	{"fc1/forward1", call{m: 1, n: 1024, k: 3136}},
	{"fc2/forward", call{m: 64, n: 10, k: 1024}},
	{"fc2/dW", call{m: 1024, n: 10, k: 64, transA: true}},
	{"fc2/dX", call{m: 64, n: 1024, k: 10, transB: true}},
}

// benchmark measures f on each product.
func benchmark(b *testing.B, f func(q call, x, y, z []float32)) {
	rng := rand.New(rand.NewPCG(15, 16))
	for _, p := range products {
		q := p.withStrides(0)
		q.alpha = 1
		na, nb, nc := q.sizes()
		x, y, z := filled(rng, na), filled(rng, nb), filled(rng, nc)
		b.Run(p.name, func(b *testing.B) {
			for b.Loop() {
				f(q, x, y, z)
			}
			flops := 2 * float64(q.m) * float64(q.n) * float64(q.k) * float64(b.N)
			b.ReportMetric(flops/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}

func BenchmarkWorkspace(b *testing.B) {
	var ws Workspace
	benchmark(b, func(q call, x, y, z []float32) { q.sgemm(&ws, x, y, z) })
}

func BenchmarkPool(b *testing.B) {
	var pool Pool
	benchmark(b, func(q call, x, y, z []float32) {
		pool.Sgemm(q.transA, q.transB, q.m, q.n, q.k, q.alpha, x, q.lda, y, q.ldb, q.beta, z, q.ldc)
	})
}
