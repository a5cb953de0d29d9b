package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/lastlayer/lastlayer/internal/asm/winograd"
)

// constants holds each coefficient, repeated for every lane of a vector. It is the
// machine of package winograd.
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
	for _, v := range winograd.Factors() {
		c.at[v] = table.Offset(offset)
		for range s.lanes {
			build.DATA(offset, operand.U32(math.Float32bits(float32(v))))
			offset += 4
		}
	}
	return c
}

func (constants) Move(x, to reg.VecPhysical)        { build.VMOVAPS(x, to) }
func (constants) Add(x, y, to reg.VecPhysical)      { build.VADDPS(y, x, to) }
func (constants) Subtract(x, y, to reg.VecPhysical) { build.VSUBPS(y, x, to) }

func (c constants) Multiply(factor float64, x, to reg.VecPhysical) {
	build.VMULPS(c.at[factor], x, to)
}

func (c constants) AddProduct(factor float64, x, sum reg.VecPhysical) {
	build.VFMADD231PS(c.at[factor], x, sum)
}

func (c constants) SubtractProduct(factor float64, x, sum reg.VecPhysical) {
	build.VFNMADD231PS(c.at[factor], x, sum)
}

// winograd writes the transforms for s.
func (s isa) winograd() {
	c := newConstants(s)
	for _, t := range winograd.Transforms {
		s.transform(c, t)
	}
}

// transform writes the function that applies one transform to each of a row of
// tiles: to the columns of its rows, through scratch memory, then to the rows.
func (s isa) transform(c constants, t winograd.Transform) {
	in, out := t.In(), t.Out()
	build.TEXT(t.Name+s.suffix, build.NOSPLIT,
		"func(dst *float32, dstRow, dstCol, dstTile int, src *float32, srcRow, srcCol, srcTile int, tiles, vecs int, scratch *float32)")
	build.Pragma("noescape")
	build.Doc(
		fmt.Sprintf("%s%s computes %s for a number of tiles, %d×%d to %d×%d, of vecs*%d channels.", t.Name, s.suffix, t.Formula, in, in, out, out, s.lanes),
		"Element (i,j) of tile t is at src[t*srcTile+i*srcRow+j*srcCol], all its channels one after",
		fmt.Sprintf("the other, and so in dst. scratch has room for %d vectors.", in*out))
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
	build.MOVL(operand.U32(in), count.As32())
	build.Label("row")
	build.LEAQ(operand.Mem{Base: at, Index: srcCol, Scale: 4}, at4)
	values, spare := s.vec[:in], [3]reg.VecPhysical(s.vec[8:11])
	for j, r := range values {
		build.VMOVUPS(strided(j, at, at4, srcCol, srcCol3), r)
	}
	winograd.Apply(c, t, values, spare, func(j int, v reg.VecPhysical) { build.VMOVUPS(v, mem(buf, j*s.bytes())) })
	build.ADDQ(srcRow, at)
	build.ADDQ(operand.U32(out*s.bytes()), buf)
	build.DECL(count.As32())
	build.JNE(operand.LabelRef("row"))

	build.Comment("The rows of each column.")
	build.MOVQ(dst, at)
	build.MOVQ(scratch, buf)
	build.MOVL(operand.U32(out), count.As32())
	build.Label("column")
	build.LEAQ(operand.Mem{Base: at, Index: dstRow, Scale: 4}, at4)
	for i, r := range values {
		build.VMOVUPS(mem(buf, i*out*s.bytes()), r)
	}
	winograd.Apply(c, t, values, spare, func(i int, v reg.VecPhysical) {
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
