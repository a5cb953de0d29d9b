package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// What follows a sum, as bits.
const (
	normalised = 1 << iota
	residual
	clipped
	finishes
)

// finish writes the function that makes a layer's output of the sums of one
// channel. No product is fused with a sum: it rounds as the steps do one by one.
func (s isa) finish() {
	build.TEXT("finish"+s.suffix, build.NOSPLIT,
		"func(y, x, add *float32, n, what int, bias, mean, factor, shift, lo, hi float32)")
	build.Pragma("noescape")
	build.Doc(
		fmt.Sprintf("finish%s computes y = clip(((x + bias) - mean)*factor + shift + add, lo, hi) for n", s.suffix),
		"elements, n > 0. The bits of what say what there is of it: 1 mean, factor and shift,",
		"2 add, 4 the clipping. NaN stays NaN.")
	y, x, add, n, what := reg.RDI, reg.RSI, reg.RDX, reg.RCX, reg.RAX
	param("y", y)
	param("x", x)
	param("add", add)
	param("n", n)
	param("what", what)
	k := map[string]reg.VecPhysical{}
	for i, name := range []string{"bias", "mean", "factor", "shift", "lo", "hi"} {
		k[name] = s.vec[4+i]
		build.VBROADCASTSS(paramAddr(name), k[name])
	}
	zero := s.vec[10]
	body{isa: s}.zero(zero)
	label := func(part string, w int) string { return fmt.Sprintf("%s_%d", part, w) }
	for w := range finishes {
		build.CMPQ(what, operand.U8(w))
		build.JEQ(operand.LabelRef(label("whole", w)))
	}
	build.Comment("No such finish.")
	build.UD2()
	v, r := s.vec[0], s.vec[1]
	compute := func(w int, load func(src operand.Mem, dst reg.VecPhysical)) {
		load(mem(x, 0), v)
		build.VADDPS(k["bias"], v, v)
		if w&normalised != 0 {
			build.VSUBPS(k["mean"], v, v)
			build.VMULPS(k["factor"], v, v)
			build.VADDPS(k["shift"], v, v)
		}
		if w&residual != 0 {
			load(mem(add, 0), r)
			build.VADDPS(r, v, v)
		}
		if w&clipped != 0 { // of NaN and a number, the second operand; + 0 makes one of the two zeros
			build.VMAXPS(v, k["lo"], v)
			build.VMINPS(v, k["hi"], v)
			build.VADDPS(zero, v, v)
		}
	}
	m := masker{s, reg.K1, s.vec[11]}
	for w := range finishes {
		build.Label(label("whole", w))
		build.CMPQ(n, operand.U8(s.lanes))
		build.JLT(operand.LabelRef(label("rest", w)))
		compute(w, func(src operand.Mem, dst reg.VecPhysical) { build.VMOVUPS(src, dst) })
		build.VMOVUPS(v, mem(y, 0))
		build.ADDQ(operand.U8(s.bytes()), x)
		build.ADDQ(operand.U8(s.bytes()), y)
		if w&residual != 0 {
			build.ADDQ(operand.U8(s.bytes()), add)
		}
		build.SUBQ(operand.U8(s.lanes), n)
		build.JMP(operand.LabelRef(label("whole", w)))
		build.Label(label("rest", w))
		build.TESTQ(n, n)
		build.JEQ(operand.LabelRef("done"))
		m.set(n, what)
		compute(w, m.load)
		m.store(v, mem(y, 0))
		build.JMP(operand.LabelRef("done"))
	}
	build.Label("done")
	build.VZEROUPPER()
	build.RET()
}

// weights is where the weights of shifts are.
var weights = reg.R11

