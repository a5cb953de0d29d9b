package gemm

import "fmt"

// Transpose writes the transpose of src, rows × columns with its rows ldSrc
// apart, to dst, columns × rows with its rows ldDst apart. It panics if a
// slice is too short. The two must not overlap.
func Transpose(dst []float32, ldDst int, src []float32, ldSrc, rows, columns int) {
	if rows <= 0 || columns <= 0 {
		return
	}
	if len(src) < (rows-1)*ldSrc+columns || len(dst) < (columns-1)*ldDst+rows || ldSrc < columns || ldDst < rows {
		panic(fmt.Sprintf("gemm: transpose %d×%d: found slices of %d and %d elements with rows %d and %d apart", rows, columns, len(src), len(dst), ldSrc, ldDst))
	}
	inUse.transpose(dst, ldDst, src, ldSrc, rows, columns)
}

// transposeGo is Transpose, element by element.
func transposeGo(dst []float32, ldDst int, src []float32, ldSrc, rows, columns int) {
	for i := range rows {
		for j, v := range src[i*ldSrc:][:columns] {
			dst[j*ldDst+i] = v
		}
	}
}
