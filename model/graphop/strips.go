package graphop

import (
	"sync/atomic"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
)

// A direct convolution is a product with the patch matrix, kernels [O,taps] · patches
// [taps,columns], with one column per output pixel. It is computed a strip of the
// batch's lines at a time, so that the patches stay in cache. Most often there is no
// patch matrix: patches are written straight to the panels of the product. For small
// images a strip covers several images, so that the kernels are read from memory only
// once for all of them. No sum is split: the result is the same, bit for bit, for any
// division into strips.

const (
	stripValues  = 160 << 10 // patches per strip, 640 KB
	widestStrip  = 512       // in columns
	slimStrip    = 128       // fewest columns that are worth loading the kernels for
	thinProduct  = 64        // most outputs of a product that does not pack its matrix
	fewestStrips = 4         // if there are enough columns: one or two per thread
	tileRows     = 12        // channels of a tile of a product; other kernels have 6 or 8
	rowsAPiece   = 48        // channels of a product that threads share, at most
)

// lines returns what a strip consists of: how many lines an image of the output has, and
// how many pixels a line. They are rows; for a pointwise convolution, which has no use
// for rows, each pixel is a line.
func (g *geometry) lines() (n, length int) {
	if g.pointwise() {
		return g.pixels(), 1
	}
	return g.outH, g.outW
}

// strips returns where the strips of a batch's output begin, and the end: lines counted
// over the batch. A strip spans several images only if an image has few pixels.
func (g *geometry) strips(images int) []int {
	lines, length := g.lines() // of what is divided: an image or the batch
	if lines*length < slimStrip {
		lines, images = lines*images, 1
	}
	unit := max(gemm.PanelWidth()/length, 1) // lines
	units, pixels := (lines+unit-1)/unit, lines*length
	target := widestStrip
	if !g.pointwise() && !g.packs() { // there are patches
		target = min(max(stripValues/g.taps(), slimStrip), widestStrip)
	}
	each := (pixels + target - 1) / target // strips of an image
	parts := []int{0, units}               // all threads pack it, and each multiplies some channels
	switch thin := g.pointwise() && g.groupOut() <= thinProduct; {
	case images > 1:
		parts = parallel.Cut(units, each)
	case thin: // the image is most often read where it lies
		parts = parallel.Parts(units, target/(unit*length), 1)
	case each == 1 && g.packs() && g.groupOut() > rowsAPiece:
	case g.pointwise():
		parts = parallel.Parts(units, target/(unit*length), 2)
	default:
		parts = parallel.Cut(units, parallel.Even(max(each, min(fewestStrips, pixels/slimStrip)), units))
	}
	bounds := []int{0}
	for i := range images {
		for _, part := range parts[1:] {
			bounds = append(bounds, i*lines+min(part*unit, lines))
		}
	}
	return bounds
}

// matrix is B [k,n] of a product: rows that are ld apart, or what pack writes.
type matrix struct {
	rows []float32
	ld   int
	pack gemm.Pack
}

// product computes C [m,n] = A [m,k] · B [k,n] and applies f. ldc is the row stride of
// C. It reports whether it applied f.
type product func(m, n, k int, a []float32, b matrix, c []float32, ldc int, f *gemm.Finish) bool

func (s *scratch) product(m, n, k int, a []float32, b matrix, c []float32, ldc int, f *gemm.Finish) bool {
	if b.pack != nil {
		return s.gemm.MultiplyPack(m, n, k, a, k, b.pack, c, ldc, f)
	}
	return s.gemm.Multiply(m, n, k, a, k, b.rows, b.ld, c, ldc, f)
}

// hands says who computes a strip: one worker, or all threads together.
type hands struct {
	scratch  *scratch
	multiply product
	sums     func(m, n, k int, a []float32, b matrix, f *gemm.Finish, then rowsDone)
	channels func(n int, body func(s *scratch, from, to int)) // calls body for parts of n
}

// rowsDone is called with rows [from,to) of a product C, [to-from,n] in the scratch
// memory of the worker that computed them, and whether they are finished.
type rowsDone func(sum []float32, from, to int, finished bool)

