// Command asm writes assembly with avo, for AVX-512 and for AVX2. Run it with go
// generate in the packages that it writes for:
//
//   - -for gemm: a function that computes a tile of C, and those that pack rows of B,
//     columns of B, and patches of images;
//   - -for winograd: the transforms;
//   - -for vector: loops that go through memory once.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa describes the vector registers of one instruction set and the tiles
// that fit them: rows×vecs accumulators, vecs registers for a row of B, and
// the rest for elements of A. Goto and van de Geijn write mr for rows and nr
// for vecs*lanes.
type isa struct {
	suffix     string
	lanes      int
	rows, vecs int
	wide       []int // vectors of the wide tile of 1, 2, ... rows
	vec        []reg.VecPhysical
}

var (
	avx512 = isa{"AVX512", 16, 12, 2, []int{8, 8, 6, 6, 4, 4, 3, 3}, []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}}
	avx2 = isa{"AVX2", 8, 6, 2, []int{6, 4, 3}, []reg.VecPhysical{
		reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
		reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
	}}
)

func main() {
	what := flag.String("for", "gemm", "gemm, winograd or vector")
	flag.Parse()
	build.ConstraintExpr("amd64")
	switch *what {
	case "gemm":
		tailMasks()
		for _, s := range []isa{avx512, avx2} {
			s.tile()
			s.packRows()
			for stride := 1; stride <= 2; stride++ {
				s.take(stride, false)
				s.take(stride, true)
			}
		}
		packColumns()
	case "winograd":
		for _, s := range []isa{avx512, avx2} {
			s.winograd()
		}
	case "vector":
		tailMasks()
		for _, s := range []isa{avx512, avx2} {
			s.vector()
		}
		weigh()
	default:
		fmt.Fprintf(os.Stderr, "-for: found %q, expected gemm, winograd or vector\n", *what)
		os.Exit(2)
	}
	build.Generate()
}

// bytes is the size of one vector.
func (s isa) bytes() int { return 4 * s.lanes }

// param loads a parameter of the function under construction into r.
func param(name string, r reg.Register) { build.Load(build.Param(name), r) }

// paramAddr is a parameter as an operand.
func paramAddr(name string) operand.Mem {
	p, err := build.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// mem is an operand at base+disp.
func mem(base reg.Register, disp int) operand.Mem {
	return operand.Mem{Base: base, Disp: disp}
}

// scaled turns counts of float32 into counts of bytes.
func scaled(rs ...reg.GPPhysical) {
	for _, r := range rs {
		build.SHLQ(operand.U8(2), r)
	}
}
