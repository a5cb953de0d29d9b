// Package winograd has the transforms of package internal/winograd as a list of
// instructions, for the generators of its assembly.
package winograd

import (
	"math"
	"slices"
)

// Machine writes instructions on vector registers. The result comes last.
type Machine[R any] interface {
	Move(x, to R)
	Add(x, y, to R)
	Subtract(x, y, to R)
	Multiply(factor float64, x, to R)
	AddProduct(factor float64, x, sum R) // rounded once, as is SubtractProduct
	SubtractProduct(factor float64, x, sum R)
}

// Transform is m·x·mᵀ for a square x.
type Transform struct {
	Name, Formula string
	m             [][]float64
	paired        bool // see the function paired
}

// In and Out are the sides of x and of the result, at most 8.
func (t Transform) In() int  { return len(t.m[0]) }
func (t Transform) Out() int { return len(t.m) }

// The finite points of schemes of 8×8 and of 6×6. Those of a pair ±p are neighbours.
var (
	finite8 = []float64{0, 1, -1, 2, -2, 0.5, -0.5}
	finite6 = []float64{0, 0.75, -0.75, 1.5, -1.5}
)

// Transforms are those of F(4×4, 5×5), F(6×6, 3×3) and F(4×4, 3×3): one of the input
// for each number of points, and two for each size of a tile with it. Package
// internal/winograd says where they come from.
var Transforms = []Transform{
	{"input8", "Bᵀ·d·B", polynomials(finite8), false},
	{"output8to4", "Aᵀ·m·A", paired(powers(finite8, 4)), true},
	{"output8to6", "Aᵀ·m·A", paired(powers(finite8, 6)), true},
	{"gradient4to8", "A·y·Aᵀ", powers(finite8, 4), false},
	{"gradient6to8", "A·y·Aᵀ", powers(finite8, 6), false},
	{"input6", "Bᵀ·d·B", polynomials(finite6), false},
	{"output6to4", "Aᵀ·m·A", paired(powers(finite6, 4)), true},
	{"gradient4to6", "A·y·Aᵀ", powers(finite6, 4), false},
}

// Factors are the magnitudes of all coefficients but 0 and 1.
func Factors() []float64 {
	var factors []float64
	for _, t := range Transforms {
		for _, row := range t.m {
			for _, v := range row {
				v = math.Abs(v)
				if v != 0 && v != 1 && !slices.Contains(factors, v) {
					factors = append(factors, v)
				}
			}
		}
	}
	return factors
}

// polynomials is Bᵀ: of each point the coefficients of the polynomial that vanishes at
// all others. The rows of a pair of points ±p are E ± O: E has a
// row's even columns, O its odd ones. This shares half of the multiplications.
func polynomials(finite []float64) [][]float64 {
	var m [][]float64
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
		m = append(m, row)
	}
	return m
}

// powers is A for tiles of n: the powers of each point.
func powers(finite []float64, n int) [][]float64 {
	var m [][]float64
	for _, p := range finite {
		row, power := make([]float64, n), 1.0
		for i := range row {
			row[i] = power
			power *= p
		}
		m = append(m, row)
	}
	infinity := make([]float64, n)
	infinity[n-1] = 1
	return append(m, infinity)
}

// paired is the transpose of A whose columns, but the first and the last, are for the sum and the
// difference of each pair of points.
func paired(a [][]float64) [][]float64 {
	var m [][]float64
	for i := range a[0] {
		row := []float64{a[0][i]}
		for p := 1; p < len(a)-1; p += 2 {
			pair := []float64{a[p][i], 0}
			if i%2 == 1 {
				pair = []float64{0, a[p][i]}
			}
			row = append(row, pair...)
		}
		m = append(m, append(row, a[len(a)-1][i]))
	}
	return m
}

// Apply writes the product of t's matrix and a vector of vectors, in, which it may
// destroy, as the registers in spare. put takes row i of it, in order.
func Apply[R any](machine Machine[R], t Transform, in []R, spare [3]R, put func(i int, v R)) {
	w := writer[R]{machine}
	if t.paired {
		w.fromPoints(t.m, in, spare[0], put)
	} else {
		w.toPoints(t.m, in, spare, put)
	}
}

type writer[R any] struct{ Machine[R] }

// combine sets sum to the sum of coefficient·in over every step-th column from
// first on. It begins with a one, or else with the first positive coefficient.
func (w writer[R]) combine(sum R, in []R, row []float64, first, step int) {
	begin := -1
	for j := first; j < len(row); j += step {
		if row[j] > 0 && (begin < 0 || row[j] == 1 && row[begin] != 1) {
			begin = j
		}
	}
	if row[begin] == 1 {
		w.Move(in[begin], sum)
	} else {
		w.Multiply(row[begin], in[begin], sum)
	}
	for _, ones := range []bool{true, false} { // what needs no product comes first
		for j := first; j < len(row); j += step {
			v := row[j]
			switch {
			case v == 0 || j == begin || (v == 1) != ones:
			case v == 1:
				w.Add(sum, in[j], sum)
			case v == -1:
				w.Subtract(sum, in[j], sum)
			case v > 0:
				w.AddProduct(v, in[j], sum)
			default:
				w.SubtractProduct(-v, in[j], sum)
			}
		}
	}
}

// toPoints multiplies Bᵀ or A by a vector of vectors.
func (w writer[R]) toPoints(m [][]float64, in []R, spare [3]R, put func(i int, v R)) {
	even, odd, sum := spare[0], spare[1], spare[2]
	last := len(m) - 1
	w.combine(sum, in, m[0], 0, 1)
	put(0, sum)
	for i := 1; i < last; i += 2 {
		w.combine(even, in, m[i], 0, 2)
		w.combine(odd, in, m[i], 1, 2)
		w.Add(even, odd, sum)
		put(i, sum)
		w.Subtract(even, odd, sum)
		put(i+1, sum)
	}
	w.combine(sum, in, m[last], 0, 1)
	put(last, sum)
}

// fromPoints multiplies Aᵀ by a vector of vectors, which it destroys.
func (w writer[R]) fromPoints(m [][]float64, in []R, sum R, put func(i int, v R)) {
	for j := 1; j < len(in)-1; j += 2 {
		w.Move(in[j], sum)
		w.Add(sum, in[j+1], in[j])
		w.Subtract(sum, in[j+1], in[j+1])
	}
	for i := range m {
		w.combine(sum, in, m[i], 0, 1)
		put(i, sum)
	}
}
