package winograd

import "github.com/lastlayer/lastlayer/internal/gemm"

// lanes is what the number of channels is rounded up to.
const lanes = 16

// Plan is the sizes of one convolution, of stride 1. It is read only.
type Plan struct {
	channels, height, width int // of the input
	out, pad                int
	outH, outW              int
	tilesH, tilesW          int
	vecChannels, vecOut     int // channels and out, rounded up
}

// New returns the plan for an input [C,H,W] with pad zeros on each side, and
// kernels [O,C,5,5].
func New(channels, height, width, out, pad int) *Plan {
	p := &Plan{channels: channels, height: height, width: width, out: out, pad: pad}
	p.outH, p.outW = height+2*pad-side+1, width+2*pad-side+1
	p.tilesH, p.tilesW = (p.outH+tile-1)/tile, (p.outW+tile-1)/tile
	p.vecChannels, p.vecOut = roundUp(channels), roundUp(out)
	return p
}

// Back returns the plan of the gradient towards the input: the convolution of
// dY [O,H',W'] with the kernels turned.
func (p *Plan) Back() *Plan {
	return New(p.out, p.outH, p.outW, p.channels, side-1-p.pad)
}

// maxGradient is the most products of a tile that are summed up, a worker's 16
// MB: more would come from memory for each image.
const maxGradient = 4 << 20

// Pays reports whether the transforms cost less than the products they save:
// kernels of 5×5 that move by 1, with channels enough on both sides and tiles
// that the output fills well. Measured with 32 and 64 channels; fewer than 8
// leave most of a vector empty.
func Pays(channels, out, kernel, stride, pad, outH, outW int) bool {
	tiles := ((outH + tile - 1) / tile) * ((outW + tile - 1) / tile)
	return kernel == side && stride == 1 && pad < side && channels >= 8 && out >= 8 &&
		2*points*tiles <= taps*outH*outW && points*channels*out <= maxGradient
}

func roundUp(channels int) int { return (channels + lanes - 1) / lanes * lanes }

func (p *Plan) tiles() int { return p.tilesH * p.tilesW }

// rowIn is the length of a row of the input with its padding, and of as much
// below and to the right as the last tiles see.
func (p *Plan) rowIn() int { return (p.tilesW*tile + side - 1) * p.vecChannels }

// rowOut is the length of a row of a sum, [4·tiles,O] rounded up.
func (p *Plan) rowOut() int { return p.tilesW * tile * p.vecOut }

// plane is the distance of one of the 64 elements from the next. A whole page
// would put them all in the same few lines of the first-level cache.
func (p *Plan) plane(channels int) int { return p.tiles()*channels + lanes }

// Scratch is the memory of one worker. The zero value is ready.
type Scratch struct {
	gemm                       gemm.Workspace
	half                       []float32
	in, products, sum, kernels []float32
	image, grad                bordered
}

// bordered is an image [y,x,C] with zeros around it. Images of one plan have the
// same border, so it is cleared for the first of them alone.
type bordered struct {
	values []float32
	of     *Plan
}

func (b *bordered) cleared(p *Plan, n int) []float32 {
	image := grow(&b.values, n)
	if b.of != p {
		clear(image)
		b.of = p
	}
	return image
}

// grow returns buf with at least n values, whatever they are.
func grow(buf *[]float32, n int) []float32 {
	if cap(*buf) < n {
		*buf = make([]float32, n)
	}
	return (*buf)[:n]
}

// transformed returns Bᵀ·d·B for all tiles of x [C,H,W]: [64][tiles,C].
func (p *Plan) transformed(s *Scratch, x []float32) []float32 {
	row, vec := p.rowIn(), p.vecChannels
	image := s.image.cleared(p, (p.tilesH*tile+side-1)*row) // [y,x,C]
	channelsLast(image[p.pad*(row+vec):], row, vec, x, p.channels, p.height, p.width)
	v := grow(&s.in, points*p.plane(vec))
	for t := range p.tilesH {
		input.apply(s, p.tileRow(v, t, vec), square{image[t*tile*row:], row, vec, tile * vec}, p.tilesW, vec)
	}
	return v
}

