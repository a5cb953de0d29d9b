package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Predicates of VCMPPS.
const (
	unordered   = 0x03
	greaterThan = 0x1e
)

// indices writes 16 numbers to the data section and loads them.
func indices(name string, f func(i int) uint32, to reg.VecPhysical) {
	table := build.GLOBL(name, build.RODATA|build.NOPTR)
	for i := range 16 {
		build.DATA(4*i, operand.U32(f(i)))
	}
	build.VMOVDQU32(table, to)
}

// lanesMask sets k to the lanes below min(count, 16), count in [0,32].
func lanesMask(count reg.GPPhysical, k reg.OpmaskPhysical, scratch reg.GPPhysical) {
	build.MOVL(operand.U32(0xffffffff), scratch.As32())
	build.BZHIL(count.As32(), scratch.As32(), scratch.As32())
	build.KMOVW(scratch.As32(), k)
}

// Masks of both pooling functions: n windows, and their 2·n values of a row as
// two vectors.
var windows, low, high = reg.K1, reg.K2, reg.K3

func poolMasks(n, twice, scratch reg.GPPhysical) {
	lanesMask(n, windows, scratch)
	build.LEAQ(operand.Mem{Base: n, Index: n, Scale: 1}, twice)
	lanesMask(twice, low, scratch)
	build.Comment("Lanes of the second vector: 2n-16, at least 0.")
	build.XORL(scratch.As32(), scratch.As32())
	build.SUBQ(operand.U8(16), twice)
	build.CMOVQLT(scratch, twice)
	lanesMask(twice, high, scratch)
}

// places returns vectors of 1, 2 and 3, the places in a window; element 0 is empty.
func (s isa) places() []reg.VecPhysical {
	place := []reg.VecPhysical{nil, s.vec[20], s.vec[21], s.vec[22]}
	for q := 1; q <= 3; q++ {
		build.MOVL(operand.U32(q), reg.R11L)
		build.VPBROADCASTD(reg.R11L, place[q])
	}
	return place
}

// maxPool2 writes the function that takes the largest of 2×2 windows.
func (s isa) maxPool2() {
	build.TEXT("maxPool2AVX512", build.NOSPLIT, "func(y *float32, at *uint8, yRow int, z *float32, zRow, rows, n int, bias, floor float32)")
	build.Pragma("noescape")
	build.Doc("maxPool2AVX512 takes the largest value of each 2×2 window, n in [1,16] in a row,",
		"and writes max(floor, it + bias) to y and its place, 0 to 3, to at. NaN wins.",
		"Rows of y and at are yRow apart, rows of z zRow.")
	y, at, yRow, z, zRow, rows, n := reg.RDI, reg.RDX, reg.R8, reg.RSI, reg.R9, reg.RCX, reg.RBX
	param("y", y)
	param("at", at)
	param("yRow", yRow)
	param("z", z)
	param("zRow", zRow)
	param("rows", rows)
	param("n", n)
	scaled(zRow)
	poolMasks(n, reg.R10, reg.R11)
	even, odd, bias, floor := s.vec[16], s.vec[17], s.vec[18], s.vec[19]
	indices("evenLanes", func(i int) uint32 { return uint32(2 * i) }, even)
	indices("oddLanes", func(i int) uint32 { return uint32(2*i + 1) }, odd)
	build.VBROADCASTSS(paramAddr("bias"), bias)
	build.VBROADCASTSS(paramAddr("floor"), floor)
	place := s.places()
	build.Label("row")
	window := s.vec[4:8] // the four values of each window
	for half, row := range []operand.Mem{{Base: z}, {Base: z, Index: zRow, Scale: 1}} {
		right := row
		right.Disp = 64
		a, b := window[2*half], window[2*half+1]
		build.VMOVUPS_Z(row, low, s.vec[0])
		build.VMOVUPS_Z(right, high, s.vec[1])
		build.VMOVAPS(even, a)
		build.VPERMI2PS(s.vec[1], s.vec[0], a)
		build.VMOVAPS(odd, b)
		build.VPERMI2PS(s.vec[1], s.vec[0], b)
	}
	best, where := window[0], s.vec[8]
	build.VPXORD(where, where, where)
	for q := 1; q <= 3; q++ {
		build.VCMPPS(operand.U8(greaterThan), best, window[q], reg.K4)
		build.VCMPPS(operand.U8(unordered), window[q], window[q], reg.K5)
		build.KORW(reg.K4, reg.K5, reg.K4)
		build.VMOVAPS(window[q], reg.K4, best)
		build.VMOVDQA32(place[q], reg.K4, where)
	}
	build.VADDPS(bias, best, best)
	build.Comment("Of NaN and a number, the maximum is the second operand.")
	build.VMAXPS(best, floor, best)
	build.VMOVUPS(best, windows, mem(y, 0))
	build.VPMOVDB(where, windows, mem(at, 0))
	build.ADDQ(yRow, at)
	build.LEAQ(operand.Mem{Base: y, Index: yRow, Scale: 4}, y)
	build.LEAQ(operand.Mem{Base: z, Index: zRow, Scale: 2}, z)
	build.DECQ(rows)
	build.JNE(operand.LabelRef("row"))
	build.VZEROUPPER()
	build.RET()
}

