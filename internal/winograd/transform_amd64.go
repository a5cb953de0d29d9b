package winograd

// The transforms of a row of tiles, 8×8 to 8×8, 8×8 to 4×4 and 4×4 to 8×8.
var (
	input    = transform{matrixB, inputAVX512, inputAVX2}
	output   = transform{matrixAT, outputAVX512, outputAVX2}
	gradient = transform{matrixA, gradientAVX512, gradientAVX2}
)
