package main

import (
	"fmt"
	"math"

	"github.com/lastlayer/lastlayer/internal/asm/winograd"
)

// factors are registers that hold the coefficients of all transforms, one a lane. It
// is the machine of package winograd.
type factors struct {
	*function
	at map[float64]lane
}

const firstFactor = v(24)

// winograd writes the transforms.
func (f *file) winograd() {
	at := map[float64]lane{}
	fmt.Fprintln(&f.text)
	for i, factor := range winograd.Factors() {
		at[factor] = lane{firstFactor + v(i/lanes), i % lanes}
		fmt.Fprintf(&f.text, "DATA coefficients<>+%d(SB)/4, $%#08x // %v\n", 4*i, math.Float32bits(float32(factor)), factor)
	}
	size := (len(at) + lanes - 1) / lanes * bytes4
	fmt.Fprintf(&f.text, "GLOBL coefficients<>(SB), RODATA|NOPTR, $%d\n", size)
	for _, t := range winograd.Transforms {
		f.transform(t, at, size/bytes4)
	}
}

func (c factors) Move(x, to v)        { c.op("VMOV", x.b16(), to.b16()) }
func (c factors) Add(x, y, to v)      { c.fadd(x, y, to) }
func (c factors) Subtract(x, y, to v) { c.fsub(x, y, to) }

func (c factors) Multiply(factor float64, x, to v)         { c.fmulBy(x, c.at[factor], to) }
func (c factors) AddProduct(factor float64, x, sum v)      { c.fmlaBy(x, c.at[factor], sum) }
func (c factors) SubtractProduct(factor float64, x, sum v) { c.fmlsBy(x, c.at[factor], sum) }

// transform writes the function that applies one transform to each of a row of
// tiles: to the columns of its rows, through scratch memory, then to the rows.
func (f *file) transform(t winograd.Transform, at map[float64]lane, registers int) {
	in, out := t.In(), t.Out()
	name := t.Name + "NEON"
	fn := f.function(name, "dst *float32, dstRow int, dstCol int, dstTile int, src *float32, srcRow int, srcCol int, srcTile int, tiles int, vecs int, scratch *float32",
		fmt.Sprintf("%s computes %s for a number of tiles, %d×%d to %d×%d, of vecs*%d channels.", name, t.Formula, in, in, out, out, lanes),
		"Element (i,j) of tile t is at src[t*srcTile+i*srcRow+j*srcCol], all its channels one after",
		fmt.Sprintf("the other, and so in dst. scratch has room for %d vectors.", in*out))
	p := fn.params("dst", "dstRow", "dstCol", "dstTile", "src", "srcRow", "srcCol", "srcTile", "tiles", "vecs", "scratch")
	dst, dstRow, dstCol, dstTile, src, srcRow, srcCol, srcTile := p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]
	tiles, vecs, scratch := p[8], p[9], p[10]
	to, from, left, line, next, buf, count := r(11), r(12), r(13), r(14), r(15), r(16), r(17)
	fn.scaled(dstRow, dstCol, dstTile, srcRow, srcCol, srcTile)
	fn.op("MOVD", "$coefficients<>(SB)", buf)
	for i := range registers {
		fn.load(buf, bytes4*i, firstFactor+v(i))
	}
	machine := factors{fn, at}
	values, spare := []v{0, 1, 2, 3, 4, 5, 6, 7}[:in], [3]v{8, 9, 10}

	fn.label("tile")
	fn.op("MOVD", dst, to)
	fn.op("MOVD", src, from)
	fn.op("MOVD", vecs, left)
	fn.label("vector")

	fn.comment("The columns of each row.")
	fn.op("MOVD", from, line)
	fn.op("MOVD", scratch, buf)
	fn.op("MOVD", fmt.Sprintf("$%d", in), count)
	fn.label("row")
	fn.op("MOVD", line, next)
	for _, x := range values {
		fn.op("VLD1.P", fmt.Sprintf("(%v)(%v)", next, srcCol), "["+x.s4()+"]")
	}
	winograd.Apply(machine, t, values, spare, func(j int, x v) { fn.store(x, buf, bytes4*j) })
	fn.op("ADD", srcRow, line, line)
	fn.add(bytes4*out, buf, buf)
	fn.loop(1, count, "row")

	fn.comment("The rows of each column.")
	fn.op("MOVD", to, line)
	fn.op("MOVD", scratch, buf)
	fn.op("MOVD", fmt.Sprintf("$%d", out), count)
	fn.label("column")
	for i, x := range values {
		fn.load(buf, bytes4*out*i, x)
	}
	fn.op("MOVD", line, next)
	winograd.Apply(machine, t, values, spare, func(_ int, x v) {
		fn.op("VST1.P", "["+x.s4()+"]", fmt.Sprintf("(%v)(%v)", next, dstRow))
	})
	fn.op("ADD", dstCol, line, line)
	fn.add(bytes4, buf, buf)
	fn.loop(1, count, "column")

	fn.add(bytes4, from, from)
	fn.add(bytes4, to, to)
	fn.loop(1, left, "vector")
	fn.op("ADD", srcTile, src, src)
	fn.op("ADD", dstTile, dst, dst)
	fn.loop(1, tiles, "tile")
	fn.ret()
}
