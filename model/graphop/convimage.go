package graphop

import (
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/internal/vector"
	"github.com/lastlayer/lastlayer/internal/winograd"
)

// epilogue is what is applied to the sums [N,O,H",W"] of a run.
type epilogue struct {
	bias        []float32 // [O]; nil for none
	norm        *coefficients
	residual    []float32 // of the output's shape; nil for none
	activation  Activation
	out, pixels int             // channels, and values per channel
	each        []vector.Finish // [O], what follows the sums except the residual
	rows        []gemm.After    // [O], the same for matrix products
}

// biasOf returns the bias of channel o.
func (e *epilogue) biasOf(o int) float32 {
	if e.bias == nil {
		return 0
	}
	return e.bias[o]
}

// finish returns what is applied to the sums of channel o, except the residual. simple
// reports whether that includes the activation.
func (e *epilogue) finish(o int) (f *vector.Finish, simple bool) {
	return &e.each[o], e.activation.clips()
}

// added returns the residual for n values of channel o of an image, starting at value
// at; nil if there is none.
func (e *epilogue) added(image, o, at, n int) []float32 {
	if e.residual == nil {
		return nil
	}
	return e.residual[(image*e.out+o)*e.pixels+at:][:n]
}

// apply finishes some sums of channel o of an image, starting at value at, and writes
// them to y. y may be sums. Each step rounds as it would in a node of its own.
func (e *epilogue) apply(y, sums []float32, image, o, at int) {
	f, simple := e.finish(o)
	f.Apply(y, sums, e.added(image, o, at, len(sums)))
	if !simple {
		e.activation.apply(y, y)
	}
}

// following is memory for what an epilogue is made of.
type following struct {
	each []vector.Finish
	rows []gemm.After
}

// prepare computes what follows the sums of each channel.
func (e *epilogue) prepare(m *following) {
	e.each, e.rows = grow(&m.each, e.out), grow(&m.rows, e.out)
	for o := range e.out {
		f := vector.Finish{Bias: e.biasOf(o)}
		if e.norm != nil {
			e.norm.of(&f, o)
		}
		e.activation.clipping(&f)
		e.each[o] = f
		e.rows[o] = gemm.After{Bias: f.Bias, Mean: f.Mean, Factor: f.Factor, Shift: f.Shift, Lo: f.Lo, Hi: f.Hi}
	}
}

// ofProduct returns what is applied to a product whose rows are the channels from o on.
func (e *epilogue) ofProduct(o int) *gemm.Finish {
	f, _ := e.finish(o)
	return &gemm.Finish{Rows: e.rows[o:], Normal: f.Normal, Clip: f.Clip}
}

// pooledPart is part of an image's output: some rows of some channels.
type pooledPart struct{ o0, o1, p0, p1 int }

// pooledParts returns the parts of an image that threads compute. Threads that have an
// image each need no parts.
func (g *geometry) pooledParts(images int) (parts []pooledPart) {
	const much = 1 << 19 // products that are worth another thread
	threads := parallel.Threads()
	if images >= threads || g.multiplyAdds() < much {
		return []pooledPart{{0, g.out, 0, g.poolH}}
	}
	if g.plan == nil { // each thread makes its patches
		rows := parallel.Cut(g.poolH, threads)
		for i := range len(rows) - 1 {
			parts = append(parts, pooledPart{0, g.out, rows[i], rows[i+1]})
		}
		return parts
	}
	unit := g.plan.ChannelUnit() // each thread reads its kernels
	some := parallel.Cut((g.out+unit-1)/unit, threads)
	for i := range len(some) - 1 {
		parts = append(parts, pooledPart{some[i] * unit, min(some[i+1]*unit, g.out), 0, g.poolH})
	}
	return parts
}

// pooled computes part of y [O,H',W'] of one image x [C,H,W] with pooling: y = a(pool(w*x) +
// b). Bias and ReLU never reverse the order of two values, so they can follow the pooling,
// where there are fewer values.
func (g *geometry) pooled(s *scratch, y []float32, argmax []uint8, x, w []float32, kernels *winograd.Kernels, e *epilogue, part pooledPart) {
	sum := grow(&s.sum, g.out*g.pixels())
	y0, y1 := part.p0*g.pool, part.p1*g.pool
	if g.plan != nil {
		g.plan.ConvolveChannels(&s.winograd, sum, x, kernels, part.o0, part.o1)
	} else {
		for group := range g.groups {
			g.sumOf(s, g.outGroup(sum, group), g.inGroup(x, group), g.kernels(w, group), y0, y1)
		}
	}
	plane := g.poolH * g.poolW
	for o := part.o0; o < part.o1; o++ {
		y := image(y, o, plane)[part.p0*g.poolW : part.p1*g.poolW]
		at := argmax[o*plane+part.p0*g.poolW:][:len(y)]
		sum := image(sum, o, g.pixels())[y0*g.outW : y1*g.outW]
		if g.poolsByTwo() {
			g.pool2(y1-y0).Max(y, at, sum, e.biasOf(o))
			continue
		}
		g.maxPool(y, at, sum)
		e.apply(y, y, 0, o, 0) // pooling excludes a residual, so the image number does not matter
	}
}

