// Package vector has loops that go through slices of float32 once: a solver's step, a
// sum, what follows a layer's sums, sums and maxima of shifted numbers, pooling by
// 2×2, weighted sums of bytes. Each is written in Go and in assembly. The assembly is
// used where the kernel of package gemm in use is assembly of the same instruction set;
// that of pooling is for AVX-512 and NEON only.
//
// Solver steps give the same bytes either way. A Sum does not: it is added up in as
// many parts as a vector has lanes.
package vector

//go:generate sh -c "cd ../asm && go run . -for vector -out ../vector/vector_amd64.s -stubs ../vector/stub_amd64.go -pkg vector"
//go:generate sh -c "cd ../asm && go run ./neon -for vector -out ../vector/vector_arm64.s -stubs ../vector/stub_arm64.go"
