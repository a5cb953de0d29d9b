package winograd

import (
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
)

// lanes is what the number of channels is rounded up to.
const lanes = 16

// Plan is the sizes of one convolution, of stride 1. It is read only.
type Plan struct {
	*scheme
	channels, height, width int // of the input
	out, pad                int
	outH, outW              int
	tilesH, tilesW          int
	vecChannels, vecOut     int // channels and out, rounded up
}

// New returns the plan for an input [C,H,W] with pad zeros on each side, and
// kernels [O,C,side,side], side 3 or 5.
func New(side, channels, height, width, out, pad int) *Plan {
	return newPlan(choose(side, height+2*pad-side+1, width+2*pad-side+1), channels, height, width, out, pad)
}

// Back returns the plan of the gradient towards the input: the convolution of
// dY [O,H',W'] with the kernels turned.
func (p *Plan) Back() *Plan {
	return newPlan(p.scheme, p.out, p.outH, p.outW, p.channels, p.side-1-p.pad)
}

func newPlan(f *scheme, channels, height, width, out, pad int) *Plan {
	p := &Plan{scheme: f, channels: channels, height: height, width: width, out: out, pad: pad}
	p.outH, p.outW = height+2*pad-f.side+1, width+2*pad-f.side+1
	p.tilesH, p.tilesW = (p.outH+p.tile-1)/p.tile, (p.outW+p.tile-1)/p.tile
	p.vecChannels, p.vecOut = roundUp(channels), roundUp(out)
	return p
}

// choose returns the scheme for kernels of side×side and this output, nil if there is
// none: that of the smallest tiles, unless another saves more than a tenth of its
// products. Small tiles have smaller kernels, which come from memory sooner.
func choose(side, outH, outW int) *scheme {
	var best *scheme
	for _, f := range schemes[side] {
		if best == nil || 10*f.points*f.tiles(outH, outW) < 9*best.points*best.tiles(outH, outW) {
			best = f
		}
	}
	return best
}

// maxKernels is the most numbers in transformed kernels, 64 MB: 512×512 of them in 8×8.
const maxKernels = 16 << 20

// Pays reports whether the transforms cost less than the products they save:
// kernels of 5×5 or 3×3 that move by 1, with channels enough on both sides and tiles
// that the output fills well. Fewer than 8 channels leave most of a vector empty.
func Pays(channels, out, kernel, stride, pad, outH, outW int) bool {
	f := choose(kernel, outH, outW)
	if f == nil || stride != 1 || pad >= kernel || min(channels, out) < 8 || f.points*channels*out > maxKernels {
		return false
	}
	products := f.points * f.tiles(outH, outW)
	if kernel == 3 { // measured from 16 to 512 channels
		return min(channels, out) >= 16 && 20*products <= 7*f.taps()*outH*outW
	}
	return 2*products <= f.taps()*outH*outW
}

func roundUp(channels int) int { return (channels + lanes - 1) / lanes * lanes }

// rowIn is the length of a row of the input with its padding, and of as much
// to the right as the last tiles see.
func (p *Plan) rowIn() int { return (p.tilesW*p.tile + p.side - 1) * p.vecChannels }

// rowOut is the length of a row of a sum, whole tiles of O rounded up.
func (p *Plan) rowOut() int { return p.tilesW * p.tile * p.vecOut }

// Batch is a convolution of several images on all threads.
type Batch struct {
	Scratch func(worker int) *Scratch
	Y       []float32 // [N,O,H',W'], the output
	Apart   int       // values from one image of Y to the next
	X       []float32 // [N,C,H,W]
	Images  int       // N
	Kernels *Kernels
	Finish  func(Run) // called with each part of Y that is written, on the goroutine that wrote it
}

// ConvolveBatch writes Y.
func (p *Plan) ConvolveBatch(b *Batch) {
	n := p.points * p.channels * p.out
	if n >= muchKernels || n >= someKernels && b.Images*p.tilesH*p.tilesW <= fewTiles {
		p.pointByPoint(b)
	} else {
		p.blockByBlock(b)
	}
}

// blockByBlock is ConvolveBatch that computes all products of one block of tiles at a time.
func (p *Plan) blockByBlock(b *Batch) {
	blocks := p.blocks(b.Images)
	parallel.For(len(blocks)-1, func(worker, i int) {
		t0, t1 := blocks[i], blocks[i+1]
		p.Convolve(b.Scratch(worker), b.Y, b.Apart, b.X, b.Kernels, t0, t1)
		p.runs(t0, t1, b.Finish)
	})
}

