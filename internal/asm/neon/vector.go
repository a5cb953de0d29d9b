package main

import "fmt"

// vector writes what goes through slices once.
func (f *file) vector() {
	f.sum()
	f.momentum()
	f.adam()
	f.finish()
	f.taps()
	f.largest()
	f.maxPool2()
	f.backPool2()
	for _, side := range []int{3, 5} {
		for _, stride := range []int{1, 2} {
			f.depthwise(side, stride)
		}
	}
	f.largestOf(3, 2)
	f.addBytes()
	f.weigh()
}

// sum adds up, in sixteen parts.
func (f *file) sum() {
	const parts = 4
	fn := f.function("sumNEON", "x *float32, lanes *float32, n int",
		fmt.Sprintf("sumNEON writes %d sums to lanes, that together are the sum of x; n is a multiple", parts*lanes),
		fmt.Sprintf("of %d, n > 0.", parts*lanes))
	in := fn.params("x", "lanes", "n")
	x, to, n := in[0], in[1], in[2]
	for i := range v(parts) {
		fn.zero(i)
	}
	fn.label("loop")
	for i := range v(parts) {
		fn.load(x, bytes4*int(i), parts+i)
		fn.fadd(i, parts+i, i)
	}
	fn.add(parts*bytes4, x, x)
	fn.loop(parts*lanes, n, "loop")
	for i := range v(parts) {
		fn.store(i, to, bytes4*int(i))
	}
	fn.ret()
}

// momentum writes a step of gradient descent with momentum. As in Go, each operation
// is rounded by itself.
func (f *file) momentum() {
	fn := f.function("momentumNEON", "w *float32, grad *float32, v *float32, n int, rate float32, momentum float32, decay float32",
		"momentumNEON computes, for n elements, n a multiple of 4, n > 0,",
		"",
		"\tv = momentum*v + (grad + decay*w)",
		"\tw -= rate*v")
	in := fn.params("w", "grad", "v", "n")
	wPtr, gradPtr, vPtr, n := in[0], in[1], in[2], in[3]
	w, grad, m := v(0), v(1), v(2)
	rate, momentum, decay := lane{4, 0}, lane{5, 0}, lane{6, 0}
	fn.scalar("rate", rate.of)
	fn.scalar("momentum", momentum.of)
	fn.scalar("decay", decay.of)
	fn.label("loop")
	fn.load(wPtr, 0, w)
	fn.load(gradPtr, 0, grad)
	fn.load(vPtr, 0, m)
	fn.fmulBy(w, decay, 3)
	fn.fadd(grad, 3, grad)
	fn.fmulBy(m, momentum, m)
	fn.fadd(m, grad, m)
	fn.store(m, vPtr, 0)
	fn.fmulBy(m, rate, m)
	fn.fsub(w, m, w)
	fn.store(w, wPtr, 0)
	for _, p := range []r{wPtr, gradPtr, vPtr} {
		fn.add(bytes4, p, p)
	}
	fn.loop(lanes, n, "loop")
	fn.ret()
}

// adam writes a step of Adam.
func (f *file) adam() {
	fn := f.function("adamNEON", "w *float32, grad *float32, m *float32, v *float32, n int, rate float32, b1 float32, c1 float32, b2 float32, c2 float32, fix1 float32, fix2 float32, eps float32, decay float32",
		"adamNEON computes, for n elements, n a multiple of 4, n > 0,",
		"",
		"\tm = b1*m + c1*grad",
		"\tv = b2*v + c2*grad*grad",
		"\tw -= rate*(m*fix1/(√(v*fix2)+eps) + decay*w)")
	in := fn.params("w", "grad", "m", "v", "n")
	wPtr, gradPtr, mPtr, vPtr, n := in[0], in[1], in[2], in[3], in[4]
	w, grad, first, second, tmp := v(0), v(1), v(2), v(3), v(4)
	k := map[string]lane{}
	for i, name := range []string{"rate", "b1", "c1", "b2", "c2", "fix1", "fix2", "eps", "decay"} {
		k[name] = lane{v(8 + i), 0}
		fn.scalar(name, k[name].of)
	}
	fn.broadcast(k["eps"].of)
	fn.label("loop")
	fn.load(wPtr, 0, w)
	fn.load(gradPtr, 0, grad)
	fn.load(mPtr, 0, first)
	fn.load(vPtr, 0, second)
	fn.fmulBy(first, k["b1"], first)
	fn.fmulBy(grad, k["c1"], tmp)
	fn.fadd(first, tmp, first)
	fn.store(first, mPtr, 0)
	fn.fmulBy(second, k["b2"], second)
	fn.fmulBy(grad, k["c2"], tmp)
	fn.fmul(tmp, grad, tmp)
	fn.fadd(second, tmp, second)
	fn.store(second, vPtr, 0)
	fn.fmulBy(first, k["fix1"], first)
	fn.fmulBy(second, k["fix2"], second)
	fn.fsqrt(second, second)
	fn.fadd(second, k["eps"].of, second)
	fn.fdiv(first, second, first)
	fn.fmulBy(w, k["decay"], tmp)
	fn.fadd(first, tmp, first)
	fn.fmulBy(first, k["rate"], first)
	fn.fsub(w, first, w)
	fn.store(w, wPtr, 0)
	for _, p := range []r{wPtr, gradPtr, mPtr, vPtr} {
		fn.add(bytes4, p, p)
	}
	fn.loop(lanes, n, "loop")
	fn.ret()
}

