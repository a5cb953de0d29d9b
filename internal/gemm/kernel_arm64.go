package gemm

import "unsafe"

// The sizes agree with the generator in folder asm.
const neonRows, neonVecs, neonLanes = 6, 4, 4

var neonKernel = kernel{"go-neon", neonRows, neonVecs, neonLanes, []int{16, 12, 8, 6}}

// machineKernels lists the one kernel: every arm64 processor has NEON.
func machineKernels() []kernel { return []kernel{neonKernel} }

// tile multiplies one tile; see tileNEON for the arguments. Of the last vector of
// each row of C only the first tail elements are read or written: a tile that is
// not full is made elsewhere.
func (kn *kernel) tile(rows, vecs, k int, alpha float32, a *float32, rsA, csA int, b *float32, rsB int, beta float32, c *float32, ldc, tail int) {
	if tail == neonLanes {
		tileNEON(rows, vecs, k, alpha, a, rsA, csA, b, rsB, beta, c, ldc)
		return
	}
	var full [neonRows * neonVecs * neonLanes]float32
	ld, width := vecs*neonLanes, (vecs-1)*neonLanes+tail
	out := unsafe.Slice(c, (rows-1)*ldc+width)
	if beta != 0 {
		for i := range rows {
			copy(full[i*ld:], out[i*ldc:][:width])
		}
	}
	tileNEON(rows, vecs, k, alpha, a, rsA, csA, b, rsB, beta, &full[0], ld)
	for i := range rows {
		copy(out[i*ldc:][:width], full[i*ld:])
	}
}

// packRows copies k rows of width elements, ld apart, into one panel.
func (kn *kernel) packRows(dst, src *float32, ld, k, width int) {
	const nr = neonVecs * neonLanes
	if width == nr {
		packRowsNEON(dst, src, ld, k)
		return
	}
	to, from := unsafe.Slice(dst, k*nr), unsafe.Slice(src, (k-1)*ld+width)
	for p := range k {
		row := to[p*nr:][:nr]
		clear(row[copy(row, from[p*ld:][:width]):])
	}
}

// transpose8 transposes eight rows of columns elements, at least 8.
func transpose8(dst *float32, ldDst int, src *float32, ldSrc, columns int) {
	packColumnsNEON(dst, ldDst, src, ldSrc, columns)
}
