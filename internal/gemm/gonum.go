package gemm

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// gonum runs a product with gonum's Sgemm.
func (ws *Workspace) gonum(g *product) {
	b, ldb := g.b, g.ldb
	if g.pack != nil {
		b, ldb = ws.unpacked(g), g.n
	}
	tA, lda := blas.NoTrans, g.rsA
	if g.transA {
		tA, lda = blas.Trans, g.csA
	}
	tB := blas.NoTrans
	if g.transB {
		tB = blas.Trans
	}
	gonum.Implementation{}.Sgemm(tA, tB, g.m, g.n, g.k, g.alpha, g.a, lda, b, ldb, g.beta, g.c, g.ldc)
}

// unpacked lets the Packer write all of B and puts its panels side by side.
func (ws *Workspace) unpacked(g *product) []float32 {
	nr := inUse.nr()
	panels := roundUp(g.n, nr) / nr
	buf := ws.grown(g.k * (panels*nr + g.n))
	packed, b := buf[:g.k*panels*nr], buf[g.k*panels*nr:]
	g.pack(packed, 0, g.k, 0, g.n)
	for q := range panels {
		for p := range g.k {
			copy(b[p*g.n+q*nr:(p+1)*g.n], packed[(q*g.k+p)*nr:][:nr])
		}
	}
	return b
}
