package gemm

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// gonum runs a product with gonum's Sgemm.
func (ws *Workspace) gonum(g *product) {
	tA, lda := blas.NoTrans, g.rsA
	if g.transA {
		tA, lda = blas.Trans, g.csA
	}
	tB := blas.NoTrans
	if g.transB {
		tB = blas.Trans
	}
	gonum.Implementation{}.Sgemm(tA, tB, g.m, g.n, g.k, g.alpha, g.a, lda, g.b, g.ldb, g.beta, g.c, g.ldc)
}
