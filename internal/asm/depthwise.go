package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// depthwise writes the function that convolves a plane with one kernel of
// side×side. A vector of outputs goes down the plane: the mask for the padding to the
// left and right is then the same for all its rows. A row above or below the plane is
// read from a row of zeros.
//
// Where the kernel moves by 2, two vectors of a row are split into the elements at
// even and at odd places: what two neighbouring taps see.
//
// The largest value of each window of a pooling is found the same way: with no weights,
// and −∞ where there is no plane.
type depthwise struct {
	isa
	side, stride int
	largest      bool          // of a window, not the sum
	masks        []operand.Mem // AVX2: of the loads of a row
}

// Registers of a depthwise function.
var (
	dwRow     = reg.RSI // x, at the row and column of the first tap
	dwY       = reg.RDI
	dwRows    = reg.RDX // of the plane
	dwWidth   = reg.RCX // in bytes
	dwLeft    = reg.R8  // rows of the output to go
	dwAt      = reg.R9  // number of the row of the first tap
	dwTap     = reg.R10 // x at a tap's row
	dwOutside = reg.R11
	dwColumn  = reg.R12 // of the output
	dwAdd     = reg.R13
	dwTmp     = reg.RAX
	dwOther   = reg.RBX
	dwShape   = reg.R15
)

// Places in the shape, counted in ints.
const (
	shapeHeight = 8 * iota
	shapeWidth
	shapeTop
	shapeLeft
	shapeOutH
	shapeOutW
)

func (s isa) depthwise(side, stride int) {
	name := fmt.Sprintf("depthwise%dby%d%s", side, stride, s.suffix)
	build.TEXT(name, build.NOSPLIT, "func(y, x, add, weights *float32, shape *int, what int, bias, mean, factor, shift, lo, hi float32)")
	build.Pragma("noescape")
	build.Doc(
		fmt.Sprintf("%s convolves a plane with a kernel of %d×%d that moves by %d, and", name, side, side, stride),
		fmt.Sprintf("finishes the sums as finish%s does. add is laid out as y. shape is height and width,", s.suffix),
		"rows and columns of zeros before them, height and width of y.")
	d := depthwise{isa: s, side: side, stride: stride}
	param("weights", dwTmp)
	for tap := 0; d.weightsStay() && tap < side*side; tap++ {
		build.VBROADCASTSS(mem(dwTmp, 4*tap), d.kept(tap))
	}
	d.plane(name)
}

// largestOf writes the function that pools a plane.
func (s isa) largestOf(side, stride int) {
	name := fmt.Sprintf("largest%dby%d%s", side, stride, s.suffix)
	build.TEXT(name, build.NOSPLIT, "func(y, x *float32, shape *int)")
	build.Pragma("noescape")
	build.Doc(fmt.Sprintf("%s takes the largest value of each window of %d×%d, that moves by %d. NaN", name, side, side, stride),
		"wins. shape is as that of a depthwise convolution; what lies outside of the plane is −∞.")
	depthwise{isa: s, side: side, stride: stride, largest: true}.plane(name)
}