// pointByPoint is ConvolveBatch for kernels that no cache holds. The threads share the
// points, so that each kernel comes from memory once for all the tiles of a piece.
func (p *Plan) pointByPoint(b *Batch) {
	pieces := p.pieces(b.Images)
	shared := b.Scratch(0)
	for i, end := range pieces[1:] {
		begin := pieces[i]
		tiles := (end - begin) * p.tilesW
		planeIn, planeOut := plane(tiles, p.vecChannels), plane(tiles, p.vecOut)
		v, m := grow(&shared.in, p.points*planeIn), grow(&shared.products, p.points*planeOut)
		parallel.For(end-begin, func(worker, t int) {
			p.transformTo(b.Scratch(worker), v[t*p.tilesW*p.vecChannels:], planeIn, b.X, begin+t, begin+t+1)
		})
		parallel.For(p.points, func(worker, point int) {
			b.Kernels.u[point].Multiply(&b.Scratch(worker).gemm, tiles, v[point*planeIn:], p.vecChannels, m[point*planeOut:], p.vecOut, nil)
		})
		parallel.For(end-begin, func(worker, t int) {
			p.write(b.Scratch(worker), b.Y, b.Apart, m[t*p.tilesW*p.vecOut:], planeOut, begin+t, begin+t+1, 0, p.out)
			p.runs(begin+t, begin+t+1, b.Finish)
		})
	}
}

// blocks returns where the blocks of a batch begin, in rows of tiles counted over the
// batch, and the end. A block is as large as its transformed values are to be, or smaller
// where there are few.
func (p *Plan) blocks(images int) []int {
	rows := images * p.tilesH
	tiles := rows * p.tilesW
	target := max(minTiles, blockValues/max(p.vecChannels, p.vecOut))
	return parallel.Cut(rows, parallel.Even(max((tiles+target-1)/target, min(4, tiles/4)), rows))
}

// pieces is blocks where the threads share the points.
func (p *Plan) pieces(images int) []int {
	rows := images * p.tilesH
	return parallel.Cut(rows, rows*p.tilesW/maxTiles+1)
}

const (
	minTiles    = 40      // of a block: the rows of the product of a point
	blockValues = 3 << 11 // of a point of a block
	maxTiles    = 256     // of a piece whose points the threads share
	muchKernels = 4 << 20 // numbers in transformed kernels, 16 MB, from which they do
	someKernels = 1 << 20 // the same, for at most fewTiles tiles in all
	fewTiles    = 80      // of a batch: blocks of them would be small, and each reads all kernels
)

// Run is part of one image in a block: the rows [Y0,Y1) of its output.
type Run struct{ Image, Y0, Y1 int }

// runs calls f with what rows [t0,t1) of tiles make.
func (p *Plan) runs(t0, t1 int, f func(Run)) {
	p.eachImage(t0, t1, func(image, r0, r1, _ int) { f(Run{image, r0 * p.tile, min(r1*p.tile, p.outH)}) })
}

// eachImage calls f with the rows [r0,r1) of tiles of each image that are among
// [t0,t1) of the batch, and with how many tiles come before them.
func (p *Plan) eachImage(t0, t1 int, f func(image, r0, r1, before int)) {
	for t := t0; t < t1; {
		image, r0 := t/p.tilesH, t%p.tilesH
		r1 := min(p.tilesH, r0+t1-t)
		f(image, r0, r1, (t-t0)*p.tilesW)
		t += r1 - r0
	}
}

// Scratch is the memory of one worker. The zero value is ready.
type Scratch struct {
	gemm                       gemm.Workspace
	half                       []float32
	in, products, sum, kernels []float32
	image, lines               []float32
}

// grow returns buf with at least n values, whatever they are.
func grow(buf *[]float32, n int) []float32 {
	if cap(*buf) < n {
		*buf = make([]float32, n)
	}
	return (*buf)[:n]
}

// plane is the distance from one of the points to the next, for that many tiles. A
// multiple of a page would put them all in the same few lines of the first-level cache.
func plane(tiles, channels int) int { return tiles*channels + lanes }