// These functions return the parts of an image and of the kernels that belong to one
// group.

func (g *geometry) inGroup(x []float32, group int) []float32 {
	return image(x, group, g.groupIn()*g.height*g.width)
}
func (g *geometry) outGroup(z []float32, group int) []float32 {
	return image(z, group, g.groupOut()*g.pixels())
}
func (g *geometry) kernels(w []float32, group int) []float32 {
	return image(w, group, g.groupOut()*g.taps())
}

// sumOf computes rows [from,to) of the sum [O,H"·W"] of one group, w [O,taps]·cols, for as
// many output rows at a time as the patch matrix can hold. That number does not change
// the result by a bit: no sum is split.
func (g *geometry) sumOf(s *scratch, sum, x, w []float32, from, to int) {
	n := g.pixels()
	if g.pointwise() {
		at := from * g.outW
		s.gemm.Sgemm(false, false, g.groupOut(), to*g.outW-at, g.taps(), 1, w, g.taps(), x[at:], n, 0, sum[at:], n)
		return
	}
	for y0 := from; y0 < to; y0 += g.rowsAtATime() {
		y1 := min(y0+g.rowsAtATime(), to)
		part := (y1 - y0) * g.outW
		cols := g.patches(s, part)
		g.im2col(s, cols, part, x, g.groupIn(), y0, y1)
		s.gemm.Sgemm(false, false, g.groupOut(), part, g.taps(), 1, w, g.taps(), cols, part, 0, sum[y0*g.outW:], n)
	}
}

// gradW writes the sum of dz·colsᵀ over images [from,to) to sum [O,C/groups·kh·kw].
func (g *geometry) gradW(s *scratch, sum, x, dz []float32, from, to int) {
	if g.plan != nil {
		grad := grow(&s.grad, g.plan.GradientSize())
		clear(grad)
		for i := from; i < to; i++ {
			g.plan.AddGradient(&s.winograd, grad, g.inImage(x, i), g.sumImage(dz, i))
		}
		g.plan.Gradient(&s.winograd, sum, grad)
		return
	}
	clear(sum)
	for i := from; i < to; i++ {
		x, dz := g.inImage(x, i), g.sumImage(dz, i)
		if g.depthwise() {
			g.addDepthwiseGradW(sum, x, dz)
			continue
		}
		for group := range g.groups {
			cols := g.inGroup(x, group)
			if !g.pointwise() {
				cols = g.patches(s, g.pixels())
				g.im2col(s, cols, g.pixels(), g.inGroup(x, group), g.groupIn(), 0, g.outH)
			}
			s.gemm.Sgemm(false, true, g.groupOut(), g.taps(), g.pixels(), 1, g.outGroup(dz, group), g.pixels(), cols, g.pixels(), 1, g.kernels(sum, group), g.taps())
		}
	}
}

// gradX computes dx [C,H,W] of one image: wᵀ·dz, with each patch added back where it
// came from.
func (g *geometry) gradX(s *scratch, dx, dz, w []float32) {
	if g.depthwise() {
		g.depthwiseGradX(dx, dz, w)
		return
	}
	for group := range g.groups {
		g.gradXOf(s, g.inGroup(dx, group), g.outGroup(dz, group), g.kernels(w, group))
	}
}

// gradXOf is gradX for one group. It works from bottom to top, so a pixel receives its
// taps in the same order as from the whole patch matrix.
func (g *geometry) gradXOf(s *scratch, dx, dz, w []float32) {
	n := g.pixels()
	if g.pointwise() {
		s.gemm.Sgemm(true, false, g.taps(), n, g.groupOut(), 1, w, g.taps(), dz, n, 0, dx, n)
		return
	}
	clear(dx)
	for y1 := g.outH; y1 > 0; y1 -= g.rowsAtATime() {
		y0 := max(y1-g.rowsAtATime(), 0)
		part := (y1 - y0) * g.outW
		cols := grow(&s.cols, g.taps()*part)
		s.gemm.Sgemm(true, false, g.taps(), part, g.groupOut(), 1, w, g.taps(), dz[y0*g.outW:], n, 0, cols, part)
		g.addPatches(dx, cols, y0, y1)
	}
}
