package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Registers of a tile function. Each register of rowPtr reaches three rows of
// A (+0, +rsA, +2*rsA), so that A is read where it lies, transposed or not.
var (
	rows   = reg.RAX
	ldc    = reg.RBX
	count  = reg.RCX
	cPtr   = reg.RDX
	bPtr   = reg.RDI
	rowPtr = []reg.GPPhysical{reg.RSI, reg.R8, reg.R9, reg.R10}
	rsA    = reg.R11
	csA    = reg.R12
	rsB    = reg.R13
	tmp    = reg.R15
)

const (
	rowsPerPtr = 3

	// Wide tiles read rows of B that are not packed, so they come from
	// far away. Where they lie side by side, this many bytes on is
	// what the next tile will need. Measured on Zen 5: no difference between 512 and 1024.
	prefetchB = 512

	// The one row of a single image has its tiles on several threads, so there it
	// is this many rows on, each in another page.
	rowsAhead = 8
)

// tile writes the function for all tile shapes of s: a body for each.
func (s isa) tile() {
	build.TEXT("tile"+s.suffix, build.NOSPLIT,
		"func(rows, vecs, k int, alpha float32, a *float32, rsA, csA int, b *float32, rsB int, beta float32, c *float32, ldc, tail int, after *float32, what int, add *float32)")
	build.Pragma("noescape")
	build.Doc(
		fmt.Sprintf("tile%s computes C = alpha*A*B + beta*C for a tile of rows × vecs*%d elements.", s.suffix, s.lanes),
		fmt.Sprintf("There are tiles of 1 to %d rows and 1 to %d vectors, and wide ones: for 1, 2, ...", s.rows, s.vecs),
		fmt.Sprintf("rows %v vectors. Element (i,p) of A is a[i*rsA+p*csA], row p of B is at", s.wide),
		"b[p*rsB], row i of C at c[i*ldc]. Of the last vector of each row of C only the",
		"first tail elements are read or written, but wide tiles are always full; so are",
		"rows of B. k > 0. Where after is set, it has six numbers a row, with which the row is",
		fmt.Sprintf("finished as package vector's finish%s does; what is the same, add is laid out as C.", s.suffix))
	param("k", count)
	param("a", rowPtr[0])
	param("rsA", rsA)
	param("csA", csA)
	param("b", bPtr)
	param("rsB", rsB)
	param("c", cPtr)
	param("ldc", ldc)
	scaled(rsA, csA, rsB, ldc)

	shape := rows // rows<<4 | vecs
	param("rows", shape)
	build.SHLQ(operand.U8(4), shape)
	build.ADDQ(paramAddr("vecs"), shape)
	for _, t := range s.shapes() {
		build.CMPQ(shape, operand.U32(t.r<<4|t.v))
		build.JEQ(operand.LabelRef(t.label("tile")))
	}
	build.Comment("No such shape.")
	build.UD2()
	for _, t := range s.shapes() {
		t.emit()
	}
}

// shapes lists the tiles of s, the frequent ones first.
func (s isa) shapes() []body {
	var all []body
	for v := s.vecs; v > 0; v-- {
		for r := s.rows; r > 0; r-- {
			all = append(all, body{s, r, v})
		}
	}
	for i, v := range s.wide {
		all = append(all, body{s, i + 1, v})
	}
	return all
}

// body is the code for a tile of r rows and v vectors.
type body struct {
	isa
	r, v int
}

func (t body) label(name string) string { return fmt.Sprintf("%s_%dx%d", name, t.r, t.v) }

// acc is the accumulator of row i, vector j; they are the last registers.
func (t body) acc(i, j int) reg.VecPhysical {
	return t.vec[len(t.vec)-t.r*t.v+i*t.v+j]
}

// broadcast is the register for the element of A of row i. All that are left
// are used in turn, to leave the processor room to run ahead.
func (t body) broadcast(i int) reg.VecPhysical {
	left := len(t.vec) - t.r*t.v - t.v
	return t.vec[t.v+i%left]
}

// emit writes the body: C is prefetched, the accumulators run over k, and C is
// stored.
func (t body) emit() {
	build.Label(t.label("tile"))
	t.prefetchC()
	for i := 0; i < t.r; i++ {
		for j := 0; j < t.v; j++ {
			t.zero(t.acc(i, j))
		}
	}
	for i := rowsPerPtr; i < t.r; i += rowsPerPtr {
		ptr, next := rowPtr[i/rowsPerPtr-1], rowPtr[i/rowsPerPtr]
		build.LEAQ(operand.Mem{Base: ptr, Index: rsA, Scale: 2}, next)
		build.ADDQ(rsA, next)
	}
	build.Label(t.label("loop"))
	t.step()
	build.DECQ(count)
	build.JNE(operand.LabelRef(t.label("loop")))
	t.store()
}

// step adds the product of a column of A and a row of B. It is not unrolled:
// the processor decodes more instructions a cycle than these need while the
// multiplications of one step take their time.
func (t body) step() {
	for j := 0; j < t.v; j++ {
		build.VMOVUPS(mem(bPtr, j*t.bytes()), t.vec[j])
	}
	if t.v > t.vecs {
		for line := 0; line < t.v*t.bytes(); line += 64 {
			ahead := mem(bPtr, line+prefetchB)
			if t.r == 1 {
				ahead = operand.Mem{Base: bPtr, Index: rsB, Scale: rowsAhead, Disp: line}
			}
			build.PREFETCHT0(ahead)
		}
	}
	build.ADDQ(rsB, bPtr)
	for i := 0; i < t.r; i++ {
		ptr := rowPtr[i/rowsPerPtr]
		a := mem(ptr, 0)
		if n := i % rowsPerPtr; n > 0 {
			a.Index, a.Scale = rsA, uint8(n)
		}
		build.VBROADCASTSS(a, t.broadcast(i))
		for j := 0; j < t.v; j++ {
			build.VFMADD231PS(t.vec[j], t.broadcast(i), t.acc(i, j))
		}
		if i%rowsPerPtr == rowsPerPtr-1 || i == t.r-1 {
			build.ADDQ(csA, ptr)
		}
	}
}

func (t body) zero(r reg.VecPhysical) {
	if t.lanes == 16 {
		build.VPXORD(r, r, r)
		return
	}
	build.VXORPS(r, r, r)
}

// prefetchC asks for the lines of C, and of what is added to it, before the long loop
// over k, so that they are there when the accumulators are added to them.
func (t body) prefetchC() {
	build.MOVQ(cPtr, tmp)
	t.prefetch()
	param("add", tmp)
	build.TESTQ(tmp, tmp)
	build.JEQ(operand.LabelRef(t.label("start")))
	t.prefetch()
	build.Label(t.label("start"))
}

// prefetch asks for the lines of a tile, at tmp, of a matrix laid out as C.
func (t body) prefetch() {
	for i := 0; i < t.r; i++ {
		for line := 0; line < t.v*t.bytes(); line += 64 {
			build.PREFETCHT0(mem(tmp, line))
		}
		if i < t.r-1 {
			build.ADDQ(ldc, tmp)
		}
	}
}
