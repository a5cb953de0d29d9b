package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// take writes the function that copies part of a row of each channel of an image, every
// element or every second one, into a panel of patches; listed the function for rows that
// begin anywhere.
func (s isa) take(stride int, listed bool) {
	name, argument := fmt.Sprintf("take%d%s", stride, s.suffix), "ldSrc int"
	if listed {
		name, argument = fmt.Sprintf("takeAt%d%s", stride, s.suffix), "at *int"
	}
	build.TEXT(name, build.NOSPLIT, "func(dst *float32, ldDst int, src *float32, "+argument+", rows, n int)")
	build.Pragma("noescape")
	where := "ldSrc apart in src"
	if listed {
		where = "row r from src[at[r]] on"
	}
	build.Doc(
		fmt.Sprintf("%s copies n elements, %d apart in src, of each of rows rows, %s", name, stride, where),
		"and ldDst apart in dst. rows, n > 0.")
	dst, src, ldDst, ldSrc, left := reg.RDI, reg.RSI, reg.R8, reg.R9, reg.RDX
	row, base := reg.R12, reg.R13
	from, to, count, lanes, other := reg.R10, reg.R11, reg.RCX, reg.RBX, reg.RAX
	param("dst", dst)
	param("src", src)
	param("ldDst", ldDst)
	param("n", left)
	scaled(ldDst)
	if listed {
		param("at", ldSrc)
	} else {
		param("ldSrc", ldSrc)
		scaled(ldSrc)
	}
	masks := []masker{{s, reg.K1, s.vec[4]}, {s, reg.K2, s.vec[5]}, {s, reg.K3, s.vec[6]}} // of dst, and of the vectors of src
	places := s.vec[3]
	if stride == 2 && s.lanes == 16 {
		indices(name+"Even", func(i int) uint32 { return uint32(2 * i) }, places)
	}
	// atMost bounds lanes by those of a vector.
	atMost := func() {
		build.XORL(other.As32(), other.As32())
		build.CMPQ(lanes, other)
		build.CMOVQLT(other, lanes)
		build.MOVL(operand.U32(s.lanes), other.As32())
		build.CMPQ(lanes, other)
		build.CMOVQGT(other, lanes)
	}
	build.Label("vector")
	build.MOVQ(left, lanes)
	atMost()
	masks[0].set(lanes, other)
	if stride == 2 {
		for v := range 2 {
			build.LEAQ(operand.Mem{Base: left, Index: left, Scale: 1, Disp: -1 - v*s.lanes}, lanes)
			atMost()
			masks[1+v].set(lanes, other)
		}
	}
	build.MOVQ(src, from)
	build.MOVQ(dst, to)
	param("rows", count)
	if listed {
		build.MOVQ(src, base)
		build.MOVQ(ldSrc, row)
	}
	build.Label("row")
	if listed {
		build.MOVQ(mem(row, 0), from)
		build.LEAQ(operand.Mem{Base: base, Index: from, Scale: 4}, from)
		build.ADDQ(operand.U8(8), row)
	}
	if stride == 1 {
		masks[0].load(mem(from, 0), s.vec[0])
	} else {
		for v := range 2 {
			masks[1+v].load(mem(from, v*s.bytes()), s.vec[v])
		}
		if s.lanes == 16 {
			build.VPERMT2PS(s.vec[1], places, s.vec[0])
		} else {
			build.VSHUFPS(operand.U8(0x88), s.vec[1], s.vec[0], s.vec[0])
			build.VPERMPD(operand.U8(0xd8), s.vec[0], s.vec[0])
		}
	}
	masks[0].store(s.vec[0], mem(to, 0))
	if !listed {
		build.ADDQ(ldSrc, from)
	}
	build.ADDQ(ldDst, to)
	build.DECQ(count)
	build.JNE(operand.LabelRef("row"))
	build.ADDQ(operand.U32(stride*s.bytes()), src)
	build.ADDQ(operand.U32(s.bytes()), dst)
	build.SUBQ(operand.U8(s.lanes), left)
	build.JGT(operand.LabelRef("vector"))
	build.VZEROUPPER()
	build.RET()
}
