// Package gemm multiplies matrices of float32, row-major, in Go and Go
// assembly, without cgo.
//
// There are few things to know:
//
//   - Workspace.Sgemm is the product on the calling goroutine. A Workspace
//     keeps packing buffers, so each goroutine has its own.
//   - Pool.Sgemm spreads one product over the threads of package parallel.
//   - BLAS gives Pool to gorgonia.
//   - Name returns the kernel and Use chooses it: "go-avx512", "go-avx2", on arm64
//     "go-neon", or "gonum", which is gonum's Sgemm and works everywhere.
//
// # How it works
//
// The product is cut as in Goto and van de Geijn, "Anatomy of High-Performance
// Matrix Multiplication", ACM TOMS 34(3), 2008, and BLIS (Van Zee and van de
// Geijn, "BLIS: A Framework for Rapidly Instantiating BLAS Functionality",
// ACM TOMS 41(3), 2015). k is cut into blocks. A block of rows and columns of
// B is copied ("packed") into panels of NR columns, in the order in which they
// will be read, small enough for the second-level cache. Tiles of C, up to
// 12×32 with AVX-512 and 6×16 with AVX2 and NEON, are kept in registers while, step
// by step, a column of A is multiplied by a row of a panel and added.
//
// Four things differ from the classic scheme; BLIS does the first two for
// small matrices:
//
//   - A is not packed. Its elements are broadcast to a whole vector one at a
//     time, which costs the same from any address, so the kernel takes two
//     strides and reads A where it lies, transposed or not.
//   - B is not packed if A has so few rows that the copy would not pay, and B
//     is not transposed. With very few rows, tiles are wide instead of high.
//   - There is a kernel body for each height of tile. So 64 rows are six tiles
//     of 10 or 11, and none is mostly empty.
//   - A transposed B much wider than A is high is not packed either: Cᵀ = B·Aᵀ is
//     computed, which packs A, and transposed.
//
// Read gemm.go, then blocked.go, then ../asm/tile.go.
//
// # Caveats
//
// Each element of C is summed in the order of k, in blocks that depend on k
// alone. So its bytes depend neither on the number of threads nor on m and n:
// a batch gives the same as its images one by one. They do depend on the
// kernel.
//
// NaN and Inf in A and B reach C also through factors of zero, except with
// "gonum", which skips zeros.
//
// The kernel for arm64 is tested under an emulator only, which says nothing about
// speed: its sizes are chosen by counting registers and loads.
//
// The assembly is written by the generators in internal/asm, a module of its own
// so that avo is no dependency of this one.
package gemm

//go:generate sh -c "cd ../asm && go run . -for gemm -out ../gemm/gemm_amd64.s -stubs ../gemm/stub_amd64.go -pkg gemm"
//go:generate sh -c "cd ../asm && go run ./neon -for gemm -out ../gemm/gemm_arm64.s -stubs ../gemm/stub_arm64.go"
