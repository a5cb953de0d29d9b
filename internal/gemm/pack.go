//go:build amd64 || arm64

package gemm

import "github.com/lastlayer/lastlayer/internal/parallel"

// packPanel packs the panel of B that starts at column j.
func (blk *block) packPanel(panels []float32, j int) {
	nr, kc := blk.nr(), blk.p1-blk.p0
	panel := panels[(j-blk.j0)*kc:][:nr*kc]
	width := min(nr, blk.j1-j)
	if blk.product.pack != nil {
		blk.product.pack(panel, nr, blk.p0, blk.p1, j, width)
	} else if blk.transB {
		packColumns(panel, nr, blk.b[j*blk.ldb+blk.p0:], blk.ldb, kc, width)
	} else {
		blk.packRows(&panel[0], &blk.b[blk.p0*blk.ldb+j], blk.ldb, kc, width)
	}
}

// packColumns transposes width rows of k elements, ld apart in src, into a
// panel of nr columns.
func packColumns(panel []float32, nr int, src []float32, ld, k, width int) {
	if width < nr {
		clear(panel)
	}
	transposeBlocks(panel, nr, src, ld, width, k)
}

// transpose is Transpose for slices of the right lengths.
func (kn *kernel) transpose(dst []float32, ldDst int, src []float32, ldSrc, rows, columns int) {
	if kn.rows == 0 {
		transposeGo(dst, ldDst, src, ldSrc, rows, columns)
		return
	}
	transposeBlocks(dst, ldDst, src, ldSrc, rows, columns)
}

// transposeBlocks is Transpose by blocks of 8×8. Where sizes are no multiples
// of eight, the last block overlaps the one before.
func transposeBlocks(dst []float32, ldDst int, src []float32, ldSrc, rows, columns int) {
	if rows < 8 || columns < 8 {
		transposeGo(dst, ldDst, src, ldSrc, rows, columns)
		return
	}
	for i := 0; i < rows; i += 8 {
		i := min(i, rows-8)
		transpose8(&dst[i], ldDst, &src[i*ldSrc], ldSrc, columns)
	}
}

// pack fills the panels with B of g, of a Packed that has room for them, on all threads
// where there is much.
func (p *Packed) pack(g *product) {
	const much = 1 << 15 // numbers
	kc, nr := evenly(p.k, maxKC), inUse.nr()
	width := roundUp(p.n, nr)
	panels := width / nr
	one := func(i int) {
		blk := block{product: g, kernel: &inUse, j1: p.n}
		blk.p0 = i / panels * kc
		blk.p1 = min(blk.p0+kc, p.k)
		blk.packPanel(p.values[width*blk.p0:], i%panels*nr)
	}
	pieces := (p.k + kc - 1) / kc * panels
	if p.k*p.n < much {
		for i := range pieces {
			one(i)
		}
		return
	}
	parallel.For(pieces, func(_, i int) { one(i) })
}

// blocked makes columns [j0,j1) of the product with the panels that are there.
func (p *Packed) blocked(ws *Workspace, g *product, j0, j1 int) {
	kc, width := evenly(p.k, maxKC), roundUp(p.n, inUse.nr())
	blk := block{product: g, kernel: &inUse, ws: ws, j0: j0, j1: j1, packed: true}
	for ; blk.p0 < p.k; blk.p0 = blk.p1 {
		blk.p1 = min(blk.p0+kc, p.k)
		blk.multiply(p.values[width*blk.p0+j0*(blk.p1-blk.p0):])
		blk.beta = 1
	}
}
