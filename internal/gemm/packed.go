package gemm

import "fmt"

// Packed is a matrix B [k,n] as the kernel in use reads it, for many products. The
// zero value is empty. It is read only once it is set.
type Packed struct {
	k, n   int
	kernel string
	values []float32 // of kernels in assembly: blocks of k, in each the panels; otherwise rows
}

// Set packs b, whose rows are ldb apart. It panics if b is too short.
func (p *Packed) Set(b []float32, ldb, k, n int) {
	checkMatrix("B", k, n, len(b), ldb)
	if inUse.rows > 0 {
		p.set(&product{n: n, k: k, b: b, ldb: ldb})
		return
	}
	p.size(k, n, n)
	for i := range k {
		copy(p.values[i*n:(i+1)*n], b[i*ldb:])
	}
}

// SetTransposed packs the transpose of b [n,k], whose rows are ldb apart. It panics if b
// is too short.
func (p *Packed) SetTransposed(b []float32, ldb, k, n int) {
	checkMatrix("B", n, k, len(b), ldb)
	if inUse.rows > 0 {
		p.set(&product{n: n, k: k, b: b, ldb: ldb, transB: true})
		return
	}
	p.size(k, n, n)
	Transpose(p.values, n, b, ldb, n, k)
}

// SetPack has pack write the panels. It panics if the kernel in use has none: see Lanes.
func (p *Packed) SetPack(k, n int, pack Pack) {
	checkPanels()
	p.set(&product{n: n, k: k, pack: pack})
}

// set packs B of g.
func (p *Packed) set(g *product) {
	p.size(g.k, g.n, roundUp(g.n, inUse.nr()))
	if g.k > 0 && g.n > 0 {
		p.pack(g)
	}
}

// size makes room for k rows of width numbers.
func (p *Packed) size(k, n, width int) {
	if cap(p.values) < k*width {
		p.values = alignedSlice(k * width)
	}
	*p = Packed{k, n, inUse.name, p.values[:k*width]}
}

// PanelWidth returns how many columns of B are read together by the kernel in use; 1 for
// gonum.
func PanelWidth() int { return max(inUse.nr(), 1) }

// Multiply computes C = A·B for A [m,k], on the calling goroutine, and finishes it as
// Workspace.Multiply does. It panics if a slice is too short, or if the kernel is not the
// one that B was packed for.
func (p *Packed) Multiply(ws *Workspace, m int, a []float32, lda int, c []float32, ldc int, f *Finish) bool {
	return p.MultiplyColumns(ws, m, a, lda, c, ldc, 0, p.n, f)
}

// MultiplyColumns is Multiply for columns [j0,j1) of B and C only. It panics unless j0 is a
// multiple of PanelWidth.
func (p *Packed) MultiplyColumns(ws *Workspace, m int, a []float32, lda int, c []float32, ldc, j0, j1 int, f *Finish) bool {
	if j0 < 0 || j0 > j1 || j1 > p.n || j0%PanelWidth() != 0 {
		panic(fmt.Sprintf("gemm: multiply by columns %d to %d of %d: expected the first to be a multiple of %d", j0, j1, p.n, PanelWidth()))
	}
	g := product{m: m, n: p.n, k: p.k, alpha: 1, b: p.values, ldb: max(p.n, 1), c: c, ldc: ldc, finish: f}
	g.check()
	g.setA(false, a, lda)
	if p.kernel != inUse.name {
		panic("gemm: B is packed for the kernel " + p.kernel + ", in use is " + inUse.name)
	}
	switch {
	case m == 0 || j0 == j1: // C may be empty
	case p.k == 0 || inUse.rows == 0:
		part := g.columnsOf(j0, j1)
		ws.multiply(&part)
	default:
		p.blocked(ws, &g, j0, j1)
	}
	return g.finishes()
}