// plane writes the loops over columns and rows of the output.
func (d depthwise) plane(name string) {
	s, side, stride := d.isa, d.side, d.stride
	outside := operand.U32(0)
	if d.largest {
		outside = operand.U32(math.Float32bits(float32(math.Inf(-1))))
	}
	param("shape", dwShape)
	if stride == 2 && s.lanes == 16 {
		indices(name+"Even", func(i int) uint32 { return uint32(2 * i) }, d.even())
		indices(name+"Odd", func(i int) uint32 { return uint32(2*i + 1) }, d.odd())
	}
	zeros := build.GLOBL(name+"Outside", build.RODATA|build.NOPTR)
	for i := range side + 2*s.lanes { // as far as the loads of a row reach
		build.DATA(4*i, outside)
	}
	for range d.loads() {
		if s.lanes == 8 {
			d.masks = append(d.masks, build.AllocLocal(32))
		}
	}
	build.LEAQ(zeros, dwOutside)
	if d.largest {
		build.VBROADCASTSS(mem(dwOutside, 0), d.lowest())
	}
	build.MOVQ(mem(dwShape, shapeHeight), dwRows)
	build.MOVQ(mem(dwShape, shapeWidth), dwWidth)
	scaled(dwWidth)
	if d.largest {
		d.fetch()
	}
	build.XORL(dwColumn.As32(), dwColumn.As32())
	build.Label("column")
	d.column()
	build.Label("row")
	d.row()
	build.ADDQ(operand.U8(stride), dwAt)
	for range stride {
		build.ADDQ(dwWidth, dwRow)
	}
	build.MOVQ(mem(dwShape, shapeOutW), dwTmp)
	build.LEAQ(operand.Mem{Base: dwY, Index: dwTmp, Scale: 4}, dwY)
	if !d.largest {
		build.LEAQ(operand.Mem{Base: dwAdd, Index: dwTmp, Scale: 4}, dwAdd)
	}
	build.DECQ(dwLeft)
	build.JNE(operand.LabelRef("row"))
	build.ADDQ(operand.U8(s.lanes), dwColumn)
	build.CMPQ(dwColumn, mem(dwShape, shapeOutW))
	build.JLT(operand.LabelRef("column"))
	build.VZEROUPPER()
	build.RET()
}

// fetch asks for the whole plane from the first byte to the last, in the order that the
// processor foresees: a pooling has so little to compute that, down the columns of a
// plane that is far away, it would mostly wait.
func (d depthwise) fetch() {
	const line = 64
	param("x", dwTmp)
	build.MOVQ(dwRows, dwOther)
	build.IMULQ(dwWidth, dwOther)
	build.ADDQ(dwTmp, dwOther)
	build.Label("fetch")
	build.PREFETCHT0(mem(dwTmp, 0))
	build.ADDQ(operand.U8(line), dwTmp)
	build.CMPQ(dwTmp, dwOther)
	build.JCS(operand.LabelRef("fetch"))
}

// loads are the places of the vectors that make a row's taps, from the first tap on.
func (d depthwise) loads() []int {
	var at []int
	for tap := 0; tap < d.side; tap += d.stride {
		at = append(at, tap)
		if d.stride == 2 {
			at = append(at, tap+d.lanes)
		}
	}
	return at
}

// column sets pointers and masks for a vector of outputs.
func (d depthwise) column() {
	build.Comment("Column of the first tap, and the lanes of each load that are on the plane.")
	build.MOVQ(dwColumn, dwOther)
	if d.stride == 2 {
		build.ADDQ(dwOther, dwOther)
	}
	build.SUBQ(mem(dwShape, shapeLeft), dwOther)
	for i, at := range d.loads() {
		d.setMask(i, at)
	}
	param("x", dwRow)
	build.LEAQ(operand.Mem{Base: dwRow, Index: dwOther, Scale: 4}, dwRow)
	build.MOVQ(mem(dwShape, shapeTop), dwAt)
	build.MOVQ(dwWidth, dwTmp)
	build.IMULQ(dwAt, dwTmp)
	build.SUBQ(dwTmp, dwRow)
	build.NEGQ(dwAt)
	param("y", dwY)
	build.LEAQ(operand.Mem{Base: dwY, Index: dwColumn, Scale: 4}, dwY)
	if !d.largest {
		param("add", dwAdd)
		build.LEAQ(operand.Mem{Base: dwAdd, Index: dwColumn, Scale: 4}, dwAdd)
	}
	build.MOVQ(mem(dwShape, shapeOutH), dwLeft)
	build.Comment("Lanes of the output.")
	build.MOVQ(mem(dwShape, shapeOutW), dwOther)
	build.SUBQ(dwColumn, dwOther)
	d.clamp(dwOther)
	d.output().set(dwOther, dwTmp)
}