func (s *scratch) hands() hands {
	return hands{s, s.product, s.sums, func(n int, body func(s *scratch, from, to int)) { body(s, 0, n) }}
}

// sums computes a product whose C is not kept.
func (s *scratch) sums(m, n, k int, a []float32, b matrix, f *gemm.Finish, then rowsDone) {
	sum := grow(&s.sum, m*n)
	then(sum, 0, m, s.product(m, n, k, a, b, sum, n, f))
}

// allHands is for work that is a single strip.
func (s *Scope) allHands() hands {
	return hands{s.scratch(0), s.packedProduct, s.packedSums, func(n int, body func(s *scratch, from, to int)) {
		pieces := parallel.Even(n/8, n)
		parallel.For(pieces, func(worker, i int) { body(s.scratch(worker), i*n/pieces, (i+1)*n/pieces) })
	}}
}

// packedProduct is a product computed by all threads.
func (s *Scope) packedProduct(m, n, k int, a []float32, b matrix, c []float32, ldc int, f *gemm.Finish) (finished bool) {
	var unfinished atomic.Bool
	s.eachPacked(m, n, k, b, func(worker *scratch, from, to int) {
		if !s.packed.Multiply(&worker.gemm, to-from, a[from*k:], k, c[from*ldc:], ldc, f.From(from, ldc)) {
			unfinished.Store(true)
		}
	})
	return !unfinished.Load()
}

// packedSums is sums by all threads.
func (s *Scope) packedSums(m, n, k int, a []float32, b matrix, f *gemm.Finish, then rowsDone) {
	s.eachPacked(m, n, k, b, func(worker *scratch, from, to int) {
		sum := grow(&worker.sum, (to-from)*n)
		then(sum, from, to, s.packed.Multiply(&worker.gemm, to-from, a[from*k:], k, sum, n, f.From(from, n)))
	})
}

// eachPacked packs b [k,n], once for all threads, and then has them share the m rows of
// a product with it.
func (s *Scope) eachPacked(m, n, k int, b matrix, rows func(worker *scratch, from, to int)) {
	if b.pack != nil {
		s.packed.SetPack(k, n, b.pack)
	} else {
		s.packed.Set(b.rows, b.ld, k, n)
	}
	s.eachTiles(m, rowsAPiece/tileRows, 1, rows)
}

// eachTiles has all threads share n channels, in parts of whole tiles of a product: of at
// most largest tiles, and of at least least if there are enough.
func (s *Scope) eachTiles(n, largest, least int, channels func(worker *scratch, from, to int)) {
	parallel.Ranges((n+tileRows-1)/tileRows, largest, least, func(worker, from, to int) {
		channels(s.scratch(worker), from*tileRows, min(to*tileRows, n))
	})
}

// strip computes lines [r0,r1) of the output y [N,O,H',W'] of a batch x [N,C,H,W].
func (g *geometry) strip(by hands, y, x, w []float32, r0, r1 int, e *epilogue) {
	lines, length := g.lines()
	columns := (r1 - r0) * length
	first, last := r0/lines, (r1-1)/lines
	for group := range g.groups {
		kernels, taps, out := g.kernels(w, group), g.taps(), g.groupOut()
		cols := g.columns(by, x, group, r0, r1)
		if first == last { // write directly to the output
			at := r0 % lines * length
			sum := g.outGroup(g.outImage(y, first), group)[at:]
			g.channelsOf(by.multiply, sum, g.pixels(), kernels, cols, columns, first, at, group*out, (group+1)*out, e)
			continue
		}
		f := e.ofProduct(group * out)
		if e.residual != nil { // its layout differs from that of the sums
			f = nil
		}
		by.sums(out, columns, taps, kernels, cols, f, func(sum []float32, from, to int, finished bool) {
			g.eachRun(r0, r1, func(i, y0, y1, before int) {
				for o := from; o < to; o++ {
					part := image(g.outImage(y, i), group*out+o, g.pixels())[y0*length : y1*length]
					sum := sum[(o-from)*columns+before*length:][:len(part)]
					if finished {
						copy(part, sum)
						e.rest(part, i, group*out+o, y0*length, true)
					} else {
						e.apply(part, sum, i, group*out+o, y0*length)
					}
				}
			})
		})
	}
}

