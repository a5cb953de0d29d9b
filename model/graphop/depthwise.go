package graphop

import (
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/internal/vector"
)

// A depthwise convolution: each output channel is the sum of kh·kw shifted copies of
// one input channel. A product with such a small patch matrix would spend more time
// copying than computing.

// eachShift calls f for the kh·kw taps of output channel o that touch the image. It is
// like eachTap, but tap is the index in the kernels.
func (g *geometry) eachShift(o int, f func(tap, src, lo, hi, x0, x1 int)) {
	plane := o / g.groupOut() * g.height
	for i := range g.kernel[0] {
		lo, hi := g.high.onImage(i, g.height, g.outH)
		for j := range g.kernel[1] {
			x0, x1 := g.wide.onImage(j, g.width, g.outW)
			if lo < hi && x0 < x1 {
				f((o*g.kernel[0]+i)*g.kernel[1]+j, (plane+g.high.at(i))*g.width+g.wide.at(j), lo, hi, x0, x1)
			}
		}
	}
}

// shiftScratch is one worker's memory for depthwise convolutions.
type shiftScratch struct {
	padded []float32
	sum    []float32
	at     []int
}

// depthwisePlanes computes the output y [N,O,H',W'] of the images x [N,C,H,W] in use.
func (g *geometry) depthwisePlanes(s *Scope, y, x, w []float32, e *epilogue) {
	const most, least = 64, 16384 // maximum number of pieces, minimum values per piece
	planes, size := s.rows*g.out, g.height*g.width
	pieces := parallel.Even(min(planes*size/least, most), planes)
	d, even := g.vectorDepthwise()
	parallel.For(pieces, func(worker, piece int) {
		for p := piece * planes / pieces; p < (piece+1)*planes/pieces; p++ {
			i, o := p/g.out, p%g.out
			f, simple := e.finish(o)
			out, add := image(g.outImage(y, i), o, g.pixels()), e.added(i, o, 0, g.pixels())
			if !even || !d.Apply(out, image(x, i*g.channels+o/g.groupOut(), size), image(w, o, g.taps()), add, f) {
				g.depthwisePlane(&s.scratch(worker).shift, i, o, out, x, w, e)
			} else if !simple {
				e.activation.apply(out, out)
			}
		}
	})
}

// vectorDepthwise returns the convolution of one plane for package vector. It reports
// false if the kernel differs between the two axes.
func (g *geometry) vectorDepthwise() (vector.Depthwise, bool) {
	d := vector.Depthwise{
		Side: g.kernel[0], Stride: g.stride[0], Height: g.height, Width: g.width,
		Top: g.high.before, Left: g.wide.before, OutH: g.outH, OutW: g.outW,
	}
	return d, g.depthwise() && g.kernel == Both(d.Side) && g.stride == Both(d.Stride) && g.high.dilation == 1 && g.wide.dilation == 1
}

// depthwisePlane computes channel o of image i of the output of x [N,C,H,W], for any
// kernel, and writes it to y [H',W'].
//
// It splits the padded plane by row and column number modulo stride. Each tap is then a
// shift of one part, for all output rows at once. Some sums at the end of each row are
// meaningless and are dropped afterwards.
func (g *geometry) depthwisePlane(s *shiftScratch, i, o int, y, x, w []float32, e *epilogue) {
	down, right := g.high.stride, g.wide.stride
	row := max(g.outW+(g.kernel[1]-1)*g.wide.dilation/right, (g.wide.before+g.width+right-1)/right)
	rows := max(g.outH+(g.kernel[0]-1)*g.high.dilation/down, (g.high.before+g.height+down-1)/down)
	part := rows*row + g.outW // the last shift may read past the last row
	padded := grow(&s.padded, down*right*part)
	clear(padded)
	plane := image(x, i*g.channels+o/g.groupOut(), g.height*g.width)
	for r := range right {
		first := ((r-g.wide.before)%right + right) % right // first column in this group
		for iy, py := 0, g.high.before; iy < g.height; iy, py = iy+1, py+1 {
			from := plane[iy*g.width:][:g.width]
			to := padded[(py%down*right+r)*part+py/down*row+(first+g.wide.before)/right:]
			if right == 1 {
				copy(to, from)
				continue
			}
			to = to[:(g.width-first+right-1)/right]
			for k, ix := 0, first; k < len(to); k, ix = k+1, ix+right {
				to[k] = from[ix]
			}
		}
	}
	s.at = s.at[:0]
	for k := range g.kernel[0] {
		lower := k * g.high.dilation
		for j := range g.kernel[1] {
			at := j * g.wide.dilation
			s.at = append(s.at, (lower%down*right+at%right)*part+lower/down*row+at/right)
		}
	}
	sum := grow(&s.sum, (g.outH-1)*row+g.outW)
	vector.Taps(sum, padded, s.at, image(w, o, g.taps()))
	if e.residual == nil {
		e.apply(sum, sum, i, o, 0)
	}
	for oy := range g.outH {
		copy(y[oy*g.outW:(oy+1)*g.outW], sum[oy*row:])
	}
	if e.residual != nil {
		e.apply(y, y, i, o, 0)
	}
}

// depthwiseGradX writes dx [C,H,W].
func (g *geometry) depthwiseGradX(dx, dz, w []float32) {
	clear(dx)
	stride := g.stride[1]
	for o := range g.out {
		g.eachShift(o, func(tap, dst, lo, hi, x0, x1 int) {
			k := w[tap]
			for y := lo; y < hi; y++ {
				row := dz[(o*g.outH+y)*g.outW:][x0:x1]
				to := dx[dst+y*g.stride[0]*g.width+x0*stride:]
				for i, v := range row {
					to[i*stride] += k * v
				}
			}
		})
	}
}

// addDepthwiseGradW adds one image's part of the gradient to sum [O,1,kh,kw]: for each
// tap, the product of a plane and a shifted plane, summed in float64.
func (g *geometry) addDepthwiseGradW(sum, x, dz []float32) {
	stride := g.stride[1]
	for o := range g.out {
		g.eachShift(o, func(tap, src, lo, hi, x0, x1 int) {
			var dot float64
			for y := lo; y < hi; y++ {
				row := dz[(o*g.outH+y)*g.outW:][x0:x1]
				from := x[src+y*g.stride[0]*g.width+x0*stride:]
				for i, v := range row {
					dot += float64(v) * float64(from[i*stride])
				}
			}
			sum[tap] += float32(dot)
		})
	}
}