// clamp brings a number of lanes into [0,lanes].
func (d depthwise) clamp(n reg.GPPhysical) {
	build.XORL(dwTmp.As32(), dwTmp.As32())
	build.CMPQ(n, dwTmp)
	build.CMOVQLT(dwTmp, n)
	build.MOVL(operand.U32(d.lanes), dwTmp.As32())
	build.CMPQ(n, dwTmp)
	build.CMOVQGT(dwTmp, n)
}

// setMask makes the mask of load i, at columns beyond the first tap's, whose column
// is in dwOther: lanes from column 0 to the plane's width.
func (d depthwise) setMask(i, at int) {
	build.MOVQ(mem(dwShape, shapeWidth), dwTap)
	build.SUBQ(dwOther, dwTap)
	build.SUBQ(operand.U8(at), dwTap)
	d.clamp(dwTap)
	build.MOVQ(dwOther, dwLeft)
	build.ADDQ(operand.U8(at), dwLeft)
	build.NEGQ(dwLeft)
	d.clamp(dwLeft)
	if d.lanes == 16 {
		build.MOVL(operand.I32(-1), dwTmp.As32())
		build.BZHIL(dwTap.As32(), dwTmp.As32(), dwTap.As32())
		build.BZHIL(dwLeft.As32(), dwTmp.As32(), dwLeft.As32())
		build.ANDNL(dwTap.As32(), dwLeft.As32(), dwTap.As32())
		build.KMOVW(dwTap.As32(), d.opmask(i))
		return
	}
	m := masker{d.isa, nil, d.value(0)}
	m.set(dwLeft, dwTmp)
	other := masker{d.isa, nil, d.value(1)}
	other.set(dwTap, dwTmp)
	build.VANDNPS(d.value(1), d.value(0), d.value(0))
	build.VMOVUPS(d.value(0), d.masks[i])
}

// row computes a vector of outputs of one row.
func (d depthwise) row() {
	if d.largest {
		build.VMOVAPS(d.lowest(), d.sum())
	} else {
		d.zero(d.sum())
	}
	build.Comment("Going down a plane the processor does not foresee: the row after the next few is asked for.")
	build.LEAQ(operand.Mem{Base: dwRow, Index: dwWidth, Scale: 8}, dwTmp)
	build.PREFETCHT0(mem(dwTmp, 0))
	for i := range d.side {
		build.Commentf("Row %d of the kernel.", i)
		build.LEAQ(mem(dwAt, i), dwTmp)
		if i == 0 {
			build.MOVQ(dwRow, dwOther)
		} else {
			build.ADDQ(dwWidth, dwOther)
		}
		build.MOVQ(dwOther, dwTap)
		build.CMPQ(dwTmp, dwRows)
		build.CMOVQCC(dwOutside, dwTap)
		d.taps(i)
	}
	if !d.largest {
		d.finish()
	}
	d.output().store(d.sum(), mem(dwY, 0))
}

// taps adds the taps of row i of the kernel.
func (d depthwise) taps(i int) {
	loads := d.loads()
	if d.stride == 1 {
		for j, at := range loads {
			d.load(j, at, d.value(0))
			d.add(i*d.side+j, d.value(0))
		}
		return
	}
	low, high, both := d.value(0), d.value(1), d.value(2)
	for j := 0; j < len(loads); j += 2 {
		d.load(j, loads[j], low)
		d.load(j+1, loads[j+1], high)
		d.pick(0x88, d.even(), low, high, both)
		d.add(i*d.side+j, both)
		if j+1 < d.side {
			d.pick(0xdd, d.odd(), low, high, both)
			d.add(i*d.side+j+1, both)
		}
	}
}

