package gemm

// packPanel packs the panel of B that starts at column j.
func (blk *block) packPanel(j int) {
	nr, kc := blk.nr(), blk.p1-blk.p0
	panel := blk.panels[(j-blk.j0)*kc:][:nr*kc]
	width := min(nr, blk.j1-j)
	if blk.transB {
		packColumns(panel, nr, blk.b[j*blk.ldb+blk.p0:], blk.ldb, kc, width)
	} else {
		blk.packRows(&panel[0], &blk.b[blk.p0*blk.ldb+j], blk.ldb, kc, width)
	}
}

// packColumns transposes width rows of k elements, ld apart in src, into a
// panel of nr columns, by blocks of 8×8. Where sizes are no multiples of
// eight, the last block overlaps the one before.
func packColumns(panel []float32, nr int, src []float32, ld, k, width int) {
	if width < nr {
		clear(panel)
	}
	if width < 8 || k < 8 {
		for j := range width {
			for p, v := range src[j*ld:][:k] {
				panel[p*nr+j] = v
			}
		}
		return
	}
	for j := 0; j < width; j += 8 {
		j := min(j, width-8)
		packColumnsAVX2(&panel[j], nr, &src[j*ld], ld, k)
	}
}
