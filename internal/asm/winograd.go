package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The transforms of F(4×4, 5×5) and F(6×6, 3×3); package winograd says where they
// come from.
// Rows and columns belong to the points 0, 1, -1, 2, -2, 1/2, -1/2 and
// infinity. The rows of a pair of points ±p are E ± O: E has a row's even
// columns, O its odd ones. This shares half of the multiplications.
var (
	transformB = [][]float64{ // Bᵀ: 8 values of the input to 8
		{-1, 0, 5.25, 0, -5.25, 0, 1, 0},
		{0, 1, 1, -4.25, -4.25, 1, 1, 0},
		{0, -1, 1, 4.25, -4.25, -1, 1, 0},
		{0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0},
		{0, -0.5, 0.25, 2.5, -1.25, -2, 1, 0},
		{0, 2, 4, -2.5, -5, 0.5, 1, 0},
		{0, -2, 4, 2.5, -5, -0.5, 1, 0},
		{0, -1, 0, 5.25, 0, -5.25, 0, 1},
	}
	transformA  = powers(4) // A: 4 or 6 values of the output to 8
	transformA6 = powers(6)
	// transformAT is Aᵀ: 8 products to 4 or 6 values of the output.
	transformAT  = paired(transformA)
	transformAT6 = paired(transformA6)
)

