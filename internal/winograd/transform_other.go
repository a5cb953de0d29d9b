//go:build !amd64

package winograd

// There is no assembly.
var inputAVX512, output4AVX512, output6AVX512, gradient4AVX512, gradient6AVX512 assembly
var inputAVX2, output4AVX2, output6AVX2, gradient4AVX2, gradient6AVX2 assembly
