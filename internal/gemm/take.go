package gemm

import "fmt"

// Take copies n elements, stride apart, of each of rows rows of src to dst. The rows are
// ldSrc apart in src and ldDst in dst. A Pack that makes patches of an image consists of
// such copies: of a piece of a row in each channel. Take panics if a slice is too short.
func Take(dst []float32, ldDst int, src []float32, ldSrc, rows, n, stride int) {
	if rows <= 0 || n <= 0 {
		return
	}
	if len(dst) < (rows-1)*ldDst+n || len(src) < (rows-1)*ldSrc+(n-1)*stride+1 || ldDst < 0 || ldSrc < 0 || stride < 1 {
		panic(fmt.Sprintf("gemm: take %d rows of %d elements, %d apart: found slices of %d and %d elements with rows %d and %d apart", rows, n, stride, len(dst), len(src), ldDst, ldSrc))
	}
	if inUse.take(dst, ldDst, src, ldSrc, rows, n, stride) {
		return
	}
	for r := range rows {
		to, from := dst[r*ldDst:][:n], src[r*ldSrc:]
		for i := range to {
			to[i] = from[i*stride]
		}
	}
}

// TakeAt is Take with rows that begin anywhere: row r at src[at[r]]. The places must
// ascend: only the first and the last are checked.
func TakeAt(dst []float32, ldDst int, src []float32, at []int, n, stride int) {
	if len(at) == 0 || n <= 0 {
		return
	}
	if first, last := at[0], at[len(at)-1]; len(dst) < (len(at)-1)*ldDst+n || first < 0 || first > last || len(src) < last+(n-1)*stride+1 || ldDst < 0 || stride < 1 {
		panic(fmt.Sprintf("gemm: take %d rows of %d elements, %d apart, from %d to %d: found slices of %d and %d elements", len(at), n, stride, first, last, len(dst), len(src)))
	}
	if inUse.takeAt(dst, ldDst, src, at, n, stride) {
		return
	}
	for r, at := range at {
		to, from := dst[r*ldDst:][:n], src[at:]
		for i := range to {
			to[i] = from[i*stride]
		}
	}
}
