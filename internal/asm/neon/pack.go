package main

import "fmt"

// packRows writes the function that copies whole rows of a panel of B.
func (f *file) packRows() {
	const nr = maxVecs * lanes
	fn := f.function("packRowsNEON", "dst *float32, src *float32, ld int, k int",
		fmt.Sprintf("packRowsNEON copies k rows of %d elements, ld apart in src, one after the other", nr),
		"to dst. k > 0.")
	in := fn.params("dst", "src", "ld", "k")
	dst, src, ld, k := in[0], in[1], in[2], in[3]
	fn.scaled(ld)
	fn.label("row")
	for j := 0; j < maxVecs; j += 2 {
		fn.load2(src, bytes4*j, v(j), v(j+1))
	}
	for j := 0; j < maxVecs; j += 2 {
		fn.store2(v(j), v(j+1), dst, bytes4*j)
	}
	fn.op("ADD", ld, src, src)
	fn.add(4*nr, dst, dst)
	fn.loop(1, k, "row")
	fn.ret()
}

// packColumns writes the function that transposes eight rows into a panel, in
// blocks of four columns.
func (f *file) packColumns() {
	fn := f.function("packColumnsNEON", "dst *float32, nr int, src *float32, ld int, k int",
		"packColumnsNEON transposes eight rows of k elements, k >= 4, ld apart in src, into",
		"k rows of eight elements, nr apart in dst. The last block overlaps the one before",
		"when k is not a multiple of four.")
	in := fn.params("dst", "nr", "src", "ld", "k")
	dst, nr, src, ld, k, at, back := in[0], in[1], in[2], in[3], in[4], r(5), r(6)
	fn.scaled(nr, ld)
	fn.label("block")
	fn.op("MOVD", src, at)
	for i := range v(8) {
		fn.op("VLD1.P", fmt.Sprintf("(%v)(%v)", at, ld), "["+i.s4()+"]")
	}
	for half := v(0); half < 8; half += 4 {
		fn.transpose4(half, 16+half)
	}
	fn.op("MOVD", dst, at)
	for column := range v(4) {
		fn.store2(16+column, 20+column, at, 0)
		fn.op("ADD", nr, at, at)
	}
	fn.add(bytes4, src, src)
	fn.op("MOVD", at, dst)
	fn.op("SUBS", "$4", k, k)
	fn.op("BEQ", "done")
	fn.op("CMP", "$4", k)
	fn.op("BGE", "block")
	fn.comment("4-k back, where the last block begins.")
	fn.op("MOVD", "$4", back)
	fn.op("SUB", k, back, back)
	fn.op("MSUB", nr, dst, back, dst)
	fn.op("SUB", fmt.Sprintf("%v<<2", back), src, src)
	fn.op("MOVD", "$4", k)
	fn.op("B", "block")
	fn.label("done")
	fn.ret()
}

// transpose4 transposes the four vectors from in on to the four from out on, through
// those behind.
func (fn *function) transpose4(in, out v) {
	pairs := v(8)
	for i := v(0); i < 4; i += 2 {
		fn.op("VTRN1", (in + i + 1).s4(), (in + i).s4(), (pairs + i).s4())
		fn.op("VTRN2", (in + i + 1).s4(), (in + i).s4(), (pairs + i + 1).s4())
	}
	for i := range v(2) {
		fn.op("VZIP1", (pairs + i + 2).d2(), (pairs + i).d2(), (out + i).d2())
		fn.op("VZIP2", (pairs + i + 2).d2(), (pairs + i).d2(), (out + i + 2).d2())
	}
}

func (x v) d2() string { return fmt.Sprintf("V%d.D2", int(x)) }