// columns returns the patch matrix [taps,columns] of one group of the images x for lines
// [r0,r1) of the output, counted over the batch.
func (g *geometry) columns(by hands, x []float32, group, r0, r1 int) matrix {
	lines, length := g.lines()
	first, last := r0/lines, (r1-1)/lines
	switch {
	case g.pointwise() && first == last:
		return matrix{rows: g.inGroup(g.inImage(x, first), group)[r0%lines:], ld: g.pixels()}
	case g.pointwise() && g.packs():
		return matrix{pack: g.planesFrom(x, group, r0)}
	case g.packs() && (g.groupIn() >= manyChannels || !g.copies(r1-r0)):
		return matrix{pack: g.patchesFrom(x, group, r0)}
	case g.packs() && first == last:
		y0 := r0 % g.outH
		return matrix{pack: g.patchesPadded(by.scratch, g.inGroup(g.inImage(x, first), group), y0, y0+r1-r0)}
	}
	columns := (r1 - r0) * length
	cols := g.patches(by.scratch, columns)
	by.channels(g.groupIn(), func(s *scratch, c0, c1 int) {
		first := c0 * g.kernel[0] * g.kernel[1] * columns
		g.eachRun(r0, r1, func(image, y0, y1, before int) {
			x := g.inGroup(g.inImage(x, image), group)[c0*g.height*g.width:]
			g.im2col(s, cols[first+before*length:], columns, x, c1-c0, y0, y1)
		})
	})
	return matrix{rows: cols, ld: columns}
}

// channelsOf computes n outputs of channels [o0,o1) of an image, starting at value at:
// kernels [o1-o0,taps] · cols [taps,n]. The rows of y are apart values apart.
// With a residual, y must be the output itself.
func (g *geometry) channelsOf(multiply product, y []float32, apart int, kernels []float32, cols matrix, n, image, at, o0, o1 int, e *epilogue) {
	f := e.ofProduct(o0)
	if e.residual != nil {
		f.Add = e.residual[(image*e.out+o0)*e.pixels+at:]
	}
	finished := multiply(o1-o0, n, g.taps(), kernels, cols, y, apart, f)
	if !finished && f.Add != nil && &f.Add[0] == &y[0] {
		panic("the residual was overwritten: the kernel of the products has changed since the memory was planned")
	}
	for o := o0; o < o1; o++ {
		e.rest(y[(o-o0)*apart:][:n], image, o, at, finished)
	}
}

// rest applies the remaining steps to values of channel o of an image, starting at
// value at, after a product. If finished is false, that is all steps.
func (e *epilogue) rest(y []float32, image, o, at int, finished bool) {
	if !finished {
		e.apply(y, y, image, o, at)
	} else if !e.activation.clips() {
		e.activation.apply(y, y)
	}
}

// eachRun calls f with the lines [y0,y1) of each image that are among the batch's lines
// [r0,r1). before is the number of those lines in earlier images.
func (g *geometry) eachRun(r0, r1 int, f func(image, y0, y1, before int)) {
	lines, _ := g.lines()
	for r := r0; r < r1; {
		image, y0 := r/lines, r%lines
		y1 := min(lines, y0+r1-r)
		f(image, y0, y1, r-r0)
		r += y1 - y0
	}
}

// finishRows applies the epilogue in place to rows [y0,y1) of the sums of image i in y
// [N,O,H',W'].
func (g *geometry) finishRows(y []float32, i, y0, y1 int, e *epilogue) {
	for o := range g.out {
		part := image(g.outImage(y, i), o, g.pixels())[y0*g.outW : y1*g.outW]
		e.apply(part, part, i, o, y0*g.outW)
	}
}
