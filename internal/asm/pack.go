package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// packRows writes the function that copies a block of B, row by row, into a
// panel.
func (s isa) packRows() {
	nr := s.vecs * s.lanes
	build.TEXT("packRows"+s.suffix, build.NOSPLIT, "func(dst, src *float32, ld, k, width int)")
	build.Pragma("noescape")
	build.Doc(
		fmt.Sprintf("packRows%s copies k rows of width elements, width in [1,%d], ld apart in src,", s.suffix, nr),
		fmt.Sprintf("to rows of %d elements in dst, filled up with zeros.", nr))
	dst, src, ld, k, width := reg.RDI, reg.RSI, reg.R8, reg.RCX, reg.RDX
	param("dst", dst)
	param("src", src)
	param("ld", ld)
	param("k", k)
	param("width", width)
	scaled(ld)
	masks := make([]masker, s.vecs)
	for j := range masks {
		masks[j] = masker{s, []reg.OpmaskPhysical{reg.K1, reg.K2}[j], s.vec[s.vecs+j]}
		lanes, bound := reg.RBX, reg.RAX
		build.Commentf("Lanes of vector %d: width-%d, at least 0 and at most %d.", j, j*s.lanes, s.lanes)
		build.LEAQ(mem(width, -j*s.lanes), lanes)
		build.XORL(bound.As32(), bound.As32())
		build.CMPQ(lanes, bound)
		build.CMOVQLT(bound, lanes)
		build.MOVL(operand.U32(s.lanes), bound.As32())
		build.CMPQ(lanes, bound)
		build.CMOVQGT(bound, lanes)
		masks[j].set(lanes, bound)
	}
	build.Label("row")
	for j, m := range masks {
		m.load(mem(src, j*s.bytes()), s.vec[j])
	}
	for j := range masks {
		build.VMOVUPS(s.vec[j], mem(dst, j*s.bytes()))
	}
	for line := 0; line < 4*nr; line += 64 {
		build.PREFETCHT0(mem(src, 2*4*nr+line)) // of the panel after the next
	}
	build.ADDQ(ld, src)
	build.ADDQ(operand.U32(4*nr), dst)
	build.DECQ(k)
	build.JNE(operand.LabelRef("row"))
	build.VZEROUPPER()
	build.RET()
}

// packColumns writes the function that transposes eight rows into a panel, in
// blocks of 8×8. Each half of a register comes from another row (the load and
// insert cost no shuffle), which leaves sixteen shuffles a block.
func packColumns() {
	build.TEXT("packColumnsAVX2", build.NOSPLIT, "func(dst *float32, nr int, src *float32, ld, k int)")
	build.Pragma("noescape")
	build.Doc(
		"packColumnsAVX2 transposes eight rows of k elements, k >= 8, ld apart in src, into",
		"k rows of eight elements, nr apart in dst. The last block overlaps the one before",
		"when k is not a multiple of eight.")
	dst, nr, src, ld, k := reg.RDI, reg.R9, reg.RSI, reg.R8, reg.RCX
	ld3, nr3, src4, dst4 := reg.R10, reg.R11, reg.R12, reg.R13
	eight, step := reg.RAX, reg.RBX
	param("dst", dst)
	param("nr", nr)
	param("src", src)
	param("ld", ld)
	param("k", k)
	scaled(ld, nr)
	build.LEAQ(operand.Mem{Base: ld, Index: ld, Scale: 2}, ld3)
	build.LEAQ(operand.Mem{Base: nr, Index: nr, Scale: 2}, nr3)
	build.Label("block")
	build.LEAQ(operand.Mem{Base: src, Index: ld, Scale: 4}, src4)
	build.LEAQ(operand.Mem{Base: dst, Index: nr, Scale: 4}, dst4)
	transpose8(row4(src, ld, ld3), row4(src4, ld, ld3), row4(dst, nr, nr3), row4(dst4, nr, nr3))
	build.SUBQ(operand.U8(8), k)
	build.JEQ(operand.LabelRef("done"))
	build.Comment("The next block starts min(k,8) further on; max(k,8) columns are left.")
	build.MOVL(operand.U32(8), eight.As32())
	build.MOVQ(k, step)
	build.CMPQ(k, eight)
	build.CMOVQGT(eight, step)
	build.CMOVQLT(eight, k)
	build.LEAQ(operand.Mem{Base: src, Index: step, Scale: 4}, src)
	build.IMULQ(nr, step)
	build.ADDQ(step, dst)
	build.JMP(operand.LabelRef("block"))
	build.Label("done")
	build.VZEROUPPER()
	build.RET()
}

// row4 gives the operands of four rows from base on.
func row4(base, ld, ld3 reg.GPPhysical) [4]operand.Mem {
	return [4]operand.Mem{
		{Base: base},
		{Base: base, Index: ld, Scale: 1},
		{Base: base, Index: ld, Scale: 2},
		{Base: base, Index: ld3, Scale: 1},
	}
}

// transpose8 transposes an 8×8 block given by its upper and lower four rows.
func transpose8(srcUp, srcLow, dstUp, dstLow [4]operand.Mem) {
	y := avx2.vec
	for half := 0; half < 2; half++ { // columns 0-3, then 4-7, of the source
		x := [4]reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3}
		for r := 0; r < 4; r++ {
			up, low := srcUp[r], srcLow[r]
			up.Disp, low.Disp = 16*half, 16*half
			build.VMOVUPS(up, x[r])
			build.VINSERTF128(operand.U8(1), low, y[r], y[r])
		}
		build.VUNPCKLPS(y[1], y[0], y[4])
		build.VUNPCKHPS(y[1], y[0], y[5])
		build.VUNPCKLPS(y[3], y[2], y[6])
		build.VUNPCKHPS(y[3], y[2], y[7])
		build.VSHUFPS(operand.U8(0x44), y[6], y[4], y[8])
		build.VSHUFPS(operand.U8(0xee), y[6], y[4], y[9])
		build.VSHUFPS(operand.U8(0x44), y[7], y[5], y[10])
		build.VSHUFPS(operand.U8(0xee), y[7], y[5], y[11])
		for c := 0; c < 4; c++ {
			to := dstUp[c]
			if half == 1 {
				to = dstLow[c]
			}
			build.VMOVUPS(y[8+c], to)
		}
	}
}