// tileRow is a row of tiles of transformed values, with that many tiles before it.
func (p *Plan) tileRow(v []float32, before, plane, channels int) square {
	return square{v[before*channels:], p.field * plane, plane, channels}
}

// transformed returns Bᵀ·d·B for rows [t0,t1) of tiles of x [N,C,H,W]: [points][tiles,C],
// with the elements apart as plane says.
func (p *Plan) transformed(s *Scratch, x []float32, t0, t1 int) []float32 {
	plane := plane((t1-t0)*p.tilesW, p.vecChannels)
	v := grow(&s.in, p.points*plane)
	p.transformTo(s, v, plane, x, t0, t1)
	return v
}

// transformTo is transformed into v, whose points are plane apart.
func (p *Plan) transformTo(s *Scratch, v []float32, plane int, x []float32, t0, t1 int) {
	row, vec, size := p.rowIn(), p.vecChannels, p.channels*p.height*p.width
	p.eachImage(t0, t1, func(image, r0, r1, before int) {
		part := p.padded(s, x[image*size:(image+1)*size], r0*p.tile, r1*p.tile+p.side-1)
		for r := range r1 - r0 {
			p.input.apply(s, p.tileRow(v, before+r*p.tilesW, plane, vec), square{part[r*p.tile*row:], row, vec, p.tile * vec}, p.tilesW, vec)
		}
	})
}

// Convolve writes rows [t0,t1) of tiles of the convolution of a batch x [N,C,H,W]
// with kernels to y [N,O,H',W'], whose images are apart values apart, on the calling
// goroutine.
func (p *Plan) Convolve(s *Scratch, y []float32, apart int, x []float32, kernels *Kernels, t0, t1 int) {
	p.convolve(s, y, apart, x, kernels, t0, t1, 0, p.out)
}

// ConvolveChannels writes channels [o0,o1) of the convolution of an image x [C,H,W] to
// y [O,H',W']. o0 is a multiple of ChannelUnit. Where several threads have some channels
// each, every one transforms the image, but has only its own kernels come from memory.
func (p *Plan) ConvolveChannels(s *Scratch, y, x []float32, kernels *Kernels, o0, o1 int) {
	p.convolve(s, y, len(y), x, kernels, 0, p.tilesH, o0, o1)
}

// ChannelUnit is what the first of the channels of ConvolveChannels is a multiple of.
func (p *Plan) ChannelUnit() int { return max(lanes, gemm.PanelWidth()) }

func (p *Plan) convolve(s *Scratch, y []float32, apart int, x []float32, kernels *Kernels, t0, t1, o0, o1 int) {
	v := p.transformed(s, x, t0, t1)
	tiles := (t1 - t0) * p.tilesW
	planeIn, planeOut := plane(tiles, p.vecChannels), plane(tiles, p.vecOut)
	m := grow(&s.products, p.points*planeOut) // [points][tiles,O]
	for point := range p.points {
		kernels.u[point].MultiplyColumns(&s.gemm, tiles, v[point*planeIn:], p.vecChannels, m[point*planeOut:], p.vecOut, o0, o1, nil)
	}
	p.write(s, y, apart, m, planeOut, t0, t1, o0, o1)
}

// write writes channels [o0,o1) of rows [t0,t1) of tiles of y from their products m, whose
// points are plane apart.
func (p *Plan) write(s *Scratch, y []float32, apart int, m []float32, plane, t0, t1, o0, o1 int) {
	vec, size := roundUp(o1-o0), p.out*p.outH*p.outW
	row := p.tilesW * p.tile * vec // of a sum, whole tiles
	p.eachImage(t0, t1, func(image, r0, r1, before int) {
		sum := grow(&s.sum, (r1-r0)*p.tile*row)
		for r := range r1 - r0 {
			from := p.tileRow(m, before+r*p.tilesW, plane, p.vecOut)
			from.values = from.values[o0:]
			p.output.apply(s, square{sum[r*p.tile*row:], row, vec, p.tile * vec}, from, p.tilesW, vec)
		}
		y := y[image*apart:][:size]
		first, end := r0*p.tile, min(r1*p.tile, p.outH)
		s.fromLines(y[o0*p.outH*p.outW+first*p.outW:], o1-o0, p.outH*p.outW, sum, row, vec, end-first, p.outW)
	})
}
