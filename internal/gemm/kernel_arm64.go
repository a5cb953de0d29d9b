package gemm

import "unsafe"

// The sizes agree with the generator in folder asm.
const neonRows, neonVecs, neonLanes = 6, 4, 4

var neonKernel = kernel{"go-neon", neonRows, neonVecs, neonLanes, []int{16, 12, 8, 6}, true}

// machineKernels lists the one kernel: every arm64 processor has NEON.
func machineKernels() []kernel { return []kernel{neonKernel} }

// tile multiplies one tile; see tileNEON for the arguments. Of the last vector of
// each row of C only the first tail elements are read or written: a tile that is
// not full is made elsewhere.
func (kn *kernel) tile(rows, vecs, k int, alpha float32, a *float32, rsA, csA int, b *float32, rsB int, beta float32, c *float32, ldc, tail int, after *float32, what int, add *float32) {
	if tail == neonLanes {
		tileNEON(rows, vecs, k, alpha, a, rsA, csA, b, rsB, beta, c, ldc, after, what, add)
		return
	}
	var full, fullAdd edge
	ld, width := vecs*neonLanes, (vecs-1)*neonLanes+tail
	if beta != 0 {
		copyRows(&full[0], ld, c, ldc, rows, width)
	}
	if add != nil {
		copyRows(&fullAdd[0], ld, add, ldc, rows, width)
		add = &fullAdd[0]
	}
	tileNEON(rows, vecs, k, alpha, a, rsA, csA, b, rsB, beta, &full[0], ld, after, what, add)
	copyRows(c, ldc, &full[0], ld, rows, width)
}

// edge has room for any tile at the right edge of C.
type edge [neonRows * neonVecs * neonLanes]float32

func copyRows(dst *float32, ldDst int, src *float32, ldSrc, rows, width int) {
	to, from := unsafe.Slice(dst, (rows-1)*ldDst+width), unsafe.Slice(src, (rows-1)*ldSrc+width)
	for i := range rows {
		copy(to[i*ldDst:][:width], from[i*ldSrc:])
	}
}

// packRows copies k rows of width elements, ld apart, into one panel.
func (kn *kernel) packRows(dst, src *float32, ld, k, width int) {
	const nr = neonVecs * neonLanes
	if width == nr {
		packRowsNEON(dst, src, ld, k)
		return
	}
	clear(unsafe.Slice(dst, k*nr))
	copyRows(dst, nr, src, ld, k, width)
}

// transpose8 transposes eight rows of columns elements, at least 8.
func transpose8(dst *float32, ldDst int, src *float32, ldSrc, columns int) {
	packColumnsNEON(dst, ldDst, src, ldSrc, columns)
}

func (*kernel) take([]float32, int, []float32, int, int, int, int) bool { return false }

func (*kernel) takeAt([]float32, int, []float32, []int, int, int) bool { return false }
