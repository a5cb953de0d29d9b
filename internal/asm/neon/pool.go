package main

import "fmt"

// pool is what the two functions over 2×2 windows share: the pointers to a row of
// windows, and those to the next four windows of it.
type pool struct {
	*function
	plane, planeRow r   // the rows that windows lie on
	of              []r // what has one number a window
	at              r   // what has one byte a window
	upper, lower    r   // the next windows on the plane
	ofNext          []r // of the others
	atNext          r
	place           [4]v // 0, 1, 2, 3 in each lane: the places in a window
}

// each goes through all windows, four at a time; the last four of a row overlap those
// before when their number, at least 4, is no multiple of four.
func (p pool) each(yRow, rows, n r, body func()) {
	const i, last, tmp = r(20), r(21), r(22)
	for q, x := range p.place {
		p.op("MOVD", fmt.Sprintf("$%d", q), tmp)
		p.op("VDUP", tmp, x.s4())
	}
	p.op("SUB", "$4", n, last)
	p.label("row")
	p.op("MOVD", "ZR", i)
	p.label("windows")
	p.op("ADD", fmt.Sprintf("%v<<3", i), p.plane, p.upper)
	p.op("ADD", p.planeRow, p.upper, p.lower)
	for j, x := range p.of {
		p.op("ADD", fmt.Sprintf("%v<<2", i), x, p.ofNext[j])
	}
	p.op("ADD", i, p.at, p.atNext)
	body()
	p.add(4, i, i)
	p.op("CMP", n, i)
	p.op("BGE", "rowdone")
	p.op("CMP", last, i)
	p.op("CSEL", "GT", last, i, i)
	p.op("B", "windows")
	p.label("rowdone")
	p.op("ADD", fmt.Sprintf("%v<<1", p.planeRow), p.plane, p.plane)
	for _, x := range p.of {
		p.op("ADD", fmt.Sprintf("%v<<2", yRow), x, x)
	}
	p.op("ADD", yRow, p.at, p.at)
	p.loop(1, rows, "row")
	p.ret()
}

// pairs is two vectors whose elements take turns in memory.
func pairs(a, b v) string { return fmt.Sprintf("[%s, %s]", a.s4(), b.s4()) }

// maxPool2 writes the function that takes the largest of 2×2 windows.
func (f *file) maxPool2() {
	fn := f.function("maxPool2NEON", "y *float32, at *uint8, yRow int, z *float32, zRow int, rows int, n int, bias float32, floor float32",
		"maxPool2NEON takes the largest value of each 2×2 window, n >= 4 in a row, and writes",
		"max(floor, it + bias) to y and its place, 0 to 3, to at. NaN wins. Rows of y and at",
		"are yRow apart, rows of z zRow.")
	in := fn.params("y", "at", "yRow", "z", "zRow", "rows", "n")
	y, at, yRow, z, zRow, rows, n := in[0], in[1], in[2], in[3], in[4], in[5], in[6]
	fn.scaled(zRow)
	bias, floor := v(20), v(21)
	fn.scalar("bias", bias)
	fn.scalar("floor", floor)
	fn.broadcast(bias)
	fn.broadcast(floor)
	p := pool{fn, z, zRow, []r{y}, at, 7, 8, []r{9}, 10, [4]v{16, 17, 18, 19}}
	p.each(yRow, rows, n, func() {
		fn.op("VLD2", mem(p.upper, 0), pairs(0, 1))
		fn.op("VLD2", mem(p.lower, 0), pairs(2, 3))
		best, where, larger, number := v(0), v(4), v(5), v(6)
		fn.zero(where)
		for q := v(1); q < 4; q++ {
			fn.fcmgt(q, best, larger)
			fn.fcmeq(q, q, number)
			fn.orn(larger, number, larger)
			fn.op("VBIT", larger.b16(), q.b16(), best.b16())
			fn.op("VBIT", larger.b16(), p.place[q].b16(), where.b16())
		}
		fn.fadd(best, bias, best)
		fn.fmax(best, floor, best)
		fn.store(best, p.ofNext[0], 0)
		fn.comment("The low bytes of four integers.")
		fn.op("VUZP1", "V4.H8", "V4.H8", "V4.H8")
		fn.op("VUZP1", "V4.B16", "V4.B16", "V4.B16")
		fn.op("FMOVS", "F4", mem(p.atNext, 0))
	})
}

// backPool2 writes the function that takes a gradient back through maxPool2.
func (f *file) backPool2() {
	fn := f.function("backPool2NEON", "dz *float32, zRow int, dy *float32, y *float32, at *uint8, yRow int, rows int, n int, rectified bool",
		"backPool2NEON writes all of dz: dy at the place of each 2×2 window that at says, n >= 4",
		"in a row, and 0 elsewhere; if rectified, 0 unless y > 0. Rows of dy, y and at are",
		"yRow apart, rows of dz zRow.")
	in := fn.params("dz", "zRow", "dy", "y", "at", "yRow", "rows", "n")
	dz, zRow, dy, y, at, yRow, rows, n := in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7]
	rectified := r(8)
	fn.op("MOVBU", fn.at["rectified"], rectified)
	fn.scaled(zRow)
	p := pool{fn, dz, zRow, []r{dy, y}, at, 9, 10, []r{11, 12}, 13, [4]v{16, 17, 18, 19}}
	p.each(yRow, rows, n, func() {
		d, where, positive, here := v(0), v(1), v(2), v(3)
		fn.load(p.ofNext[0], 0, d)
		fn.op("CBZ", rectified, "through")
		fn.load(p.ofNext[1], 0, positive)
		fn.fcmgt0(positive, positive)
		fn.op("VAND", positive.b16(), d.b16(), d.b16())
		fn.label("through")
		fn.op("FMOVS", mem(p.atNext, 0), where.f())
		fn.op("VUXTL", "V1.B8", "V1.H8")
		fn.op("VUXTL", "V1.H4", "V1.S4")
		for q := range v(4) {
			fn.op("VCMEQ", p.place[q].s4(), where.s4(), here.s4())
			fn.op("VAND", here.b16(), d.b16(), (4 + q).b16())
		}
		fn.op("VST2", pairs(4, 5), mem(p.upper, 0))
		fn.op("VST2", pairs(6, 7), mem(p.lower, 0))
	})
}
