// Package gemm multiplies matrices of float32, row-major, in Go and Go
// assembly, without cgo.
//
// There are few things to know:
//
//   - Workspace.Sgemm is the product on the calling goroutine. A Workspace
//     keeps packing buffers, so each goroutine has its own.
//   - Workspace.SgemmPacked takes B as a Packer, a function that writes blocks
//     of a matrix which exists only implicitly (im2col).
//   - Pool.Sgemm spreads one product over the threads of package parallel.
//   - BLAS gives Pool to gorgonia.
//   - Name and Use tell and choose the kernel: "go-avx512", "go-avx2", or
//     "gonum", which is gonum's Sgemm and works everywhere.
//
// # How it works
//
// The product is cut as in Goto and van de Geijn, "Anatomy of High-Performance
// Matrix Multiplication", ACM TOMS 34(3), 2008, and BLIS (Van Zee and van de
// Geijn, "BLIS: A Framework for Rapidly Instantiating BLAS Functionality",
// ACM TOMS 41(3), 2015). k is cut into blocks. Of B, a block of rows and columns is
// copied ("packed") into panels of NR columns, in the order in which they will
// be read, small enough for the second-level cache. Then tiles of C, 12×32 with
// AVX-512 and 6×16 with AVX2, are kept in registers while a row of a panel at
// a time is multiplied by a column of A and added.
//
// Two things differ from the classic scheme. A is not packed: its elements
// are broadcast to a whole vector one at a time, which costs the same from
// any address, so the kernel takes two strides and reads A where it lies,
// transposed or not (BLIS does so for small matrices). And there is a kernel
// body for each height of tile, so 64 rows are six tiles of 10 or 11 and none
// is mostly empty.
//
// # Caveats
//
// Each element of C is one chain of fused multiply-adds in the order of k, cut
// only where k is: its bytes depend neither on the threads nor on where
// it lies in C. They do depend on the kernel.
//
// NaN and Inf in A and B reach C also through factors of zero, except with
// "gonum", which skips zeros.
//
// The assembly is written by the generator in folder asm, a module of its own
// so that avo is no dependency of this one.
package gemm

//go:generate sh -c "cd asm && go run . -out ../gemm_amd64.s -stubs ../stub_amd64.go -pkg gemm"
