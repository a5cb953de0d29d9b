package gemm

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Implementation is gonum's BLAS with Sgemm replaced by a Pool.
type Implementation struct {
	gonum.Implementation
	pool *Pool
}

// BLAS returns an implementation for gorgonia.Use.
func BLAS() Implementation { return Implementation{pool: new(Pool)} }

// Sgemm computes C = alpha*op(A)*op(B) + beta*C, where op is given by tA and
// tB; see Pool.Sgemm.
func (impl Implementation) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	impl.pool.Sgemm(transposed(tA), transposed(tB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

func transposed(t blas.Transpose) bool {
	switch t {
	case blas.NoTrans:
		return false
	case blas.Trans, blas.ConjTrans:
		return true
	}
	panic("gemm: illegal transpose")
}
