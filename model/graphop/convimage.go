package graphop

import (
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/vector"
	"github.com/lastlayer/lastlayer/internal/winograd"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// geometry is the sizes of a convolution and the pooling behind it. Its
// methods work on one image, so that the patch matrix stays in the cache.
type geometry struct {
	channels, height, width int // of the input image
	out, kernel             int
	stride, pad             int
	outH, outW              int // of the convolution's sum
	pool                    int // side of the pooling window, 1 for none
	poolH, poolW            int // of the output
	relu                    bool
	plan, back              *winograd.Plan // forward and towards the input; nil where the definition is faster
}

func newGeometry(x, w tensor.Shape, c ConvShape) (*geometry, error) {
	if len(x) != 4 || len(w) != 4 || w[1] != x[1] || w[2] != w[3] {
		return nil, errors.Wrapf(ErrInput, "found input %v and kernels %v, expected [N,C,H,W] and [O,C,k,k]", x, w)
	}
	g := &geometry{channels: x[1], height: x[2], width: x[3], out: w[0], kernel: w[2], stride: c.Stride, pad: c.Pad, pool: max(c.Pool, 1), relu: c.ReLU}
	if min(g.channels, g.height, g.width, g.out, g.stride) < 1 || g.pad < 0 || g.pool > 15 || g.kernel > g.height+2*g.pad || g.kernel > g.width+2*g.pad {
		return nil, errors.Wrapf(ErrInput, "found input %v, kernels %v, stride %d, pad %d, pool %d: they do not fit", x, w, c.Stride, c.Pad, c.Pool)
	}
	g.outH = (g.height+2*g.pad-g.kernel)/g.stride + 1
	g.outW = (g.width+2*g.pad-g.kernel)/g.stride + 1
	g.poolH, g.poolW = g.outH/g.pool, g.outW/g.pool
	if g.poolH == 0 || g.poolW == 0 {
		return nil, errors.Wrapf(ErrInput, "found a %d×%d sum, expected it to hold a %d×%d pooling window", g.outH, g.outW, g.pool, g.pool)
	}
	if winograd.Pays(g.channels, g.out, g.kernel, g.stride, g.pad, g.outH, g.outW) {
		g.plan = winograd.New(g.channels, g.height, g.width, g.out, g.pad)
		g.back = g.plan.Back()
	}
	return g, nil
}

func (g *geometry) taps() int   { return g.channels * g.kernel * g.kernel }
func (g *geometry) pixels() int { return g.outH * g.outW }

// multiplyAdds is the number of products for one image by the definition,
// padding included. Winograd's transforms make it do with fewer.
func (g *geometry) multiplyAdds() int64 { return int64(g.out) * int64(g.taps()) * int64(g.pixels()) }

func (g *geometry) inImage(x []float32, i int) []float32 {
	return image(x, i, g.channels*g.height*g.width)
}
func (g *geometry) sumImage(z []float32, i int) []float32 { return image(z, i, g.out*g.pixels()) }
func (g *geometry) outImage(y []float32, i int) []float32 {
	return image(y, i, g.out*g.poolH*g.poolW)
}

func image(x []float32, i, size int) []float32 { return x[i*size : (i+1)*size] }

func (g *geometry) newArgmax(rows int) [][]uint8 {
	argmax := make([][]uint8, rows)
	if g.pool > 1 {
		all := make([]uint8, rows*g.out*g.poolH*g.poolW)
		for i := range argmax {
			n := len(all) / rows
			argmax[i] = all[i*n : (i+1)*n]
		}
	}
	return argmax
}

// scratch is the memory of one worker.
type scratch struct {
	gemm     gemm.Workspace
	winograd winograd.Scratch
	cols     []float32 // [C·k·k, H"·W"], the patch matrix
	sum      []float32 // [O, H"·W"], the convolution's sum before pooling
	grad     []float32 // [O,C] of winograd's 64 products, summed over images
}

// grow returns buf with at least n values, whatever they are.
func grow(buf *[]float32, n int) []float32 {
	if cap(*buf) < n {
		*buf = make([]float32, n)
	}
	return (*buf)[:n]
}

// forward computes y [O,H',W'] of one image x [C,H,W]: y = relu(pool(w*x) + b).
// Bias and ReLU never turn a smaller value into a larger one, so they may as
// well come after pooling, where there is less to do.
func (g *geometry) forward(s *scratch, y []float32, argmax []uint8, x, w, b []float32, kernels *winograd.Kernels) {
	sum := y
	if g.pool > 1 {
		sum = grow(&s.sum, g.out*g.pixels())
	}
	if g.plan != nil {
		g.plan.Convolve(&s.winograd, sum, x, kernels)
	} else {
		cols := grow(&s.cols, g.taps()*g.pixels())
		g.im2col(cols, x)
		s.gemm.Sgemm(false, false, g.out, g.pixels(), g.taps(), 1, w, g.taps(), cols, g.pixels(), 0, sum, g.pixels())
	}
	plane := g.poolH * g.poolW
	if g.pool == 2 {
		for o, bias := range b {
			g.pool2().Max(y[o*plane:(o+1)*plane], argmax[o*plane:], sum[o*g.pixels():], bias)
		}
		return
	}
	if g.pool > 1 {
		g.maxPool(y, argmax, sum)
	}
	for o, bias := range b {
		addBias(y[o*plane:(o+1)*plane], bias, g.relu)
	}
}

// pool2 is the pooling of one channel by windows of 2×2, with the ReLU.
func (g *geometry) pool2() vector.Pool {
	return vector.Pool{Height: g.outH, Width: g.outW, Rectify: g.relu}
}

// addBias adds bias to a plane, and takes max(0, ·) of it with rectify.
func addBias(plane []float32, bias float32, rectify bool) {
	for i, v := range plane {
		plane[i] = v + bias
	}
	if rectify {
		relu(plane, plane)
	}
}

// gradW writes the sum of dz·colsᵀ over images [from,to) to sum [O, C·k·k].
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
	cols := grow(&s.cols, g.taps()*g.pixels())
	for i := from; i < to; i++ {
		g.im2col(cols, g.inImage(x, i))
		s.gemm.Sgemm(false, true, g.out, g.taps(), g.pixels(), 1, g.sumImage(dz, i), g.pixels(), cols, g.pixels(), 1, sum, g.taps())
	}
}

