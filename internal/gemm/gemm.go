package gemm

// maxKC is the most rows of B in a block. A panel of them fits the first-level cache, and
// C is read and written once for that many rows.
const maxKC = 256

// Workspace holds the packing buffers of one goroutine. The zero value is
// ready. It must not be used by two goroutines at a time. Buffers grow to the
// largest size needed and are kept.
type Workspace struct {
	buffer []float32
	other  []float32 // for products that are made transposed
	spread []float32 // for columns of A
}

// product is one call: C = alpha*A*B + beta*C. Element (i,p) of A is
// a[i*rsA+p*csA]. B is b, or bᵀ if transB, or what pack writes if that is set.
type product struct {
	m, n, k     int
	alpha, beta float32
	a           []float32
	rsA, csA    int
	transA      bool
	b           []float32
	ldb         int
	transB      bool
	pack        Pack
	c           []float32
	ldc         int
	finish      *Finish // nil for none
}

// Pack writes part of a matrix B to a panel: rows [p0,p1) of columns [j,j+width), row p
// from panel[(p-p0)*ld] on. What else there is in the panel it may leave as it is.
type Pack func(panel []float32, ld, p0, p1, j, width int)

// Sgemm computes C = alpha*op(A)*op(B) + beta*C on the calling goroutine.
// op(A) is m×k, op(B) k×n, C m×n, all row-major; op transposes if transA or
// transB is set; lda, ldb and ldc are the distances between rows as stored.
// If beta is zero, C is not read. Sgemm panics if a slice is too short or a
// leading dimension too small. C must not overlap A or B.
func (ws *Workspace) Sgemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	g := product{
		m: m, n: n, k: k, alpha: alpha, beta: beta,
		b: b, ldb: ldb, transB: transB, c: c, ldc: ldc,
	}
	g.check()
	g.setA(transA, a, lda)
	g.checkB()
	ws.multiply(&g)
}

// Multiply computes C = A·B, of sizes as in Sgemm, and finishes it as f says while it
// is in registers. It reports false if it did not finish it: the kernel in use cannot,
// or k is 0, so that there is no product.
func (ws *Workspace) Multiply(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, f *Finish) bool {
	g := product{m: m, n: n, k: k, alpha: 1, b: b, ldb: ldb, c: c, ldc: ldc, finish: f}
	g.check()
	g.setA(false, a, lda)
	g.checkB()
	ws.multiply(&g)
	return g.finishes()
}

// MultiplyPack is Multiply with a B that pack writes, a panel at a time, once each. It
// panics if the kernel in use has no panels: see Lanes.
func (ws *Workspace) MultiplyPack(m, n, k int, a []float32, lda int, pack Pack, c []float32, ldc int, f *Finish) bool {
	checkPanels()
	g := product{m: m, n: n, k: k, alpha: 1, pack: pack, c: c, ldc: ldc, finish: f}
	g.check()
	g.setA(false, a, lda)
	ws.multiply(&g)
	return g.finishes()
}

// multiply runs a checked product with the kernel in use.
func (ws *Workspace) multiply(g *product) {
	switch {
	case g.m == 0 || g.n == 0:
	case g.k == 0:
		g.scaleC()
	case inUse.rows == 0:
		ws.gonum(g)
	default:
		ws.blocked(g)
	}
}

// scaleC is the product without any k.
func (g *product) scaleC() {
	for i := range g.m {
		row := g.c[i*g.ldc:][:g.n]
		if g.beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= g.beta
		}
	}
}

// grown returns a slice of n elements that starts on a cache line, kept in
// the workspace.
func (ws *Workspace) grown(n int) []float32 {
	if len(ws.buffer) < n {
		ws.buffer = alignedSlice(n)
	}
	return ws.buffer[:n]
}

// turned is grown, for another buffer.
func (ws *Workspace) turned(n int) []float32 {
	if len(ws.other) < n {
		ws.other = alignedSlice(n)
	}
	return ws.other[:n]
}