// pick takes every second element of two vectors.
func (d depthwise) pick(shuffle uint8, places, low, high, to reg.VecPhysical) {
	if d.lanes == 16 {
		build.VMOVAPS(low, to)
		build.VPERMT2PS(high, places, to)
		return
	}
	build.VSHUFPS(operand.U8(shuffle), high, low, to)
	build.VPERMPD(operand.U8(0xd8), to, to)
}

func (d depthwise) load(i, at int, to reg.VecPhysical) {
	m := masker{isa: d.isa}
	switch {
	case d.lanes == 16 && d.largest:
		build.VMOVAPS(d.lowest(), to)
		build.VMOVUPS(mem(dwTap, 4*at), d.opmask(i), to)
		return
	case d.lanes == 16:
		m.k = d.opmask(i)
	default:
		m.y = d.weight()
		build.VMOVUPS(d.masks[i], m.y)
	}
	m.load(mem(dwTap, 4*at), to)
	if d.largest {
		build.VBLENDVPS(m.y, to, d.lowest(), to)
	}
}

// add adds a value times the weight of a tap, or keeps the larger one.
func (d depthwise) add(tap int, value reg.VecPhysical) {
	if d.largest {
		s, isNaN := d.sum(), d.weight()
		d.larger(s, value, isNaN, reg.K6)
		return
	}
	w := d.weight()
	if d.weightsStay() {
		w = d.kept(tap)
	} else {
		param("weights", dwTmp)
		build.VBROADCASTSS(mem(dwTmp, 4*tap), w)
	}
	build.VFMADD231PS(value, w, d.sum())
}

// finish makes the output of a sum.
func (d depthwise) finish() {
	k := d.weight()
	constant := func(name string) reg.VecPhysical {
		build.VBROADCASTSS(paramAddr(name), k)
		return k
	}
	sum := d.sum()
	build.VADDPS(constant("bias"), sum, sum)
	param("what", dwTmp)
	skip := func(bit int, label string) {
		build.TESTQ(operand.U32(bit), dwTmp)
		build.JEQ(operand.LabelRef(label))
	}
	skip(normalised, "plain")
	build.VSUBPS(constant("mean"), sum, sum)
	build.VMULPS(constant("factor"), sum, sum)
	build.VADDPS(constant("shift"), sum, sum)
	build.Label("plain")
	skip(residual, "single")
	d.output().load(mem(dwAdd, 0), k)
	build.VADDPS(k, sum, sum)
	build.Label("single")
	skip(clipped, "unclipped")
	build.Comment("Of NaN and a number, the second operand; + 0 makes one of the two zeros.")
	build.VMAXPS(sum, constant("lo"), sum)
	build.VMINPS(sum, constant("hi"), sum)
	d.zero(k)
	build.VADDPS(k, sum, sum)
	build.Label("unclipped")
}

// The vector registers: a sum, what is loaded, a weight or a mask; with AVX2 the mask
// of the output, with AVX-512 the places of even and odd elements; and the weights if
// there is room.
func (d depthwise) sum() reg.VecPhysical        { return d.vec[0] }
func (d depthwise) value(i int) reg.VecPhysical { return d.vec[1+i] }
func (d depthwise) weight() reg.VecPhysical     { return d.vec[4] }
func (d depthwise) even() reg.VecPhysical       { return d.vec[5] }
func (d depthwise) odd() reg.VecPhysical        { return d.vec[6] }
func (d depthwise) lowest() reg.VecPhysical     { return d.vec[7] }
func (d depthwise) kept(tap int) reg.VecPhysical {
	return d.vec[len(d.vec)-1-tap]
}
func (d depthwise) weightsStay() bool { return d.side*d.side <= len(d.vec)-7 }

func (d depthwise) zero(v reg.VecPhysical) { body{isa: d.isa}.zero(v) }

func (d depthwise) output() masker { return masker{d.isa, reg.K7, d.vec[5]} }

func (d depthwise) opmask(i int) reg.OpmaskPhysical {
	return []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3, reg.K4, reg.K5, reg.K6}[i]
}
