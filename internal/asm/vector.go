package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vector writes the functions that go through slices of float32 once.
func (s isa) vector() {
	s.sum()
	s.each("momentum", []string{"v = momentum*v + (grad + decay*w)", "w -= rate*v"},
		[]string{"w", "grad", "v"}, []string{"rate", "momentum", "decay"}, func(x, k map[string]reg.VecPhysical, tmp []reg.VecPhysical) {
			build.VMULPS(x["w"], k["decay"], tmp[0])
			build.VADDPS(tmp[0], x["grad"], tmp[0])
			build.VMULPS(x["v"], k["momentum"], x["v"])
			build.VADDPS(tmp[0], x["v"], x["v"])
			build.VMULPS(x["v"], k["rate"], tmp[0])
			build.VSUBPS(tmp[0], x["w"], x["w"])
		})
	s.each("adam", []string{"m = b1*m + c1*grad", "v = b2*v + c2*grad*grad", "w -= rate*(m*fix1/(√(v*fix2)+eps) + decay*w)"},
		[]string{"w", "grad", "m", "v"}, []string{"rate", "b1", "c1", "b2", "c2", "fix1", "fix2", "eps", "decay"},
		func(x, k map[string]reg.VecPhysical, tmp []reg.VecPhysical) {
			build.VMULPS(x["m"], k["b1"], x["m"])
			build.VMULPS(x["grad"], k["c1"], tmp[0])
			build.VADDPS(tmp[0], x["m"], x["m"])
			build.VMULPS(x["grad"], k["c2"], tmp[0])
			build.VMULPS(x["grad"], tmp[0], tmp[0])
			build.VMULPS(x["v"], k["b2"], x["v"])
			build.VADDPS(tmp[0], x["v"], x["v"])
			build.VMULPS(x["v"], k["fix2"], tmp[0])
			build.VSQRTPS(tmp[0], tmp[0])
			build.VADDPS(k["eps"], tmp[0], tmp[0])
			build.VMULPS(x["m"], k["fix1"], tmp[1])
			build.VDIVPS(tmp[0], tmp[1], tmp[0])
			build.VMULPS(x["w"], k["decay"], tmp[1])
			build.VADDPS(tmp[1], tmp[0], tmp[0])
			build.VMULPS(k["rate"], tmp[0], tmp[0])
			build.VSUBPS(tmp[0], x["w"], x["w"])
		})
	s.finish()
	s.taps()
	s.largest()
	for _, side := range []int{3, 5} {
		s.depthwise(side, 1)
		s.depthwise(side, 2)
	}
	s.largestOf(3, 2)
	s.addBytes()
	if s.lanes == 16 {
		s.maxPool2()
		s.backPool2()
	}
}

// each writes a function that goes through slices of n elements side by side.
// All but grad are written back. n is a multiple of the lanes. The roundings are
// those of the formulas in Go: no product is fused with a sum.
func (s isa) each(name string, formulas, slices, scalars []string, body func(x, k map[string]reg.VecPhysical, tmp []reg.VecPhysical)) {
	signature := "func("
	for _, p := range slices {
		signature += p + ", "
	}
	signature = signature[:len(signature)-2] + " *float32, n int"
	for _, k := range scalars {
		signature += ", " + k + " float32"
	}
	build.TEXT(name+s.suffix, build.NOSPLIT, signature+")")
	build.Pragma("noescape")
	build.Doc(append([]string{fmt.Sprintf("%s%s computes, for n elements, n a multiple of %d,", name, s.suffix, s.lanes), ""}, indented(formulas)...)...)
	n, at := reg.RCX, reg.RAX
	param("n", n)
	pointers := []reg.GPPhysical{reg.RDI, reg.RSI, reg.RDX, reg.RBX}
	x, k := map[string]reg.VecPhysical{}, map[string]reg.VecPhysical{}
	used := 0
	take := func() reg.VecPhysical { used++; return s.vec[used-1] }
	for i, p := range slices {
		param(p, pointers[i])
		x[p] = take()
	}
	for _, name := range scalars {
		k[name] = take()
		build.VBROADCASTSS(paramAddr(name), k[name])
	}
	build.XORL(at.As32(), at.As32())
	build.Label("loop")
	for i, p := range slices {
		build.VMOVUPS(operand.Mem{Base: pointers[i], Index: at, Scale: 4}, x[p])
	}
	body(x, k, s.vec[used:])
	for i, p := range slices {
		if p != "grad" {
			build.VMOVUPS(x[p], operand.Mem{Base: pointers[i], Index: at, Scale: 4})
		}
	}
	build.ADDQ(operand.U8(s.lanes), at)
	build.CMPQ(at, n)
	build.JLT(operand.LabelRef("loop"))
	build.VZEROUPPER()
	build.RET()
}

func indented(lines []string) []string {
	var all []string
	for _, l := range lines {
		all = append(all, "\t"+l)
	}
	return all
}

// sum writes the function that adds up n elements, in four vectors of partial
// sums that hide the latency of an addition.
func (s isa) sum() {
	const vecs = 4
	build.TEXT("sum"+s.suffix, build.NOSPLIT, "func(x, lanes *float32, n int)")
	build.Pragma("noescape")
	build.Doc(fmt.Sprintf("sum%s writes %d sums to lanes, that together are the sum of x; n is a multiple", s.suffix, s.lanes),
		fmt.Sprintf("of %d.", s.lanes))
	x, lanes, n := reg.RSI, reg.RDI, reg.RCX
	param("x", x)
	param("lanes", lanes)
	param("n", n)
	for _, v := range s.vec[:vecs] {
		body{isa: s}.zero(v)
	}
	build.Label("four")
	build.CMPQ(n, operand.U8(vecs*s.lanes))
	build.JLT(operand.LabelRef("one"))
	for j, v := range s.vec[:vecs] {
		build.VADDPS(mem(x, j*s.bytes()), v, v)
	}
	build.ADDQ(operand.U32(vecs*s.bytes()), x)
	build.SUBQ(operand.U8(vecs*s.lanes), n)
	build.JMP(operand.LabelRef("four"))
	build.Label("one")
	build.TESTQ(n, n)
	build.JEQ(operand.LabelRef("done"))
	build.VADDPS(mem(x, 0), s.vec[0], s.vec[0])
	build.ADDQ(operand.U32(s.bytes()), x)
	build.SUBQ(operand.U8(s.lanes), n)
	build.JMP(operand.LabelRef("one"))
	build.Label("done")
	build.VADDPS(s.vec[1], s.vec[0], s.vec[0])
	build.VADDPS(s.vec[3], s.vec[2], s.vec[2])
	build.VADDPS(s.vec[2], s.vec[0], s.vec[0])
	build.VMOVUPS(s.vec[0], mem(lanes, 0))
	build.VZEROUPPER()
	build.RET()
}
