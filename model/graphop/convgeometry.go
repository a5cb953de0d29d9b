package graphop

import (
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/winograd"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// geometry holds the sizes of a convolution and of the pooling after it. Its methods
// work on one image, so that the patch matrix stays in cache.
type geometry struct {
	channels, height, width int // of the input image
	out, groups             int
	kernel, stride          Pair
	high, wide              window // how the kernel moves down and across
	outH, outW              int    // of the convolution, before pooling
	pool                    int    // side of the pooling window, 1 for none
	poolH, poolW            int    // of the output
	apart                   int    // from one image of the output to the next
	activation              Activation
	plan, back              *winograd.Plan // forward and input gradient; nil where direct convolution is faster
}

func newGeometry(x, w tensor.Shape, c ConvShape) (*geometry, error) {
	groups := max(c.Groups, 1)
	if len(w) != 4 || w[1]*groups != x[1] || w[0]%groups != 0 || w[0] < 1 || c.Groups < 0 {
		return nil, errors.Wrapf(ErrInput, "found input %v, kernels %v and groups %d, expected [N,C,H,W] and [O,C/groups,kh,kw], with O a multiple of the groups", x, w, groups)
	}
	g := &geometry{
		channels: x[1], height: x[2], width: x[3], out: w[0], groups: groups, kernel: Pair{w[2], w[3]}, stride: c.Stride,
		pool: max(c.Pool, 1), activation: c.Activation,
	}
	sum, err := c.Output(Pair{x[2], x[3]}, g.kernel)
	if err != nil {
		return nil, err
	}
	g.outH, g.outW = sum[0], sum[1]
	g.high = axis(g.kernel, c.Stride, c.Dilation.orOne(), c.Pad, 0)
	g.wide = axis(g.kernel, c.Stride, c.Dilation.orOne(), c.Pad, 1)
	if g.pool > 15 || g.pool > 1 && !c.Activation.monotone() {
		return nil, errors.Wrapf(ErrInput, "found pool %d behind %s, expected at most 15, and behind no other activation than relu and clip: use MaxPool", g.pool, c.Activation)
	}
	g.poolH, g.poolW = g.outH/g.pool, g.outW/g.pool
	if g.poolH == 0 || g.poolW == 0 {
		return nil, errors.Wrapf(ErrInput, "found a %d×%d sum, expected it to hold a %d×%d pooling window", g.outH, g.outW, g.pool, g.pool)
	}
	g.apart = g.out * g.poolH * g.poolW
	if g.plain(c) && winograd.Pays(g.channels, g.out, g.kernel[0], c.Stride[0], c.Pad[0], g.outH, g.outW) {
		g.plan = winograd.New(g.kernel[0], g.channels, g.height, g.width, g.out, c.Pad[0])
		g.back = g.plan.Back()
	}
	return g, nil
}

// plain reports whether the convolution has one group and is the same along both axes.
// Package winograd supports only these.
func (g *geometry) plain(c ConvShape) bool {
	return g.groups == 1 && g.kernel == Both(g.kernel[0]) && c.Stride == Both(c.Stride[0]) &&
		c.Pad == Around(c.Pad[0]) && c.Dilation.orOne() == Both(1)
}

// pointwise reports whether the patch matrix is the image itself: a 1×1 kernel with
// stride 1.
func (g *geometry) pointwise() bool {
	return g.kernel == Both(1) && g.stride == Both(1) && !g.padded()
}

func (g *geometry) padded() bool {
	return g.high.before|g.high.after|g.wide.before|g.wide.after != 0
}

// depthwise reports whether each output channel reads a single input channel, with more
// than one group.
func (g *geometry) depthwise() bool { return g.groups > 1 && g.groups == g.channels }

// shifted reports whether a depthwise convolution is computed by shifting each plane.
// That pays where the image fills most of the padded plane.
func (g *geometry) shifted() bool {
	reach := (g.height + g.high.before + g.high.reach()) * (g.width + g.wide.before + g.wide.reach())
	return g.depthwise() && reach <= 16*(g.height+16)*(g.width+16)
}

func (g *geometry) groupIn() int  { return g.channels / g.groups }
func (g *geometry) groupOut() int { return g.out / g.groups }
func (g *geometry) taps() int     { return g.groupIn() * g.kernel[0] * g.kernel[1] }
func (g *geometry) pixels() int   { return g.outH * g.outW }

// multiplyAdds is the number of products for one image by direct convolution, padding
// included. Winograd needs fewer.
func (g *geometry) multiplyAdds() int64 { return int64(g.out) * int64(g.taps()) * int64(g.pixels()) }

func (g *geometry) inImage(x []float32, i int) []float32 {
	return image(x, i, g.channels*g.height*g.width)
}
func (g *geometry) sumImage(z []float32, i int) []float32 { return image(z, i, g.out*g.pixels()) }
func (g *geometry) outImage(y []float32, i int) []float32 {
	return y[i*g.apart:][:g.out*g.poolH*g.poolW]
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

// scratch is one worker's memory.
type scratch struct {
	gemm     gemm.Workspace
	winograd winograd.Scratch
	cols     []float32 // the patch matrix, or part of it
	padded   []float32 // rows of an image with their padding
	at       []int     // of each tap in padded
	phases   []float32 // columns of an image, grouped by column number modulo stride
	sum      []float32 // [O, H"·W"], the convolution before pooling
	pool     poolScratch
	shift    shiftScratch
	expanded []float32 // in a chain: some channels of the filters' input
	wide     []float32 // and the filters' whole output
	grad     []float32 // [O,C] of each of winograd's products, summed over images
}

// grow returns buf with at least n values. Their contents are undefined.
func grow[T any](buf *[]T, n int) []T {
	if cap(*buf) < n {
		*buf = make([]T, n)
	}
	return (*buf)[:n]
}