// backPool2 writes the function that takes a gradient back through maxPool2.
func (s isa) backPool2() {
	build.TEXT("backPool2AVX512", build.NOSPLIT, "func(dz *float32, zRow int, dy, y *float32, at *uint8, yRow, rows, n int, rectified bool)")
	build.Pragma("noescape")
	build.Doc("backPool2AVX512 writes all of dz: dy at the place of each 2×2 window that at says,",
		"n in [1,16] in a row, and 0 elsewhere; if rectified, 0 unless y > 0. Rows of dy, y",
		"and at are yRow apart, rows of dz zRow.")
	dz, zRow, dy, y, at, yRow, rows, n, rectified := reg.RDI, reg.R9, reg.RSI, reg.RBX, reg.RDX, reg.R8, reg.RCX, reg.R12, reg.RAX
	param("dz", dz)
	param("zRow", zRow)
	param("dy", dy)
	param("y", y)
	param("at", at)
	param("yRow", yRow)
	param("rows", rows)
	param("n", n)
	build.MOVBLZX(paramAddr("rectified"), rectified.As32())
	scaled(zRow)
	poolMasks(n, reg.R10, reg.R11)
	first, second, zero := s.vec[16], s.vec[17], s.vec[18]
	indices("firstPairs", func(i int) uint32 { return uint32(i/2 + i%2*16) }, first)
	indices("secondPairs", func(i int) uint32 { return uint32(8 + i/2 + i%2*16) }, second)
	build.VPXORD(zero, zero, zero)
	place := s.places()
	place[0] = zero
	build.Label("row")
	d, where := s.vec[0], s.vec[1]
	build.VMOVUPS_Z(mem(dy, 0), windows, d)
	build.TESTL(rectified.As32(), rectified.As32())
	build.JEQ(operand.LabelRef("through"))
	build.VMOVUPS_Z(mem(y, 0), windows, s.vec[2])
	build.VCMPPS(operand.U8(greaterThan), zero, s.vec[2], reg.K4)
	build.VMOVAPS_Z(d, reg.K4, d)
	build.Label("through")
	build.VPMOVZXBD_Z(mem(at, 0), windows, where)
	window := s.vec[4:8]
	for q := range window {
		build.VPCMPEQD(place[q], where, reg.K4)
		build.VMOVAPS_Z(d, reg.K4, window[q])
	}
	for half, row := range []operand.Mem{{Base: dz}, {Base: dz, Index: zRow, Scale: 1}} {
		right := row
		right.Disp = 64
		a, b := window[2*half], window[2*half+1]
		build.VMOVAPS(first, s.vec[2])
		build.VPERMI2PS(b, a, s.vec[2])
		build.VMOVUPS(s.vec[2], low, row)
		build.VMOVAPS(second, s.vec[3])
		build.VPERMI2PS(b, a, s.vec[3])
		build.VMOVUPS(s.vec[3], high, right)
	}
	build.ADDQ(yRow, at)
	for _, p := range []reg.GPPhysical{y, dy} {
		build.LEAQ(operand.Mem{Base: p, Index: yRow, Scale: 4}, p)
	}
	build.LEAQ(operand.Mem{Base: dz, Index: zRow, Scale: 2}, dz)
	build.DECQ(rows)
	build.JNE(operand.LabelRef("row"))
	build.VZEROUPPER()
	build.RET()
}
