package winograd

const (
	side   = 5               // of a kernel
	tile   = 4               // side of a tile of the output
	field  = tile + side - 1 // side of what a tile sees of the input
	points = field * field   // elements of a transformed tile or kernel
	taps   = side * side
)

// The transforms of a column; the generator of the assembly has them too.
var (
	matrixB = [][]float32{ // Bᵀ
		{-1, 0, 5.25, 0, -5.25, 0, 1, 0},
		{0, 1, 1, -4.25, -4.25, 1, 1, 0},
		{0, -1, 1, 4.25, -4.25, -1, 1, 0},
		{0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0},
		{0, -0.5, 0.25, 2.5, -1.25, -2, 1, 0},
		{0, 2, 4, -2.5, -5, 0.5, 1, 0},
		{0, -2, 4, 2.5, -5, -0.5, 1, 0},
		{0, -1, 0, 5.25, 0, -5.25, 0, 1},
	}
	matrixAT = [][]float32{
		{1, 1, 1, 1, 1, 1, 1, 0},
		{0, 1, -1, 2, -2, 0.5, -0.5, 0},
		{0, 1, 1, 4, 4, 0.25, 0.25, 0},
		{0, 1, -1, 8, -8, 0.125, -0.125, 1},
	}
	matrixA = transposed(matrixAT)
)

func transposed(m [][]float32) [][]float32 {
	t := make([][]float32, len(m[0]))
	for i := range t {
		for _, row := range m {
			t[i] = append(t[i], row[i])
		}
	}
	return t
}

// matrixG is G [8,5]: the powers of each finite point over the product of its
// differences from the others; the last row is for infinity.
var matrixG = func() (g [field][side]float64) {
	finite := []float64{0, 1, -1, 2, -2, 0.5, -0.5}
	for i, p := range finite {
		norm := 1.0
		for j, q := range finite {
			if j != i {
				norm *= p - q
			}
		}
		power := 1 / norm
		for a := range side {
			g[i][a] = power
			power *= p
		}
	}
	g[field-1][side-1] = 1
	return g
}()

// kernelMatrix is G⊗G [64,25], which makes the 64 elements of G·g·Gᵀ from the 25
// of g. turned is the same for kernels turned by 180°.
var kernelMatrix, turned = func() (m, t []float32) {
	m, t = make([]float32, points*taps), make([]float32, points*taps)
	for point := range points {
		for tap := range taps {
			v := float32(matrixG[point/field][tap/side] * matrixG[point%field][tap%side])
			m[point*taps+tap] = v
			t[point*taps+taps-1-tap] = v
		}
	}
	return m, t
}()