// powers is A for tiles of n: the powers of each point.
func powers(n int) [][]float64 {
	var m [][]float64
	for _, p := range []float64{0, 1, -1, 2, -2, 0.5, -0.5} {
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

// paired is the transpose of A whose columns 1 to 6 are for the sum and the
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

// constants holds each coefficient, repeated for every lane of a vector.
type constants struct {
	isa
	at map[float64]operand.Mem
}

// newConstants writes the magnitudes of all coefficients but 1 to the data
// section. What is negative is subtracted.
func newConstants(s isa) constants {
	c := constants{s, map[float64]operand.Mem{}}
	table := build.GLOBL("coefficients"+s.suffix, build.RODATA|build.NOPTR)
	offset := 0
	for _, m := range [][][]float64{transformB, transformA6} {
		for _, row := range m {
			for _, v := range row {
				v = math.Abs(v)
				if _, ok := c.at[v]; ok || v == 0 || v == 1 {
					continue
				}
				c.at[v] = table.Offset(offset)
				for range s.lanes {
					build.DATA(offset, operand.U32(math.Float32bits(float32(v))))
					offset += 4
				}
			}
		}
	}
	return c
}

// combine sets sum to the sum of coefficient·in over every step-th column from
// first on.
func (c constants) combine(sum reg.VecPhysical, in []reg.VecPhysical, row []float64, first, step int) {
	begun := false
	for _, ones := range []bool{true, false} { // what needs no product comes first
		for j := first; j < len(row); j += step {
			v := row[j]
			switch {
			case v == 0 || (v == 1) != ones:
			case !begun && v == 1:
				build.VMOVAPS(in[j], sum)
				begun = true
			case !begun && v > 0:
				build.VMULPS(c.at[v], in[j], sum)
				begun = true
			case !begun:
				panic("a negative coefficient comes first")
			case v == 1:
				build.VADDPS(in[j], sum, sum)
			case v == -1:
				build.VSUBPS(in[j], sum, sum)
			case v > 0:
				build.VFMADD231PS(c.at[v], in[j], sum)
			default:
				build.VFNMADD231PS(c.at[-v], in[j], sum)
			}
		}
	}
}

// toPoints multiplies Bᵀ or A by a vector of vectors, and stores row i with
// put.
func (c constants) toPoints(m [][]float64, in []reg.VecPhysical, put func(i int, v reg.VecPhysical)) {
	even, odd, sum := c.vec[8], c.vec[9], c.vec[10]
	last := len(m) - 1
	c.combine(sum, in, m[0], 0, 1)
	put(0, sum)
	for i := 1; i < last; i += 2 {
		c.combine(even, in, m[i], 0, 2)
		c.combine(odd, in, m[i], 1, 2)
		build.VADDPS(odd, even, sum)
		put(i, sum)
		build.VSUBPS(odd, even, sum)
		put(i+1, sum)
	}
	c.combine(sum, in, m[last], 0, 1)
	put(last, sum)
}

// fromPoints multiplies Aᵀ by a vector of vectors, which it destroys.
func (c constants) fromPoints(m [][]float64, in []reg.VecPhysical, put func(i int, v reg.VecPhysical)) {
	sum := c.vec[8]
	for j := 1; j < len(in)-1; j += 2 {
		build.VMOVAPS(in[j], sum)
		build.VADDPS(in[j+1], sum, in[j])
		build.VSUBPS(in[j+1], sum, in[j+1])
	}
	for i := range m {
		c.combine(sum, in, m[i], 0, 1)
		put(i, sum)
	}
}

// pass is the product of a matrix and the columns of a square of vectors.
type pass struct {
	in, out int
	matrix  [][]float64
	product func(m [][]float64, in []reg.VecPhysical, put func(i int, v reg.VecPhysical))
}

// winograd writes the transforms for s: one of the input, two each of what depends
// on the size of a tile.
func (s isa) winograd() {
	c := newConstants(s)
	s.transform("input", "Bᵀ·d·B", pass{8, 8, transformB, c.toPoints})
	s.transform("output4", "Aᵀ·m·A", pass{8, 4, transformAT, c.fromPoints})
	s.transform("output6", "Aᵀ·m·A", pass{8, 6, transformAT6, c.fromPoints})
	s.transform("gradient4", "A·y·Aᵀ", pass{4, 8, transformA, c.toPoints})
	s.transform("gradient6", "A·y·Aᵀ", pass{6, 8, transformA6, c.toPoints})
}

// transform writes the function that applies one transform to each of a row of
// tiles: to the columns of its rows, through scratch memory, then to the rows.
func (s isa) transform(name, formula string, p pass) {
	build.TEXT(name+s.suffix, build.NOSPLIT,
		"func(dst *float32, dstRow, dstCol, dstTile int, src *float32, srcRow, srcCol, srcTile int, tiles, vecs int, scratch *float32)")
	build.Pragma("noescape")
	build.Doc(
		fmt.Sprintf("%s%s computes %s for a number of tiles, %d×%d to %d×%d, of vecs*%d channels.", name, s.suffix, formula, p.in, p.in, p.out, p.out, s.lanes),
		"Element (i,j) of tile t is at src[t*srcTile+i*srcRow+j*srcCol], all its channels one after",
		fmt.Sprintf("the other, and so in dst. scratch has room for %d vectors.", p.in*p.out))
	dst, src, scratch := reg.RDI, reg.RSI, reg.RAX
	dstRow, dstRow3, dstCol := reg.R13, reg.RBX, reg.RDX
	srcRow, srcCol, srcCol3 := reg.R10, reg.R11, reg.R12
	at, at4, buf, count := reg.R8, reg.R9, reg.RCX, reg.R15
	param("dst", dst)
	param("dstRow", dstRow)
	param("dstCol", dstCol)
	param("src", src)
	param("srcRow", srcRow)
	param("srcCol", srcCol)
	param("scratch", scratch)
	scaled(dstRow, dstCol, srcRow, srcCol)
	build.LEAQ(operand.Mem{Base: dstRow, Index: dstRow, Scale: 2}, dstRow3)
	build.LEAQ(operand.Mem{Base: srcCol, Index: srcCol, Scale: 2}, srcCol3)
	vecs, tiles := build.AllocLocal(8), build.AllocLocal(8)
	move := func(from, to operand.Mem) {
		build.MOVQ(from, count)
		build.MOVQ(count, to)
	}
	move(paramAddr("tiles"), tiles)

	build.Label("tile")
	move(paramAddr("vecs"), vecs)
	build.Label("vector")

	build.Comment("The columns of each row.")
	build.MOVQ(src, at)
	build.MOVQ(scratch, buf)
	build.MOVL(operand.U32(p.in), count.As32())
	build.Label("row")
	build.LEAQ(operand.Mem{Base: at, Index: srcCol, Scale: 4}, at4)
	in := s.vec[:p.in]
	for j, r := range in {
		build.VMOVUPS(strided(j, at, at4, srcCol, srcCol3), r)
	}
	p.product(p.matrix, in, func(j int, v reg.VecPhysical) { build.VMOVUPS(v, mem(buf, j*s.bytes())) })
	build.ADDQ(srcRow, at)
	build.ADDQ(operand.U32(p.out*s.bytes()), buf)
	build.DECL(count.As32())
	build.JNE(operand.LabelRef("row"))

	build.Comment("The rows of each column.")
	build.MOVQ(dst, at)
	build.MOVQ(scratch, buf)
	build.MOVL(operand.U32(p.out), count.As32())
	build.Label("column")
	build.LEAQ(operand.Mem{Base: at, Index: dstRow, Scale: 4}, at4)
	for i, r := range in {
		build.VMOVUPS(mem(buf, i*p.out*s.bytes()), r)
	}
	p.product(p.matrix, in, func(i int, v reg.VecPhysical) {
		build.VMOVUPS(v, strided(i, at, at4, dstRow, dstRow3))
	})
	build.ADDQ(dstCol, at)
	build.ADDQ(operand.U32(s.bytes()), buf)
	build.DECL(count.As32())
	build.JNE(operand.LabelRef("column"))

	build.ADDQ(operand.U32(s.bytes()), src)
	build.ADDQ(operand.U32(s.bytes()), dst)
	build.DECQ(vecs)
	build.JNE(operand.LabelRef("vector"))
	build.Comment("The next tile, from the start of this one.")
	build.MOVQ(paramAddr("vecs"), count)
	build.IMUL3Q(operand.U32(s.bytes()), count, count)
	build.SUBQ(count, src)
	build.SUBQ(count, dst)
	build.MOVQ(paramAddr("srcTile"), count)
	build.LEAQ(operand.Mem{Base: src, Index: count, Scale: 4}, src)
	build.MOVQ(paramAddr("dstTile"), count)
	build.LEAQ(operand.Mem{Base: dst, Index: count, Scale: 4}, dst)
	build.DECQ(tiles)
	build.JNE(operand.LabelRef("tile"))
	build.VZEROUPPER()
	build.RET()
}

// strided is element i of a row of eight, stride apart, that begins at at; at4
// is its element 4 and stride3 three strides.
func strided(i int, at, at4, stride, stride3 reg.GPPhysical) operand.Mem {
	m := operand.Mem{Base: at}
	if i >= 4 {
		m.Base = at4
	}
	switch i % 4 {
	case 1, 2:
		m.Index, m.Scale = stride, uint8(i%4)
	case 3:
		m.Index, m.Scale = stride3, 1
	}
	return m
}
