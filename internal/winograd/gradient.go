package winograd

import "github.com/lastlayer/lastlayer/internal/parallel"

// maxGradient is the most numbers in a sum of AddGradient, 4 MB a worker.
const maxGradient = 1 << 20

// GradientSize is the length of the sum of AddGradient.
func (p *Plan) GradientSize() int { return p.points * p.out * p.channels }

// AddGradient adds the gradient towards the transformed kernels of one image to
// sum [points][O,C]: x [C,H,W] is the image, dy [O,H',W'] the gradient towards the
// convolution.
func (p *Plan) AddGradient(s *Scratch, sum, x, dy []float32) {
	v := p.transformed(s, x, 0, p.tilesH)
	tiles := p.tilesH * p.tilesW
	planeIn, planeOut := plane(tiles, p.vecChannels), plane(tiles, p.vecOut)
	w := grow(&s.products, p.points*planeOut) // [points][tiles,O]
	p.gradientTo(s, w, planeOut, dy, 0, p.tilesH)
	for point := range p.points {
		p.addProduct(s, sum, point, tiles, w[point*planeOut:], v[point*planeIn:], 1)
	}
}

// gradientTo writes A·dy·Aᵀ for rows [t0,t1) of tiles of dy [N,O,H',W'] to w,
// [points][tiles,O], whose points are plane apart.
func (p *Plan) gradientTo(s *Scratch, w []float32, plane int, dy []float32, t0, t1 int) {
	row, vec, size := p.rowOut(), p.vecOut, p.out*p.outH*p.outW
	p.eachImage(t0, t1, func(image, r0, r1, before int) {
		dy := dy[image*size : (image+1)*size]
		part := grow(&s.sum, (r1-r0)*p.tile*row) // [y,x,O], with zeros where tiles are beyond the output
		first, end := r0*p.tile, min(r1*p.tile, p.outH)
		for y := range end - first {
			clear(part[y*row+p.outW*vec : (y+1)*row])
		}
		clear(part[(end-first)*row:])
		s.toLines(part, row, vec, dy[first*p.outW:], p.out, p.outH*p.outW, end-first, p.outW)
		for r := range r1 - r0 {
			p.gradient.apply(s, p.tileRow(w, before+r*p.tilesW, plane, vec), square{part[r*p.tile*row:], row, vec, p.tile * vec}, p.tilesW, vec)
		}
	})
}

// addProduct sets the sum [O,C] of a point to beta times itself and wᵀ·v, the products
// of tiles.
func (p *Plan) addProduct(s *Scratch, sum []float32, point, tiles int, w, v []float32, beta float32) {
	s.gemm.Sgemm(true, false, p.out, p.channels, tiles, 1, w, p.vecOut, v, p.vecChannels, beta, sum[point*p.out*p.channels:], p.channels)
}

// Gradient writes the gradient towards the kernels, dw [O,C,side,side], given the sum
// of AddGradient over all images.
func (p *Plan) Gradient(s *Scratch, dw, sum []float32) { p.gradientOf(s, dw, sum, 0, p.out) }

// gradientOf is Gradient for kernels [from,to).
func (p *Plan) gradientOf(s *Scratch, dw, sum []float32, from, to int) {
	n, size, taps := (to-from)*p.channels, p.out*p.channels, p.taps()
	s.gemm.Sgemm(true, false, n, taps, p.points, 1, sum[from*p.channels:], size, p.kernels, taps, 0, dw[from*p.channels*taps:], taps)
}

// SharesGradient reports whether a sum of AddGradient is so large that each image would
// have it come from memory: GradientBatch has one sum, where AddGradient has one a worker.
func (p *Plan) SharesGradient() bool { return p.GradientSize() > maxGradient }

// GradientBatch writes the gradient towards the kernels, dw [O,C,side,side], of a batch
// x [N,C,H,W], given that towards the convolution, dy [N,O,H',W'], on all threads.
func (p *Plan) GradientBatch(scratch func(worker int) *Scratch, dw, x, dy []float32, images int) {
	pieces := p.pieces(images)
	shared := scratch(0)
	sum := grow(&shared.kernels, p.GradientSize()) // [points][O,C]
	for i, end := range pieces[1:] {
		begin := pieces[i]
		tiles := (end - begin) * p.tilesW
		planeIn, planeOut := plane(tiles, p.vecChannels), plane(tiles, p.vecOut)
		v, w := grow(&shared.in, p.points*planeIn), grow(&shared.products, p.points*planeOut)
		parallel.For(end-begin, func(worker, t int) {
			p.transformTo(scratch(worker), v[t*p.tilesW*p.vecChannels:], planeIn, x, begin+t, begin+t+1)
			p.gradientTo(scratch(worker), w[t*p.tilesW*p.vecOut:], planeOut, dy, begin+t, begin+t+1)
		})
		parallel.For(p.points, func(worker, point int) {
			p.addProduct(scratch(worker), sum, point, tiles, w[point*planeOut:], v[point*planeIn:], float32(min(i, 1)))
		})
	}
	parallel.For((p.out+some-1)/some, func(worker, i int) {
		p.gradientOf(scratch(worker), dw, sum, i*some, min((i+1)*some, p.out))
	})
}
