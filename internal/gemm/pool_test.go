package gemm

import (
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"

	"github.com/lastlayer/lastlayer/internal/parallel"
)

// TestPoolEqualsWorkspace: the same bytes for any number of threads.
func TestPoolEqualsWorkspace(t *testing.T) {
	defer func() {
		if err := parallel.SetThreads(0); err != nil {
			t.Error(err)
		}
	}()
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(13, 14))
		for _, q := range []call{
			{m: 64, n: 300, k: 600, alpha: 1},
			{m: 64, n: 300, k: 600, alpha: 0.5, beta: -1, transB: true},
			{m: 800, n: 10, k: 300, alpha: 1, beta: 1, transA: true},
			{m: 1, n: 1030, k: 700, alpha: 1},
			{m: 130, n: 40, k: 300, alpha: 1},
			{m: 3, n: 3, k: 3, alpha: 1},
			{m: 0, n: 10, k: 3, alpha: 1},
		} {
			q = q.withStrides(3)
			na, nb, nc := q.sizes()
			a, b, old := filled(rng, na), filled(rng, nb), filled(rng, nc)
			want := slices.Clone(old)
			q.sgemm(new(Workspace), a, b, want)
			for _, threads := range []int{1, 2, 3, 8} {
				if err := parallel.SetThreads(threads); err != nil {
					t.Fatal(err)
				}
				c := slices.Clone(old)
				new(Pool).Sgemm(q.transA, q.transB, q.m, q.n, q.k, q.alpha, a, q.lda, b, q.ldb, q.beta, c, q.ldc)
				if !slices.Equal(c, want) {
					t.Errorf("%v: differs with %d threads", q, threads)
				}
			}
		}
	})
}

func TestBLAS(t *testing.T) {
	var impl blas.Float32 = BLAS() // gorgonia asks for this and for Float64
	var _ blas.Float64 = BLAS()
	q := call{m: 2, n: 1, k: 3, transA: true, transB: true, alpha: 1}.withStrides(0)
	a, b, c := []float32{1, 2, 3, 4, 5, 6}, []float32{1, 10, 100}, make([]float32, 2)
	impl.Sgemm(blas.Trans, blas.ConjTrans, q.m, q.n, q.k, q.alpha, a, q.lda, b, q.ldb, q.beta, c, q.ldc)
	if want := []float32{531, 642}; !slices.Equal(c, want) {
		t.Errorf("C is %v, expected %v", c, want)
	}
}
