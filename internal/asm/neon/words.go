package main

import "fmt"

// word writes an instruction that Go's assembler does not know.
func (fn *function) word(code uint32, format string, registers ...any) {
	fmt.Fprintf(&fn.text, "\tWORD $0x%08x // %s\n", code, fmt.Sprintf(format, registers...))
}

// three writes an instruction of four lanes each: d = a op b.
func (fn *function) three(code uint32, name string, a, b, d v) {
	fn.word(code|uint32(b)<<16|uint32(a)<<5|uint32(d), name+" v%d.4s, v%d.4s, v%d.4s", d, a, b)
}

func (fn *function) fadd(a, b, d v) { fn.three(0x4e20d400, "fadd", a, b, d) }
func (fn *function) fsub(a, b, d v) { fn.three(0x4ea0d400, "fsub", a, b, d) }
func (fn *function) fmax(a, b, d v) { fn.three(0x4e20f400, "fmax", a, b, d) }
func (fn *function) fmin(a, b, d v) { fn.three(0x4ea0f400, "fmin", a, b, d) }
func (fn *function) fmul(a, b, d v) { fn.three(0x6e20dc00, "fmul", a, b, d) }

func (fn *function) fdiv(a, b, d v) { fn.three(0x6e20fc00, "fdiv", a, b, d) }

// fcmgt and fcmeq set all bits of the lanes for which it holds.
func (fn *function) fcmgt(a, b, d v) { fn.three(0x6ea0e400, "fcmgt", a, b, d) }
func (fn *function) fcmeq(a, b, d v) { fn.three(0x4e20e400, "fcmeq", a, b, d) }

func (fn *function) fcmgt0(a, d v) {
	fn.word(0x4ea0c800|uint32(a)<<5|uint32(d), "fcmgt v%d.4s, v%d.4s, #0", d, a)
}

func (fn *function) fsqrt(a, d v) {
	fn.word(0x6ea1f800|uint32(a)<<5|uint32(d), "fsqrt v%d.4s, v%d.4s", d, a)
}

// orn sets d to a or not b.
func (fn *function) orn(a, b, d v) {
	fn.word(0x4ee01c00|uint32(b)<<16|uint32(a)<<5|uint32(d), "orn v%d.16b, v%d.16b, v%d.16b", d, a, b)
}

// lane is one element of a vector register.
type lane struct {
	of v
	i  int
}

// byElement writes an instruction of four lanes and one element: d = a op b.
func (fn *function) byElement(code uint32, name string, a v, b lane, d v) {
	code |= uint32(b.i&1)<<21 | uint32(b.i>>1)<<11
	fn.word(code|uint32(b.of)<<16|uint32(a)<<5|uint32(d), name+" v%d.4s, v%d.4s, v%d.s[%d]", d, a, b.of, b.i)
}

// fmlaBy adds a·b to d and fmlsBy takes it off, rounded once; fmulBy sets d to a·b.
func (fn *function) fmlaBy(a v, b lane, d v) { fn.byElement(0x4f801000, "fmla", a, b, d) }
func (fn *function) fmlsBy(a v, b lane, d v) { fn.byElement(0x4f805000, "fmls", a, b, d) }
func (fn *function) fmulBy(a v, b lane, d v) { fn.byElement(0x4f809000, "fmul", a, b, d) }
