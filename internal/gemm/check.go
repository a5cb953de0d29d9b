package gemm

import (
	"fmt"
	"unsafe"
)

// check panics if sizes or C are wrong.
func (g *product) check() {
	if g.m < 0 || g.n < 0 || g.k < 0 {
		panic(fmt.Sprintf("gemm: negative size: m=%d n=%d k=%d", g.m, g.n, g.k))
	}
	checkMatrix("C", g.m, g.n, len(g.c), g.ldc)
	if f := g.finish; f != nil {
		if len(f.Rows) < g.m {
			panic(fmt.Sprintf("gemm: found %d rows of what follows, expected %d", len(f.Rows), g.m))
		}
		if f.Add != nil {
			checkMatrix("Add", g.m, g.n, len(f.Add), g.ldc)
		}
	}
}

// setA checks A and sets its strides.
func (g *product) setA(trans bool, a []float32, lda int) {
	g.a, g.rsA, g.csA, g.transA = a, lda, 1, trans
	rows, cols := g.m, g.k
	if trans {
		g.rsA, g.csA = 1, lda
		rows, cols = cols, rows
	}
	checkMatrix("A", rows, cols, len(a), lda)
}

// checkB panics if B is wrong.
func (g *product) checkB() {
	rows, cols := g.k, g.n
	if g.transB {
		rows, cols = cols, rows
	}
	checkMatrix("B", rows, cols, len(g.b), g.ldb)
}

// checkMatrix panics if a stored matrix of rows × cols does not fit.
func checkMatrix(name string, rows, cols, length, ld int) {
	if ld < max(1, cols) {
		panic(fmt.Sprintf("gemm: leading dimension of %s is %d, expected at least %d", name, ld, max(1, cols)))
	}
	if rows == 0 || cols == 0 {
		return
	}
	if length < (rows-1)*ld+cols {
		panic(fmt.Sprintf("gemm: %s has %d elements, expected at least %d (%d×%d, leading dimension %d)",
			name, length, (rows-1)*ld+cols, rows, cols, ld))
	}
}

// checkPanels panics if the kernel in use has no panels for a Pack to write.
func checkPanels() {
	if inUse.rows == 0 {
		panic("gemm: the kernel " + inUse.name + " has no panels")
	}
}

// alignedSlice returns n zeros that start on a cache line, so that loads from
// panels do not straddle two.
func alignedSlice(n int) []float32 {
	const line = 64
	s := make([]float32, n+line/4)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(s))) % line / 4
	return s[skip:][:n:n]
}