// ending is what follows a sum, in registers: package vector's Finish.
type ending struct {
	*function
	what                                    r
	bias, mean, factor, shift, lo, hi, zero v
}

const endingParameters = "what int, bias float32, mean float32, factor float32, shift float32, lo float32, hi float32"

// newEnding loads its numbers into seven registers from first on.
func newEnding(fn *function, what r, first v) ending {
	e := ending{fn, what, first, first + 1, first + 2, first + 3, first + 4, first + 5, first + 6}
	fn.param("what", what)
	for i, name := range []string{"bias", "mean", "factor", "shift", "lo", "hi"} {
		fn.scalar(name, first+v(i))
		fn.broadcast(first + v(i))
	}
	fn.zero(e.zero)
	return e
}

// apply finishes x. add loads what is added to it.
func (e ending) apply(x, other v, label string, add func(to v)) {
	skip := func(bit int, name string) { e.op("TBZ", fmt.Sprintf("$%d", bit), e.what, label+name) }
	e.fadd(x, e.bias, x)
	skip(normalised, "_plain")
	e.fsub(x, e.mean, x)
	e.fmul(x, e.factor, x)
	e.fadd(x, e.shift, x)
	e.label(label + "_plain")
	skip(residual, "_single")
	add(other)
	e.fadd(x, other, x)
	e.label(label + "_single")
	skip(clipped, "_unclipped")
	e.clip(x, e.lo, e.hi, e.zero)
	e.label(label + "_unclipped")
}

// finish writes the function that makes a layer's output of the sums of one channel.
func (f *file) finish() {
	fn := f.function("finishNEON", "y *float32, x *float32, add *float32, n int, "+endingParameters,
		"finishNEON computes y = clip(((x + bias) - mean)*factor + shift + add, lo, hi) for n",
		"elements. The bits of what say what there is of it: 1 mean, factor and shift, 2 add,",
		"4 the clipping. NaN stays NaN.")
	in := fn.params("y", "x", "add", "n")
	y, x, add, n := in[0], in[1], in[2], in[3]
	e := newEnding(fn, 4, 16)
	fn.byWidths(n, "elements", func(w width, label string) {
		fn.loadPart(w, x, 0, 0)
		e.apply(0, 1, label, func(to v) {
			fn.loadPart(w, add, 0, to)
			fn.add(w.bytes(), add, add)
		})
		fn.storePart(w, 0, y, 0)
		fn.add(w.bytes(), x, x)
		fn.add(w.bytes(), y, y)
	})
	fn.ret()
}

// shifted writes a function over several shifted runs of the same numbers. begin
// sets a result, each is called for each run, fold takes a value into the result.
func (f *file) shifted(name, parameters string, doc []string, begin func(fn *function, acc v), each func(fn *function, tap r), fold func(fn *function, value, acc v)) {
	fn := f.function(name, "y *float32, n int, x *float32, at *int, taps int"+parameters, doc...)
	in := fn.params("y", "n", "x", "at", "taps")
	y, n, x, at, taps, tap, from := in[0], in[1], in[2], in[3], in[4], r(5), r(6)
	if parameters != "" {
		fn.param("weights", weights)
	}
	run := func(w width, vecs int, label string) {
		for j := range v(vecs) {
			begin(fn, j)
		}
		fn.op("MOVD", "ZR", tap)
		fn.label(label + "_taps")
		fn.op("MOVD", fmt.Sprintf("(%v)(%v<<3)", at, tap), from)
		fn.op("ADD", fmt.Sprintf("%v<<2", from), x, from)
		each(fn, tap)
		for j := range v(vecs) {
			fn.loadPart(w, from, bytes4*int(j), 8+j)
			fold(fn, 8+j, j)
		}
		fn.add(1, tap, tap)
		fn.op("CMP", taps, tap)
		fn.op("BLT", label+"_taps")
		for j := range v(vecs) {
			fn.storePart(w, j, y, bytes4*int(j))
		}
		fn.add(vecs*w.bytes(), x, x)
		fn.add(vecs*w.bytes(), y, y)
	}
	const vecs = 4
	fn.label("many")
	fn.op("CMP", fmt.Sprintf("$%d", vecs*lanes), n)
	fn.op("BLT", "elements_4")
	run(4, vecs, "many")
	fn.op("SUB", fmt.Sprintf("$%d", vecs*lanes), n, n)
	fn.op("B", "many")
	fn.byWidths(n, "elements", func(w width, label string) { run(w, 1, label) })
	fn.ret()
}

var weights = r(7)

// taps writes the sum of shifted runs, each times a weight.
func (f *file) taps() {
	const weight = v(16)
	f.shifted("tapsNEON", ", weights *float32", []string{
		"tapsNEON computes y[i] = Σ over t of weights[t]*x[at[t]+i] for n elements, in the order",
		"of t. taps > 0."},
		func(fn *function, acc v) { fn.zero(acc) },
		func(fn *function, tap r) {
			fn.op("FMOVS", fmt.Sprintf("(%v)(%v<<2)", weights, tap), weight.f())
		},
		func(fn *function, value, acc v) { fn.fmlaBy(value, lane{weight, 0}, acc) })
}

// largest writes the largest of shifted runs. The maximum of NaN and a number is NaN.
func (f *file) largest() {
	f.shifted("largestNEON", "", []string{
		"largestNEON computes y[i] = max over t of x[at[t]+i] for n elements. NaN wins. taps > 0."},
		func(fn *function, acc v) { fn.lowest(weights, acc) },
		func(*function, r) {},
		func(fn *function, value, acc v) { fn.fmax(acc, value, acc) })
}