// shifted writes a function over several shifted runs of the same numbers. begin
// sets a vector of results, each is called for each run, and fold takes the vector at
// m into the result. Where load is not nil, it reads a vector that is partly used.
func (s isa) shifted(name string, doc []string, weighted bool, begin func(acc reg.VecPhysical), each func(tap reg.GPPhysical), fold func(m operand.Mem, acc reg.VecPhysical, load func(src operand.Mem, dst reg.VecPhysical))) {
	const vecs = 4
	signature := "func(y *float32, n int, x *float32, at *int, taps int)"
	if weighted {
		signature = "func(y *float32, n int, x *float32, at *int, taps int, weights *float32)"
	}
	build.TEXT(name+s.suffix, build.NOSPLIT, signature)
	build.Pragma("noescape")
	build.Doc(doc...)
	y, n, x, at, taps := reg.RDI, reg.RCX, reg.RSI, reg.RDX, reg.R8
	param("y", y)
	param("n", n)
	param("x", x)
	param("at", at)
	param("taps", taps)
	if weighted {
		param("weights", weights)
	}
	tap, from := reg.R9, reg.R10
	m := masker{s, reg.K1, s.vec[11]}
	run := func(label string, vecs int, load func(src operand.Mem, dst reg.VecPhysical)) {
		for _, acc := range s.vec[:vecs] {
			begin(acc)
		}
		build.XORL(tap.As32(), tap.As32())
		build.Label(label)
		build.MOVQ(operand.Mem{Base: at, Index: tap, Scale: 8}, from)
		build.LEAQ(operand.Mem{Base: x, Index: from, Scale: 4}, from)
		each(tap)
		for j, acc := range s.vec[:vecs] {
			fold(mem(from, j*s.bytes()), acc, load)
		}
		build.INCQ(tap)
		build.CMPQ(tap, taps)
		build.JLT(operand.LabelRef(label))
	}
	step := func(vecs int) {
		for j, acc := range s.vec[:vecs] {
			build.VMOVUPS(acc, mem(y, j*s.bytes()))
		}
		build.ADDQ(operand.U32(vecs*s.bytes()), x)
		build.ADDQ(operand.U32(vecs*s.bytes()), y)
		build.SUBQ(operand.U8(vecs*s.lanes), n)
	}
	build.Label("four")
	build.CMPQ(n, operand.U8(vecs*s.lanes))
	build.JLT(operand.LabelRef("one"))
	run("fourtaps", vecs, nil)
	step(vecs)
	build.JMP(operand.LabelRef("four"))
	build.Label("one")
	build.CMPQ(n, operand.U8(s.lanes))
	build.JLT(operand.LabelRef("rest"))
	run("onetaps", 1, nil)
	step(1)
	build.JMP(operand.LabelRef("one"))
	build.Label("rest")
	build.TESTQ(n, n)
	build.JEQ(operand.LabelRef("done"))
	m.set(n, tap)
	run("resttaps", 1, m.load)
	m.store(s.vec[0], mem(y, 0))
	build.Label("done")
	build.VZEROUPPER()
	build.RET()
}

// taps writes the sum of shifted runs, each times a weight.
func (s isa) taps() {
	weight, value := s.vec[4], s.vec[5]
	s.shifted("taps", []string{
		fmt.Sprintf("taps%s computes y[i] = Σ over t of weights[t]*x[at[t]+i] for n elements, in the order", s.suffix),
		"of t. taps > 0."},
		true,
		func(acc reg.VecPhysical) { body{isa: s}.zero(acc) },
		func(tap reg.GPPhysical) {
			build.VBROADCASTSS(operand.Mem{Base: weights, Index: tap, Scale: 4}, weight)
		},
		func(m operand.Mem, acc reg.VecPhysical, load func(src operand.Mem, dst reg.VecPhysical)) {
			if load == nil {
				build.VFMADD231PS(m, weight, acc)
				return
			}
			load(m, value)
			build.VFMADD231PS(value, weight, acc)
		})
}

// largest writes the largest of shifted runs.
func (s isa) largest() {
	value, isNaN := s.vec[4], s.vec[5]
	lowest := build.GLOBL("lowest"+s.suffix, build.RODATA|build.NOPTR)
	build.DATA(0, operand.U32(math.Float32bits(float32(math.Inf(-1)))))
	s.shifted("largest", []string{
		fmt.Sprintf("largest%s computes y[i] = max over t of x[at[t]+i] for n elements. NaN wins. taps > 0.", s.suffix)},
		false,
		func(acc reg.VecPhysical) { build.VBROADCASTSS(lowest, acc) },
		func(reg.GPPhysical) {},
		func(m operand.Mem, acc reg.VecPhysical, load func(src operand.Mem, dst reg.VecPhysical)) {
			if load == nil {
				load = func(src operand.Mem, dst reg.VecPhysical) { build.VMOVUPS(src, dst) }
			}
			load(m, value)
			s.larger(acc, value, isNaN, reg.K2)
		})
}

// larger leaves in acc the larger of two, or NaN.
func (s isa) larger(acc, value, isNaN reg.VecPhysical, k reg.OpmaskPhysical) {
	build.Comment("Of NaN and a number, the maximum is the second operand.")
	build.VMAXPS(acc, value, acc)
	if s.lanes == 16 {
		build.VCMPPS(operand.U8(unordered), value, value, k)
		build.VMOVAPS(value, k, acc)
		return
	}
	build.VCMPPS(operand.U8(unordered), value, value, isNaN)
	build.VBLENDVPS(isNaN, value, acc, acc)
}
