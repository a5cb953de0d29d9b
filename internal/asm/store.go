package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// store writes the accumulators to C: alpha*acc when beta is zero, which must
// not read C, and alpha*acc + beta*C otherwise; each with and without a mask
// for the last vector, since full tiles are the common case.
func (t body) store() {
	alpha, beta := t.vec[0], t.vec[1]
	build.VBROADCASTSS(paramAddr("alpha"), alpha)
	build.VBROADCASTSS(paramAddr("beta"), beta)
	build.MOVL(paramAddr("beta"), tmp.As32())
	build.Comment("Drop the sign: -0 is zero too. The move leaves the flags alone.")
	build.ADDL(tmp.As32(), tmp.As32())
	build.MOVQ(paramAddr("tail"), tmp)
	build.JEQ(operand.LabelRef(t.label("overwrite")))
	t.storeRows(true)
	build.Label(t.label("overwrite"))
	t.storeRows(false)
}

// storeRows stores all rows and returns; add says whether beta*C takes part.
// The register tmp holds the number of lanes of the last vector.
func (t body) storeRows(add bool) {
	masked := t.label("masked")
	if add {
		masked = t.label("addmasked")
	}
	if t.v > t.vecs { // wide tiles are always full
		t.storeRowsMasked(add, nil)
		return
	}
	build.CMPQ(tmp, operand.U8(t.lanes))
	build.JNE(operand.LabelRef(masked))
	t.storeRowsMasked(add, nil)
	build.Label(masked)
	m := masker{t.isa, reg.K1, t.vec[3]}
	m.set(tmp, rows)
	t.storeRowsMasked(add, &m)
}

func (t body) storeRowsMasked(add bool, m *masker) {
	alpha, beta, old := t.vec[0], t.vec[1], t.vec[2]
	for i := 0; i < t.r; i++ {
		for j := 0; j < t.v; j++ {
			acc, c := t.acc(i, j), mem(cPtr, j*t.bytes())
			masked := m != nil && j == t.v-1
			build.VMULPS(alpha, acc, acc)
			switch {
			case add && masked:
				m.load(c, old)
				build.VFMADD231PS(old, beta, acc)
			case add:
				build.VFMADD231PS(c, beta, acc)
			}
			if masked {
				m.store(acc, c)
			} else {
				build.VMOVUPS(acc, c)
			}
		}
		if i < t.r-1 {
			build.ADDQ(ldc, cPtr)
		}
	}
	build.VZEROUPPER()
	build.RET()
}
