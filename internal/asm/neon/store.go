package main

import "fmt"

// Places in what follows the sums of a row of C, in bytes: package gemm's After.
const (
	afterBias = 4 * iota
	afterMean
	afterFactor
	afterShift
	afterLo
	afterHi
	afterSize
)

// What there is of it, as bits.
const (
	normalised = iota
	residual
	clipped
)

// store writes the accumulators to C: alpha*acc when beta is zero, which must not
// read C, and alpha*acc + beta*C otherwise; finished row by row where after is set.
func (t body) store() {
	alpha, beta, old := v(0), v(1), v(2)
	t.scalar("alpha", alpha)
	t.scalar("beta", beta)
	t.each(nil, func(acc v, _ int) { t.fmulBy(acc, lane{alpha, 0}, acc) })
	t.op("MOVWU", t.at["beta"], scratch)
	t.comment("Drop the sign: -0 is zero too.")
	t.op("LSLW", "$1", scratch, scratch)
	t.op("CBZW", scratch, t.label("overwrite"))
	t.eachOf(cPtr, func(acc v, disp int) {
		t.load(bPtr, disp, old)
		t.fmlaBy(old, lane{beta, 0}, acc)
	})
	t.function.label(t.label("overwrite"))
	t.finish()
	t.eachOf(cPtr, func(acc v, disp int) { t.function.store(acc, bPtr, disp) })
	t.ret()
}

// finish makes of the sums of each row what follows them. No product is fused with a
// sum: it rounds as the steps do one by one.
func (t body) finish() {
	after, what, add := rowPtr[0], rowPtr[1], rowPtr[2]
	k, other, zero := v(0), v(1), v(2)
	constant := func(i, place int, to v) {
		t.op("FMOVS", mem(after, i*afterSize+place), to.f())
		t.broadcast(to)
	}
	skip := func(bit int, label string) {
		t.op("TBZ", fmt.Sprintf("$%d", bit), what, t.label(label))
	}
	t.param("after", after)
	t.op("CBZ", after, t.label("write"))
	t.param("what", what)
	t.each(func(i int) { constant(i, afterBias, k) }, func(acc v, _ int) { t.fadd(acc, k, acc) })
	skip(normalised, "plain")
	t.each(func(i int) { constant(i, afterMean, k) }, func(acc v, _ int) { t.fsub(acc, k, acc) })
	t.each(func(i int) {
		constant(i, afterFactor, k)
		constant(i, afterShift, other)
	}, func(acc v, _ int) {
		t.fmul(acc, k, acc)
		t.fadd(acc, other, acc)
	})
	t.function.label(t.label("plain"))
	skip(residual, "single")
	t.param("add", add)
	t.eachOf(add, func(acc v, disp int) {
		t.load(bPtr, disp, k)
		t.fadd(acc, k, acc)
	})
	t.function.label(t.label("single"))
	skip(clipped, "write")
	t.zero(zero)
	t.each(func(i int) {
		constant(i, afterLo, k)
		constant(i, afterHi, other)
	}, func(acc v, _ int) {
		t.clip(acc, k, other, zero)
	})
	t.function.label(t.label("write"))
}

// clip brings x between lo and hi. NaN stays NaN; + 0 makes one of the two zeros.
func (fn *function) clip(x, lo, hi, zero v) {
	fn.fmax(x, lo, x)
	fn.fmin(x, hi, x)
	fn.fadd(x, zero, x)
}

// each calls f for each accumulator and its place in a row of C, in bytes, and row,
// which may be nil, before those of a row.
func (t body) each(row func(i int), f func(acc v, disp int)) {
	for i := range t.r {
		if row != nil {
			row(i)
		}
		for j := range t.v {
			f(t.acc(i, j), bytes4*j)
		}
	}
}

// eachOf is each where bPtr is at a row of a matrix that is laid out as C.
func (t body) eachOf(base r, f func(acc v, disp int)) {
	t.op("MOVD", base, bPtr)
	t.each(func(i int) {
		if i > 0 {
			t.op("ADD", ldc, bPtr, bPtr)
		}
	}, f)
}
