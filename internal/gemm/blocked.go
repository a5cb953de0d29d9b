//go:build amd64 || arm64

package gemm

const (
	// maxPacked is the most elements of B in a packed block: half of a
	// second-level cache of 1 MB.
	maxPacked = 128 << 10
	// With at most tinyDirect rows of A, B is not packed: a copy would cost more
	// than the product. Neither is it with maxDirect rows, if B has at most
	// maxDirectB elements, so that it stays in the second-level cache.
	tinyDirect = 8
	maxDirect  = 64
	maxDirectB = 256 << 10
	// A transposed B of at least this many times as many columns as A has rows
	// is not packed but multiplied from the other side, if it has at least
	// longB rows: transposing C then costs next to nothing.
	wideB = 4
	longB = 64
	// fewPanels of B are few enough to be read again for each tile of a large A,
	// which then comes from memory once.
	fewPanels = 2
	// page is how many elements apart rows are that share the same few lines of the
	// first-level cache, where they evict each other and B.
	page = 1 << 10
	// fewK is the most rows of B for which storing C takes so much of the time
	// that its order counts.
	fewK = 16
)

// blocked cuts the product into blocks of B and multiplies A by each.
//
// Blocks of k depend on k alone, and each element of C is summed in the order
// of k within a block. So its bytes do not depend on how m and n are cut.
func (ws *Workspace) blocked(g *product) {
	if g.transB && !g.transA && g.beta == 0 && g.n >= wideB*g.m && g.k >= longB && g.m >= inUse.lanes {
		ws.fromTheOtherSide(g)
		return
	}
	nr := inUse.nr()
	kc := evenly(g.k, maxKC)
	nc := max(maxPacked/kc/nr, 1) * nr
	blk := block{product: g, kernel: &inUse, ws: ws, beta: g.beta}
	for ; blk.p0 < g.k; blk.p0 = blk.p1 {
		blk.p1 = min(blk.p0+kc, g.k)
		blk.j0 = 0
		if blk.direct() {
			blk.j1 = g.n / nr * nr
			blk.multiply(nil)
			blk.j0 = blk.j1
		}
		for ; blk.j0 < g.n; blk.j0 = blk.j1 {
			blk.j1 = min(blk.j0+nc, g.n)
			blk.multiply(ws.grown(roundUp(blk.j1-blk.j0, nr) * (blk.p1 - blk.p0)))
		}
		blk.beta = 1
	}
}

// fromTheOtherSide computes Cᵀ = B·Aᵀ, for which only the small A is packed, and
// transposes it. It sums each element in the same order.
func (ws *Workspace) fromTheOtherSide(g *product) {
	ct := ws.turned(g.n * g.m)
	ws.blocked(&product{
		m: g.n, n: g.m, k: g.k, alpha: g.alpha,
		a: g.b, rsA: g.ldb, csA: 1, b: g.a, ldb: g.rsA, transB: true, c: ct, ldc: g.m,
	})
	inUse.transpose(g.c, g.ldc, ct, g.m, g.n, g.m)
}

// direct says whether B is read where it lies.
func (blk *block) direct() bool {
	if blk.transB || blk.pack != nil {
		return false
	}
	return blk.m <= tinyDirect || blk.m <= maxDirect && blk.k*blk.n <= maxDirectB
}

// evenly returns the size of parts, at most limit, that cut n into parts of
// nearly the same size.
func evenly(n, limit int) int {
	parts := (n + limit - 1) / limit
	return (n + parts - 1) / parts
}

// block is the part of a product with rows [p0,p1) and columns [j0,j1) of B.
type block struct {
	*product
	*kernel
	ws             *Workspace
	p0, p1, j0, j1 int
	left           []float32 // the columns of A that are multiplied by the block
	rsLeft         int       // between rows of left
	beta           float32   // that of the product for the first block of k, then 1
	packed         bool      // the panels are there
}

// multiply adds the product of A and the block to C. panels has the block's panels, or
// room for them; nil if B is read where it lies, in whole panels. Usually all of A passes
// while a panel stays in the first-level cache. If k is small, the rows of C
// are finished one tile after the other instead, from left to right: with
// rows a multiple of a page apart, the tiles of a column evict each other. The
// same is done if there are few panels: A is then read only once.
//
// A panel is packed just before its first use, so that reading B from memory
// and computing take turns, and prefetches have time to arrive.
func (blk *block) multiply(panels []float32) {
	tiles := (blk.m + blk.rows - 1) / blk.rows
	group := tiles
	blk.left, blk.rsLeft = blk.a[blk.p0*blk.csA:], blk.rsA
	if blk.k <= fewK || blk.j1-blk.j0 <= fewPanels*blk.nr() {
		group = 1
	} else if blk.rsA%page == 0 && blk.csA == 1 && blk.m > blk.rows {
		blk.spread()
	}
	for t := 0; t < tiles; t += group {
		i0, i1 := t*blk.m/tiles, (t+group)*blk.m/tiles
		for j := blk.j0; j < blk.j1; {
			if t == 0 && panels != nil && !blk.packed {
				blk.packPanel(panels, j)
			}
			j += blk.column(panels, i0, i1, group, j)
		}
	}
}

// spread copies the columns of A to rows that lie in different lines of the cache.
func (blk *block) spread() {
	const line = 16
	kc := blk.p1 - blk.p0
	apart := kc + line
	if blk.m*apart > len(blk.ws.spread) {
		blk.ws.spread = alignedSlice(blk.m * apart)
	}
	for i := range blk.m {
		copy(blk.ws.spread[i*apart:][:kc], blk.left[i*blk.rsA:])
	}
	blk.left, blk.rsLeft = blk.ws.spread, apart
}

// column multiplies rows [i0,i1) of A by the columns of B from j on that make
// one column of tiles. It returns their number.
func (blk *block) column(panels []float32, i0, i1, tiles, j int) int {
	kc, width := blk.p1-blk.p0, min(blk.nr(), blk.j1-j)
	var b *float32
	var rsB int
	if panels != nil {
		b, rsB = &panels[(j-blk.j0)*kc], blk.nr()
	} else {
		b, rsB = &blk.b[blk.p0*blk.ldb+j], blk.ldb
		if wide := blk.wide(i1 - i0); wide <= blk.j1-j {
			width = wide
		}
	}
	vecs := (width + blk.lanes - 1) / blk.lanes
	tail := width - (vecs-1)*blk.lanes
	var after, add *float32 // with the last block of k the sums are there
	what, f := 0, blk.finish
	if f != nil && blk.p1 == blk.k {
		what = f.what()
	} else {
		f = nil
	}
	for ; tiles > 0; tiles-- {
		rows := (i1 - i0) / tiles
		if f != nil {
			after = &f.Rows[i0].Bias
			if f.Add != nil {
				add = &f.Add[i0*blk.ldc+j]
			}
		}
		blk.tile(rows, vecs, kc, blk.alpha, &blk.left[i0*blk.rsLeft], blk.rsLeft, blk.csA,
			b, rsB, blk.beta, &blk.c[i0*blk.ldc+j], blk.ldc, tail, after, what, add)
		i0 += rows
	}
	return width
}
