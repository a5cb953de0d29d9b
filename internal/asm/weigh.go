package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// addBytes writes the function that adds a row of bytes, times a weight, to sums.
func (s isa) addBytes() {
	build.TEXT("addBytes"+s.suffix, build.NOSPLIT, "func(sums *int32, line *byte, n int, weight int32)")
	build.Pragma("noescape")
	build.Doc(fmt.Sprintf("addBytes%s computes sums[i] += weight*line[i] for n elements.", s.suffix))
	sums, line, n, weight := reg.RDI, reg.RSI, reg.RCX, reg.RDX
	param("sums", sums)
	param("line", line)
	param("n", n)
	param("weight", weight.As32())
	times, x := s.vec[0], s.vec[1]
	build.VMOVD(weight.As32(), reg.X0)
	build.VPBROADCASTD(reg.X0, times)
	build.Label("vector")
	build.SUBQ(operand.U8(s.lanes), n)
	build.JLT(operand.LabelRef("rest"))
	build.VPMOVZXBD(mem(line, 0), x)
	build.VPMULLD(times, x, x)
	build.VPADDD(mem(sums, 0), x, x)
	build.VMOVUPS(x, mem(sums, 0))
	build.ADDQ(operand.U8(s.lanes), line)
	build.ADDQ(operand.U8(s.bytes()), sums)
	build.JMP(operand.LabelRef("vector"))
	build.Label("rest")
	build.ADDQ(operand.U8(s.lanes), n)
	build.JEQ(operand.LabelRef("done"))
	build.Label("one")
	build.MOVBLZX(mem(line, 0), reg.EAX)
	build.IMULL(weight.As32(), reg.EAX)
	build.ADDL(reg.EAX, mem(sums, 0))
	build.INCQ(line)
	build.ADDQ(operand.U8(4), sums)
	build.DECQ(n)
	build.JNE(operand.LabelRef("one"))
	build.Label("done")
	build.VZEROUPPER()
	build.RET()
}

// weigh writes the function that makes pixels of neighbours in a row. A pixel is four
// bytes, one vector of four sums.
func weigh() {
	build.TEXT("weighAVX2", build.NOSPLIT, "func(out, row *byte, first *int, n int, weights *int32, taps int)")
	build.Pragma("noescape")
	build.Doc("weighAVX2 computes n pixels of four bytes, each the sum of taps pixels of row, from",
		"first[i] on, times the next taps weights, rounded from 22 bits behind the point.",
		"n > 0, taps > 0.")
	out, row, first, n, weights, taps := reg.RDI, reg.RSI, reg.RDX, reg.RCX, reg.RBX, reg.R8
	param("out", out)
	param("row", row)
	param("first", first)
	param("n", n)
	param("weights", weights)
	param("taps", taps)
	from, left := reg.R9, reg.R10
	half, sum, x, w := reg.X0, reg.X1, reg.X2, reg.X3
	build.MOVL(operand.U32(1<<21), left.As32())
	build.VMOVD(left.As32(), half)
	build.VPBROADCASTD(half, half)
	build.Label("pixel")
	build.MOVQ(mem(first, 0), from)
	build.LEAQ(operand.Mem{Base: row, Index: from, Scale: 4}, from)
	build.MOVQ(taps, left)
	build.VMOVDQA(half, sum)
	build.Label("tap")
	build.VPMOVZXBD(mem(from, 0), x)
	build.VPBROADCASTD(mem(weights, 0), w)
	build.VPMULLD(w, x, x)
	build.VPADDD(x, sum, sum)
	build.ADDQ(operand.U8(4), from)
	build.ADDQ(operand.U8(4), weights)
	build.DECQ(left)
	build.JNE(operand.LabelRef("tap"))
	build.Comment("Ten bits are left, and saturate to eight without a sign.")
	build.VPSRAD(operand.U8(22), sum, sum)
	build.VPACKSSDW(sum, sum, sum)
	build.VPACKUSWB(sum, sum, sum)
	build.VMOVD(sum, mem(out, 0))
	build.ADDQ(operand.U8(4), out)
	build.ADDQ(operand.U8(8), first)
	build.DECQ(n)
	build.JNE(operand.LabelRef("pixel"))
	build.VZEROUPPER()
	build.RET()
}
