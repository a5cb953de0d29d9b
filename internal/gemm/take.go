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
