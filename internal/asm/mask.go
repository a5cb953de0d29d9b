package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// maskTable holds eight words of ones, then eight of zeros; eight words from
// 8-n on are the AVX2 mask for the first n lanes.
var maskTable operand.Mem

func tailMasks() {
	maskTable = build.GLOBL("tailMasks", build.RODATA|build.NOPTR)
	for offset := 0; offset < 64; offset += 8 {
		two := operand.U64(0)
		if offset < 32 {
			two = math.MaxUint64
		}
		build.DATA(offset, two)
	}
}

// masker loads and stores the first few lanes of a vector. Its mask is in k
// with AVX-512 and in y with AVX2. Masked lanes cause no page faults.
type masker struct {
	isa
	k reg.OpmaskPhysical
	y reg.VecPhysical
}

// set makes the mask for n lanes, n in [0,lanes]; it destroys n.
func (m masker) set(n, scratch reg.GPPhysical) {
	if m.lanes == 16 {
		build.MOVL(operand.I32(-1), scratch.As32())
		build.BZHIL(n.As32(), scratch.As32(), scratch.As32())
		build.KMOVW(scratch.As32(), m.k)
		return
	}
	build.LEAQ(maskTable, scratch)
	build.NEGQ(n)
	build.VMOVUPS(operand.Mem{Base: scratch, Index: n, Scale: 4, Disp: 32}, m.y)
}

func (m masker) load(src operand.Mem, dst reg.VecPhysical) {
	if m.lanes == 16 {
		build.VMOVUPS_Z(src, m.k, dst)
		return
	}
	build.VMASKMOVPS(src, m.y, dst)
}

func (m masker) store(src reg.VecPhysical, dst operand.Mem) {
	if m.lanes == 16 {
		build.VMOVUPS(src, m.k, dst)
		return
	}
	build.VMASKMOVPS(src, m.y, dst)
}
