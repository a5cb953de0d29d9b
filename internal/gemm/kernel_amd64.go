package gemm

import "golang.org/x/sys/cpu"

// The tables of wide tiles agree with the generator in folder asm.
var (
	avx512Kernel = kernel{"go-avx512", 12, 2, 16, []int{8, 8, 6, 6, 4, 4, 3, 3}, true}
	avx2Kernel   = kernel{"go-avx2", 6, 2, 8, []int{6, 4, 3}, true}
)

// machineKernels lists the kernels this processor and its operating system
// support. AVX-512 machines have all of AVX2; the kernels use both.
func machineKernels() []kernel {
	var ks []kernel
	haveAVX2 := cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasBMI2
	if haveAVX2 && cpu.X86.HasAVX512F {
		ks = append(ks, avx512Kernel)
	}
	if haveAVX2 {
		ks = append(ks, avx2Kernel)
	}
	return ks
}

// tile multiplies one tile; see tileAVX512 for the arguments. The calls are
// direct, not through a table, to keep slices of callers off the heap.
func (kn *kernel) tile(rows, vecs, k int, alpha float32, a *float32, rsA, csA int, b *float32, rsB int, beta float32, c *float32, ldc, tail int, after *float32, what int, add *float32) {
	if kn.lanes == 16 {
		tileAVX512(rows, vecs, k, alpha, a, rsA, csA, b, rsB, beta, c, ldc, tail, after, what, add)
		return
	}
	tileAVX2(rows, vecs, k, alpha, a, rsA, csA, b, rsB, beta, c, ldc, tail, after, what, add)
}

// packRows copies k rows of width elements, ld apart, into one panel.
func (kn *kernel) packRows(dst, src *float32, ld, k, width int) {
	if kn.lanes == 16 {
		packRowsAVX512(dst, src, ld, k, width)
		return
	}
	packRowsAVX2(dst, src, ld, k, width)
}

// take is Take with vectors; it reports whether there is code for it.
func (kn *kernel) take(dst []float32, ldDst int, src []float32, ldSrc, rows, n, stride int) bool {
	switch {
	case kn.lanes == 16 && stride == 1:
		take1AVX512(&dst[0], ldDst, &src[0], ldSrc, rows, n)
	case kn.lanes == 16 && stride == 2:
		take2AVX512(&dst[0], ldDst, &src[0], ldSrc, rows, n)
	case kn.lanes == 8 && stride == 1:
		take1AVX2(&dst[0], ldDst, &src[0], ldSrc, rows, n)
	case kn.lanes == 8 && stride == 2:
		take2AVX2(&dst[0], ldDst, &src[0], ldSrc, rows, n)
	default:
		return false
	}
	return true
}

// takeAt is the same for TakeAt.
func (kn *kernel) takeAt(dst []float32, ldDst int, src []float32, at []int, n, stride int) bool {
	switch {
	case kn.lanes == 16 && stride == 1:
		takeAt1AVX512(&dst[0], ldDst, &src[0], &at[0], len(at), n)
	case kn.lanes == 16 && stride == 2:
		takeAt2AVX512(&dst[0], ldDst, &src[0], &at[0], len(at), n)
	case kn.lanes == 8 && stride == 1:
		takeAt1AVX2(&dst[0], ldDst, &src[0], &at[0], len(at), n)
	case kn.lanes == 8 && stride == 2:
		takeAt2AVX2(&dst[0], ldDst, &src[0], &at[0], len(at), n)
	default:
		return false
	}
	return true
}

// transpose8 transposes eight rows of columns elements, at least 8.
func transpose8(dst *float32, ldDst int, src *float32, ldSrc, columns int) {
	packColumnsAVX2(dst, ldDst, src, ldSrc, columns)
}
