package winograd

import "slices"

// scheme is F(tile×tile, side×side): kernels of side×side make tiles of the output
// of tile×tile from field×field of the input.
type scheme struct {
	side, tile, field int
	points            int       // field×field, elements of a transformed tile or kernel
	kernels           []float32 // G⊗G [points,side²], which makes the elements of G·g·Gᵀ from those of g
	turned            []float32 // the same for kernels turned by 180°
	input             transform // field×field to field×field
	output            transform // field×field to tile×tile
	gradient          transform // and back
}

func (f *scheme) taps() int { return f.side * f.side }

// tiles is how many tiles an output has.
func (f *scheme) tiles(outH, outW int) int {
	return (outH + f.tile - 1) / f.tile * ((outW + f.tile - 1) / f.tile)
}

// The finite points for fields of 8×8 and 6×6. float32 holds their powers and the
// coefficients of their polynomials exactly. Of those for 6×6 that were tried these
// have the least error, a fourth of that of 0, ±1, ±2.
var (
	finite8 = []float64{0, 1, -1, 2, -2, 0.5, -0.5}
	finite6 = []float64{0, 0.75, -0.75, 1.5, -1.5}
)

// The transforms; the generators of the assembly have the matrices too.
var (
	input8       = transform{polynomials(finite8), input8Code}
	output8to4   = transform{transposed(powers(finite8, 4)), output8to4Code}
	output8to6   = transform{transposed(powers(finite8, 6)), output8to6Code}
	gradient4to8 = transform{powers(finite8, 4), gradient4to8Code}
	gradient6to8 = transform{powers(finite8, 6), gradient6to8Code}
	input6       = transform{polynomials(finite6), input6Code}
	output6to4   = transform{transposed(powers(finite6, 4)), output6to4Code}
	gradient4to6 = transform{powers(finite6, 4), gradient4to6Code}
)

// schemes has the schemes by the side of their kernels, that of the smallest tiles first.
var schemes = map[int][]*scheme{
	3: {newScheme(3, finite6, input6, output6to4, gradient4to6), newScheme(3, finite8, input8, output8to6, gradient6to8)},
	5: {newScheme(5, finite8, input8, output8to4, gradient4to8)},
}

// polynomials is Bᵀ [field,field]: of each point the coefficients of the polynomial
// that vanishes at all other finite points.
func polynomials(finite []float64) [][]float32 {
	var m [][]float32
	for i := range len(finite) + 1 {
		row := make([]float64, len(finite)+1)
		row[0] = 1
		for j, q := range finite {
			if j == i {
				continue
			}
			for k := len(row) - 1; k > 0; k-- { // times x - q
				row[k] = row[k-1] - q*row[k]
			}
			row[0] *= -q
		}
		m = append(m, rounded(row))
	}
	return m
}

func rounded(row []float64) []float32 {
	r := make([]float32, len(row))
	for i, v := range row {
		r[i] = float32(v)
	}
	return r
}

// powers is A [field,n]: of each finite point the powers from 0; the last row is for
// infinity.
func powers(finite []float64, n int) [][]float32 {
	var m [][]float32
	for _, p := range finite {
		row, power := make([]float64, n), 1.0
		for i := range row {
			row[i] = power
			power *= p
		}
		m = append(m, rounded(row))
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

// matrixG is G [field,side]: the powers of each finite point over the product of its
// differences from the others; the last row is for infinity.
func matrixG(finite []float64, side int) [][]float64 {
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

func newScheme(side int, finite []float64, input, output, gradient transform) *scheme {
	field := len(finite) + 1
	f := &scheme{side: side, tile: field - side + 1, field: field, points: field * field, input: input, output: output, gradient: gradient}
	g := matrixG(finite, side)
	for point := range f.points {
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