// tileRow is row t of the tiles of transformed values.
func (p *Plan) tileRow(v []float32, t, channels int) square {
	plane := p.plane(channels)
	return square{v[t*p.tilesW*channels:], field * plane, plane, channels}
}

// channelsLast writes x [C,H,W] to dst [y,x,C], with its rows row and its pixels
// pixel apart.
func channelsLast(dst []float32, row, pixel int, x []float32, channels, height, width int) {
	for y := range height {
		gemm.Transpose(dst[y*row:], pixel, x[y*width:], height*width, channels, width)
	}
}

// sumOf computes the convolution of x [C,H,W] with kernels: [H',W',O] with rows
// rowOut and pixels vecOut apart. It stays in s until the next call.
func (p *Plan) sumOf(s *Scratch, x []float32, kernels *Kernels) []float32 {
	v := p.transformed(s, x)
	planeIn, planeOut := p.plane(p.vecChannels), p.plane(p.vecOut)
	m := grow(&s.products, points*planeOut) // [64][tiles,O]
	for point := range points {
		u := kernels.u[point*p.channels*p.out:] // [C,O]
		s.gemm.Sgemm(false, false, p.tiles(), p.out, p.channels, 1, v[point*planeIn:], p.vecChannels, u, p.out, 0, m[point*planeOut:], p.vecOut)
	}
	row := p.rowOut()
	sum := grow(&s.sum, p.tilesH*tile*row)
	for t := range p.tilesH {
		output.apply(s, square{sum[t*tile*row:], row, p.vecOut, tile * p.vecOut}, p.tileRow(m, t, p.vecOut), p.tilesW, p.vecOut)
	}
	return sum
}

// Convolve writes the convolution of x [C,H,W] with kernels to y [O,H',W'].
func (p *Plan) Convolve(s *Scratch, y, x []float32, kernels *Kernels) {
	sum := p.sumOf(s, x, kernels)
	for r := range p.outH {
		gemm.Transpose(y[r*p.outW:], p.outH*p.outW, sum[r*p.rowOut():], p.vecOut, p.outW, p.out)
	}
}

// AddGradient adds the gradient towards the transformed kernels of one image to
// sum [64][O,C]: x [C,H,W] is the image, dy [O,H',W'] the gradient towards the
// convolution.
func (p *Plan) AddGradient(s *Scratch, sum, x, dy []float32) {
	v := p.transformed(s, x)
	row, vec := p.rowOut(), p.vecOut
	image := s.grad.cleared(p, p.tilesH*tile*row) // [y,x,O]
	channelsLast(image, row, vec, dy, p.out, p.outH, p.outW)
	planeIn, planeOut := p.plane(p.vecChannels), p.plane(vec)
	w := grow(&s.products, points*planeOut) // [64][tiles,O]
	for t := range p.tilesH {
		gradient.apply(s, p.tileRow(w, t, vec), square{image[t*tile*row:], row, vec, tile * vec}, p.tilesW, vec)
	}
	size := p.out * p.channels
	for point := range points {
		s.gemm.Sgemm(true, false, p.out, p.channels, p.tiles(), 1, w[point*planeOut:], vec, v[point*planeIn:], p.vecChannels, 1, sum[point*size:], p.channels)
	}
}

// GradientSize is the length of the sum of AddGradient.
func (p *Plan) GradientSize() int { return points * p.out * p.channels }

// Gradient writes the gradient towards the kernels, dw [O,C,5,5], given the sum
// of AddGradient over all images.
func (p *Plan) Gradient(s *Scratch, dw, sum []float32) {
	size := p.out * p.channels
	s.gemm.Sgemm(true, false, size, taps, points, 1, sum, size, kernelMatrix, taps, 0, dw, taps)
}
