package main

import "fmt"

// Tiles of C: at most maxRows rows and maxVecs vectors, and wide ones. All
// accumulators of a tile, an element of A for each of its rows and a few vectors of B
// fit the 32 registers. Package gemm has the same numbers.
const maxRows, maxVecs = 6, 4

var wide = []int{16, 12, 8, 6} // vectors of the wide tile of 1, 2, ... rows

// Registers of a tile function. The elements of A are where a row begins, rowPtr,
// and at a distance that is the same for all rows, column.
var (
	rowPtr                = []r{0, 1, 2, 3, 4, 5}
	column                = r(6)
	csA                   = r(7)
	bPtr, rsB             = r(8), r(9)
	cPtr, ldc             = r(10), r(11)
	count, shape, scratch = r(12), r(13), r(14)
)

// tile writes the function for all shapes: a body for each.
func (f *file) tile() {
	fn := f.function("tileNEON", "rows int, vecs int, k int, alpha float32, a *float32, rsA int, csA int, b *float32, rsB int, beta float32, c *float32, ldc int, after *float32, what int, add *float32",
		"tileNEON computes C = alpha*A*B + beta*C for a tile of rows × vecs*4 elements.",
		fmt.Sprintf("There are tiles of 1 to %d rows and 1 to %d vectors, and wide ones: for 1, 2, ...", maxRows, maxVecs),
		fmt.Sprintf("rows %v vectors. Element (i,p) of A is a[i*rsA+p*csA], row p of B is at", wide),
		"b[p*rsB], row i of C at c[i*ldc]. k > 0. Where after is set, it has six numbers a",
		"row, with which the row is finished as package vector's finish does; what is of it,",
		"and add is laid out as C.")
	rsA := scratch
	fn.param("k", count)
	fn.param("a", rowPtr[0])
	fn.param("rsA", rsA)
	fn.param("csA", csA)
	fn.param("b", bPtr)
	fn.param("rsB", rsB)
	fn.param("c", cPtr)
	fn.param("ldc", ldc)
	fn.scaled(rsA, csA, rsB, ldc)
	fn.op("MOVD", "ZR", column)
	for i := 1; i < maxRows; i++ {
		fn.op("ADD", rsA, rowPtr[i-1], rowPtr[i])
	}
	fn.param("vecs", shape) // rows<<5 | vecs
	fn.param("rows", scratch)
	fn.op("ADD", fmt.Sprintf("%v<<5", scratch), shape, shape)
	for _, t := range shapes(fn) {
		fn.op("CMP", fmt.Sprintf("$%d", t.r<<5|t.v), shape)
		fn.op("BEQ", t.label("tile"))
	}
	fn.comment("No such shape.")
	fn.op("UNDEF")
	for _, t := range shapes(fn) {
		t.emit()
	}
}

// shapes lists the tiles, the frequent ones first.
func shapes(fn *function) []body {
	var all []body
	for vecs := maxVecs; vecs > 0; vecs-- {
		for rows := maxRows; rows > 0; rows-- {
			all = append(all, body{fn, rows, vecs})
		}
	}
	for i, vecs := range wide {
		all = append(all, body{fn, i + 1, vecs})
	}
	return all
}

// body is the code for a tile of r rows and v vectors.
type body struct {
	*function
	r, v int
}

func (t body) label(name string) string { return fmt.Sprintf("%s_%dx%d", name, t.r, t.v) }

// acc is the accumulator of row i, vector j; they are the last registers. The
// first ones have the elements of A; what is left is for B.
func (t body) acc(i, j int) v { return v(32 - t.r*t.v + i*t.v + j) }

// emit writes the body: the accumulators run over k, and C is stored.
func (t body) emit() {
	t.function.label(t.label("tile"))
	for i := range t.r {
		for j := range t.v {
			t.zero(t.acc(i, j))
		}
	}
	t.function.label(t.label("loop"))
	for i := range t.r {
		t.op("FMOVS", fmt.Sprintf("(%v)(%v)", rowPtr[i], column), v(i).f())
	}
	forB := (32 - t.r*t.v - t.r) / 2 * 2 // registers, used in turn
	for j := range t.v {
		b := v(t.r + j%forB)
		switch {
		case j%2 == 0 && j < t.v-1:
			t.load2(bPtr, bytes4*j, b, b+1)
		case j%2 == 0:
			t.load(bPtr, bytes4*j, b)
		}
		for i := range t.r {
			t.fmlaBy(b, lane{v(i), 0}, t.acc(i, j))
		}
	}
	t.op("ADD", rsB, bPtr, bPtr)
	t.op("ADD", csA, column, column)
	t.loop(1, count, t.label("loop"))
	t.store()
}
