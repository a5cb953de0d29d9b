//go:build !amd64

package winograd

var (
	input    = transform{matrix: matrixB}
	output   = transform{matrix: matrixAT}
	gradient = transform{matrix: matrixA}
)