// gradX computes dx [C,H,W] of one image: wᵀ·dz, each patch added back to
// where it was taken.
func (g *geometry) gradX(s *scratch, dx, dz, w []float32, kernels *winograd.Kernels) {
	if g.back != nil {
		g.back.Convolve(&s.winograd, dx, dz, kernels)
		return
	}
	cols := grow(&s.cols, g.taps()*g.pixels())
	s.gemm.Sgemm(true, false, g.taps(), g.pixels(), g.out, 1, w, g.taps(), dz, g.pixels(), 0, cols, g.pixels())
	clear(dx)
	g.eachTap(func(tap, plane, y0, y1, x0, x1, offset int) {
		for y := y0; y < y1; y++ {
			row := cols[tap*g.pixels()+y*g.outW:]
			for x := x0; x < x1; x++ {
				dx[plane+(y*g.width+x)*g.stride+offset] += row[x]
			}
		}
	})
}

// im2col writes the patch matrix of x: row (c,i,j) holds, for each position of
// the kernel, the input under its tap (i,j) in channel c, 0 in the padding.
func (g *geometry) im2col(cols, x []float32) {
	if g.pad > 0 {
		clear(cols)
	}
	g.eachTap(func(tap, plane, y0, y1, x0, x1, offset int) {
		for oy := y0; oy < y1; oy++ {
			row := cols[tap*g.pixels()+oy*g.outW:]
			src := plane + oy*g.width*g.stride + offset
			if g.stride == 1 {
				copy(row[x0:x1], x[src+x0:src+x1])
				continue
			}
			for ox := x0; ox < x1; ox++ {
				row[ox] = x[src+ox*g.stride]
			}
		}
	})
}

// eachTap calls f for each tap of the kernel that lies on the image at some
// output position, with the tap's row in the patch matrix, the start of its
// channel's plane, the output positions [y0,y1) × [x0,x1) at which it lies on
// the image, not on padding, and offset: at output position (y,x) it lies on
// plane + (y·width + x)·stride + offset.
func (g *geometry) eachTap(f func(tap, plane, y0, y1, x0, x1, offset int)) {
	tap := 0
	for c := range g.channels {
		for i := range g.kernel {
			y0, y1 := g.onImage(i, g.height, g.outH)
			for j := range g.kernel {
				x0, x1 := g.onImage(j, g.width, g.outW)
				if y0 < y1 && x0 < x1 {
					f(tap, c*g.height*g.width, y0, y1, x0, x1, (i-g.pad)*g.width+j-g.pad)
				}
				tap++
			}
		}
	}
}

// onImage returns the output positions at which tap i lies on an axis of the
// given length: 0 ≤ p·stride + i − pad < length. There are none where hi ≤ lo.
func (g *geometry) onImage(i, length, positions int) (lo, hi int) {
	if last := length - 1 + g.pad - i; last >= 0 {
		hi = min(positions, last/g.stride+1)
	}
	if i < g.pad {
		lo = (g.pad - i + g.stride - 1) / g.stride
	}
	return lo, hi
}

// maxPool writes the largest value of each window of z [O,H",W"] to y
// [O,H',W'], and its place in the window to argmax. The first of equals wins;
// NaN wins over all.
func (g *geometry) maxPool(y []float32, argmax []uint8, z []float32) {
	i := 0
	for o := range g.out {
		for py := range g.poolH {
			for px := range g.poolW {
				corner := o*g.pixels() + py*g.pool*g.outW + px*g.pool
				best, at := z[corner], 0
				for dy := range g.pool {
					for dx, v := range z[corner+dy*g.outW : corner+dy*g.outW+g.pool] {
						if v > best || v != v {
							best, at = v, dy*g.pool+dx
						}
					}
				}
				y[i], argmax[i] = best, uint8(at)
				i++
			}
		}
	}
}

// backThroughPool writes dz [O,H",W"]: dy [O,H',W'] where the largest value of
// each window stood, 0 elsewhere, and 0 where ReLU was at or below 0.
func (g *geometry) backThroughPool(dz, y, dy []float32, argmax []uint8) {
	if g.pool == 2 {
		plane := g.poolH * g.poolW
		for o := range g.out {
			i := o * plane
			g.pool2().Back(dz[o*g.pixels():], dy[i:i+plane], y[i:], argmax[i:])
		}
		return
	}
	if g.pool > 1 {
		clear(dz)
	}
	i := 0
	for o := range g.out {
		for py := range g.poolH {
			for px := range g.poolW {
				d := dy[i]
				if g.relu && !(y[i] > 0) {
					d = 0
				}
				at := o*g.pixels() + py*g.pool*g.outW + px*g.pool
				if g.pool > 1 {
					at += int(argmax[i])/g.pool*g.outW + int(argmax[i])%g.pool
				}
				dz[at] = d
				i++
			}
		}
	}
}
