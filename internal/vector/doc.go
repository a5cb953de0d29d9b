// Package vector goes through slices of float32 once: a solver's step, a sum, what
// follows a layer's sums, sums and maxima of shifted numbers,
// pooling by 2×2. Each function is in Go and, where the kernel of package gemm
// in use is in assembly, in assembly of the same instruction set; pooling is so
// for AVX-512 alone.
//
// Solver steps have the same bytes either way. A Sum does not: it is added up
// in as many parts as a vector has lanes.
package vector

//go:generate sh -c "cd ../asm && go run . -for vector -out ../vector/vector_amd64.s -stubs ../vector/stub_amd64.go -pkg vector"
