package winograd

import "slices"

const (
	field  = 8             // side of what a tile sees of the input
	points = field * field // elements of a transformed tile or kernel
)

// scheme is F(tile×tile, side×side): kernels of side×side make tiles of the output
// of tile×tile from field×field of the input.
type scheme struct {
	side, tile int
	kernels    []float32 // G⊗G [64,side²], which makes the 64 elements of G·g·Gᵀ from those of g
	turned     []float32 // the same for kernels turned by 180°
	output     transform // field×field to tile×tile
	gradient   transform // and back
}

func (f *scheme) taps() int { return f.side * f.side }

// schemes has the two schemes by the side of their kernels.
var schemes = map[int]*scheme{3: newScheme(3, output6, gradient6), 5: newScheme(5, output4, gradient4)}

// The transforms; the generators of the assembly have the matrices too.
var (
	input     = transform{matrixB, inputCode}
	output4   = transform{transposed(powers(4)), output4Code}
	output6   = transform{transposed(powers(6)), output6Code}
	gradient4 = transform{powers(4), gradient4Code}
	gradient6 = transform{powers(6), gradient6Code}
)

var matrixB = [][]float32{ // Bᵀ
	{-1, 0, 5.25, 0, -5.25, 0, 1, 0},
	{0, 1, 1, -4.25, -4.25, 1, 1, 0},
	{0, -1, 1, 4.25, -4.25, -1, 1, 0},
	{0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0},
	{0, -0.5, 0.25, 2.5, -1.25, -2, 1, 0},
	{0, 2, 4, -2.5, -5, 0.5, 1, 0},
	{0, -2, 4, 2.5, -5, -0.5, 1, 0},
	{0, -1, 0, 5.25, 0, -5.25, 0, 1},
}

var finite = []float64{0, 1, -1, 2, -2, 0.5, -0.5}

// powers is A [8,n]: of each finite point the powers from 0; the last row is for
// infinity.
func powers(n int) [][]float32 {
	var m [][]float32
	for _, p := range finite {
		row, power := make([]float32, n), 1.0
		for i := range row {
			row[i] = float32(power)
			power *= p
		}
		m = append(m, row)
	}
	infinity := make([]float32, n)
	infinity[n-1] = 1
	return append(m, infinity)
}

func transposed(m [][]float32) [][]float32 {
	t := make([][]float32, len(m[0]))
	for i := range t {
		for _, row := range m {
			t[i] = append(t[i], row[i])
		}
	}
	return t
}

// matrixG is G [8,side]: the powers of each finite point over the product of its
// differences from the others; the last row is for infinity.
func matrixG(side int) [][]float64 {
	var g [][]float64
	for i, p := range finite {
		norm := 1.0
		for j, q := range finite {
			if j != i {
				norm *= p - q
			}
		}
		row, power := make([]float64, side), 1/norm
		for a := range row {
			row[a] = power
			power *= p
		}
		g = append(g, row)
	}
	infinity := make([]float64, side)
	infinity[side-1] = 1
	return append(g, infinity)
}

func newScheme(side int, output, gradient transform) *scheme {
	f := &scheme{side: side, tile: field - side + 1, output: output, gradient: gradient}
	g := matrixG(side)
	for point := range points {
		var row []float32
		for tap := range f.taps() {
			row = append(row, float32(g[point/field][tap/side]*g[point%field][tap%side]))
		}
		f.kernels = append(f.kernels, row...)
		slices.Reverse(row)
		f.turned = append(f.turned, row...)
	}
	return f
}
