package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Places in what follows the sums of a row of C, counted in float32: package gemm's
// After.
const (
	afterBias = 4 * iota
	afterMean
	afterFactor
	afterShift
	afterLo
	afterHi
	afterSize
)

// store writes the accumulators to C: alpha*acc when beta is zero, which must
// not read C, and alpha*acc + beta*C otherwise; finished row by row where after
// is set. The last vector of a row is masked, but with AVX2, whose masked stores
// are slow, there are stores for full tiles too.
func (t body) store() {
	alpha, beta, old := t.vec[0], t.vec[1], t.vec[2]
	m := masker{t.isa, reg.K1, t.vec[3]}
	if t.masks() {
		build.MOVQ(paramAddr("tail"), tmp)
		m.set(tmp, rows)
	}
	build.VBROADCASTSS(paramAddr("alpha"), alpha)
	build.VBROADCASTSS(paramAddr("beta"), beta)
	build.CMPL(paramAddr("alpha"), operand.U32(math.Float32bits(1)))
	build.JEQ(operand.LabelRef(t.label("one")))
	t.each(func(i, j int) { build.VMULPS(alpha, t.acc(i, j), t.acc(i, j)) }, nil)
	build.Label(t.label("one"))
	build.MOVL(paramAddr("beta"), tmp.As32())
	build.Comment("Drop the sign: -0 is zero too.")
	build.ADDL(tmp.As32(), tmp.As32())
	build.JEQ(operand.LabelRef(t.label("overwrite")))
	t.eachOf(cPtr, func(i, j int, c operand.Mem) {
		t.load(m, j, c, old)
		build.VFMADD231PS(old, beta, t.acc(i, j))
	})
	build.Label(t.label("overwrite"))
	t.finish(m)
	write := func(masked bool) {
		t.eachOf(cPtr, func(i, j int, c operand.Mem) {
			if masked && j == t.v-1 {
				m.store(t.acc(i, j), c)
			} else {
				build.VMOVUPS(t.acc(i, j), c)
			}
		})
		build.VZEROUPPER()
		build.RET()
	}
	if t.masks() && t.lanes == 8 {
		build.CMPQ(paramAddr("tail"), operand.U8(t.lanes))
		build.JNE(operand.LabelRef(t.label("masked")))
		write(false)
		build.Label(t.label("masked"))
	}
	write(t.masks())
}

// finish makes of the sums of each row what follows them: see finish of vectors, of
// which this is the same.
func (t body) finish(m masker) {
	after, k, other, zero := rowPtr[0], t.vec[0], t.vec[1], t.vec[2]
	param("after", after)
	build.TESTQ(after, after)
	build.JEQ(operand.LabelRef(t.label("write")))
	constant := func(i, place int, to reg.VecPhysical) { build.VBROADCASTSS(mem(after, i*afterSize+place), to) }
	t.each(func(i, j int) { build.VADDPS(k, t.acc(i, j), t.acc(i, j)) }, func(i int) { constant(i, afterBias, k) })
	param("what", tmp)
	skip := func(bit int, label string) {
		build.TESTQ(operand.U32(bit), tmp)
		build.JEQ(operand.LabelRef(t.label(label)))
	}
	skip(normalised, "plain")
	t.each(func(i, j int) { build.VSUBPS(k, t.acc(i, j), t.acc(i, j)) }, func(i int) { constant(i, afterMean, k) })
	t.each(func(i, j int) {
		build.VMULPS(k, t.acc(i, j), t.acc(i, j))
		build.VADDPS(other, t.acc(i, j), t.acc(i, j))
	}, func(i int) {
		constant(i, afterFactor, k)
		constant(i, afterShift, other)
	})
	build.Label(t.label("plain"))
	skip(residual, "single")
	param("add", rowPtr[1])
	t.eachOf(rowPtr[1], func(i, j int, add operand.Mem) {
		t.load(m, j, add, k)
		build.VADDPS(k, t.acc(i, j), t.acc(i, j))
	})
	build.Label(t.label("single"))
	skip(clipped, "write")
	t.zero(zero)
	t.each(func(i, j int) {
		build.VMAXPS(t.acc(i, j), k, t.acc(i, j))
		build.VMINPS(t.acc(i, j), other, t.acc(i, j))
		build.VADDPS(zero, t.acc(i, j), t.acc(i, j))
	}, func(i int) {
		constant(i, afterLo, k)
		constant(i, afterHi, other)
	})
	build.Label(t.label("write"))
}

// masks reports whether the last vector of a row may be partly used; wide tiles are
// always full.
func (t body) masks() bool { return t.v <= t.vecs }

// load loads vector j of a row of C, or of what is laid out as C.
func (t body) load(m masker, j int, from operand.Mem, to reg.VecPhysical) {
	if t.masks() && j == t.v-1 {
		m.load(from, to)
	} else {
		build.VMOVUPS(from, to)
	}
}

// each calls f for each accumulator, and row, which may be nil, before those of a row.
func (t body) each(f func(i, j int), row func(i int)) {
	for i := 0; i < t.r; i++ {
		if row != nil {
			row(i)
		}
		for j := 0; j < t.v; j++ {
			f(i, j)
		}
	}
}

// eachOf is each with the place of the accumulator in a matrix laid out as C.
func (t body) eachOf(base reg.GPPhysical, f func(i, j int, at operand.Mem)) {
	build.MOVQ(base, bPtr)
	t.each(func(i, j int) { f(i, j, mem(bPtr, j*t.bytes())) }, func(i int) {
		if i > 0 {
			build.ADDQ(ldc, bPtr)
		}
	})
}
