package main

import "fmt"

// extend turns the four bytes in x into integers.
func (fn *function) extend(x v) {
	fn.op("VUXTL", fmt.Sprintf("V%d.B8", x), fmt.Sprintf("V%d.H8", x))
	fn.op("VUXTL", fmt.Sprintf("V%d.H4", x), x.s4())
}

// mla adds a·b, of integers, to d.
func (fn *function) mla(a, b, d v) { fn.three(0x4ea09400, "mla", a, b, d) }

// addBytes writes the function that adds a row of bytes, times a weight, to sums.
func (f *file) addBytes() {
	fn := f.function("addBytesNEON", "sums *int32, line *byte, n int, weight int32",
		"addBytesNEON computes sums[i] += weight*line[i] for n elements, n a multiple of 4, n > 0.")
	in := fn.params("sums", "line", "n")
	sums, line, n, weight := in[0], in[1], in[2], r(3)
	sum, x, times := v(0), v(1), v(2)
	fn.op("MOVW", fn.at["weight"], weight)
	fn.op("VDUP", weight, times.s4())
	fn.label("loop")
	fn.op("FMOVS", mem(line, 0), x.f())
	fn.extend(x)
	fn.load(sums, 0, sum)
	fn.mla(x, times, sum)
	fn.store(sum, sums, 0)
	fn.add(lanes, line, line)
	fn.add(bytes4, sums, sums)
	fn.loop(lanes, n, "loop")
	fn.ret()
}

// weigh writes the function that makes pixels of neighbours in a row. A pixel is four
// bytes, one vector of four sums.
func (f *file) weigh() {
	fn := f.function("weighNEON", "out *byte, row *byte, first *int, n int, weights *int32, taps int",
		"weighNEON computes n pixels of four bytes, each the sum of taps pixels of row, from",
		"first[i] on, times the next taps weights, rounded from 22 bits behind the point.",
		"n > 0, taps > 0.")
	in := fn.params("out", "row", "first", "n", "weights", "taps")
	out, row, first, n, weights, taps, from, left := in[0], in[1], in[2], in[3], in[4], in[5], r(6), r(7)
	half, sum, x, w := v(0), v(1), v(2), v(3)
	fn.op("MOVD", fmt.Sprintf("$%d", 1<<21), left)
	fn.op("VDUP", left, half.s4())
	fn.label("pixel")
	fn.op("MOVD", mem(first, 0), from)
	fn.op("ADD", fmt.Sprintf("%v<<2", from), row, from)
	fn.op("MOVD", taps, left)
	fn.op("VORR", half.b16(), half.b16(), sum.b16())
	fn.label("tap")
	fn.op("FMOVS", mem(from, 0), x.f())
	fn.extend(x)
	fn.op("VLD1R", mem(weights, 0), "["+w.s4()+"]")
	fn.mla(x, w, sum)
	fn.add(4, from, from)
	fn.add(4, weights, weights)
	fn.loop(1, left, "tap")
	fn.comment("Ten bits are left, and saturate to eight without a sign.")
	fn.word(0x4f2a0400|uint32(sum)<<5|uint32(sum), "sshr v%d.4s, v%d.4s, #22", sum, sum)
	fn.word(0x0e614800|uint32(sum)<<5|uint32(sum), "sqxtn v%d.4h, v%d.4s", sum, sum)
	fn.word(0x2e212800|uint32(sum)<<5|uint32(sum), "sqxtun v%d.8b, v%d.8h", sum, sum)
	fn.op("FMOVS", sum.f(), mem(out, 0))
	fn.add(4, out, out)
	fn.add(8, first, first)
	fn.loop(1, n, "pixel")
	fn.ret()
}
