package graphop

import (
	"math"

	"github.com/lastlayer/lastlayer/internal/vector"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// MaxPool adds the maximum of each window of x [N,C,H,W]: [N,C,H',W']. The first of
// equal values wins, NaN wins over all others, and padding never wins. grad adds the
// gradient with respect to x. If the windows do not overlap and follow a convolution,
// fuse them into Conv instead.
func MaxPool(s *Scope, name string, x *gorgonia.Node, shape PoolShape, grad bool) (*gorgonia.Node, error) {
	if err := s.checkImages(name, x); err != nil {
		return nil, err
	}
	in := x.Shape()
	p, err := newPooling(shape, in[2], in[3])
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	o := s.operator(name, "maxpool", tensor.Shape{in[0], in[1], p.outH, p.outW})
	o.want = []bool{grad}
	o.cost.Bytes = bytes(in, o.shape)
	if !grad {
		o.pools = &mapPool{pooling: p}
	}
	var source []int32 // [N,C,H',W']: offset of each maximum in its plane
	o.run = func(v []gorgonia.Value) error {
		if source == nil && grad {
			source = make([]int32, o.shape.TotalSize())
		}
		x, y := floats(v[0]), o.floats()
		if grad {
			s.eachPlane(in, func(_, c, _ int) { p.max(p.out(y, c), source[c*p.outH*p.outW:], p.in(x, c)) })
			return nil
		}
		if c := o.pools.from; c != nil && c.left {
			o.pools.compute(s, y)
			return nil
		}
		square := p.square()
		s.eachPlane(in, func(worker, c, _ int) { p.largest(&s.scratch(worker).pool, square, p.out(y, c), p.in(x, c)) })
		return nil
	}
	o.diff = func(_ gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := maxPoolGrad(s, name+" dx", p, in, &source, y, dy)
		return gorgonia.Nodes{dx}, err
	}
	return o.apply(x)
}

// max pools one plane and stores the offset of each maximum in source.
func (p *pooling) max(y []float32, source []int32, x []float32) {
	down, right := p.down(), p.right()
	p.eachWindow(func(out, first, rows, columns int) {
		at, best := first, x[first]
		for i := range rows {
			for j := range columns {
				k := first + i*down + j*right
				if v := x[k]; v > best || v != v {
					at, best = k, v
				}
			}
		}
		y[out], source[out] = best, int32(at)
	})
}

// poolScratch is one worker's memory for pooling.
type poolScratch struct {
	rows   []float32 // column maxima under a row of windows, grouped by column number modulo stride
	row    []float32
	at     []int
	source []int32
}

// square returns the pooling of one plane for package vector, nil if it differs between
// the two axes.
func (p *pooling) square() *vector.Depthwise {
	if p.high.kernel != p.wide.kernel || p.high.stride != p.wide.stride || p.high.dilation != 1 || p.wide.dilation != 1 {
		return nil
	}
	return &vector.Depthwise{
		Side: p.wide.kernel, Stride: p.wide.stride, Height: p.inH, Width: p.inW,
		Top: p.high.before, Left: p.wide.before, OutH: p.outH, OutW: p.outW,
	}
}

// largest pools one plane when the positions of the maxima are not needed. Unless package
// vector has code for the square window, it takes maxima down the columns first, a whole
// row at a time, then across. Across, the pixels of a window are shifts of the columns with
// the same number modulo stride.
func (p *pooling) largest(s *poolScratch, square *vector.Depthwise, y, x []float32) {
	if square != nil && square.Largest(y, x) {
		return
	}
	stride, before := p.wide.stride, p.wide.before
	part := (max(before+p.inW, p.outW*stride+p.wide.reach())+stride-1)/stride + 1 // columns per group
	if stride*part > 16*(p.inW+16) {                                              // far more padding than image
		p.max(y, grow(&s.source, len(y)), x)
		return
	}
	rows, row := grow(&s.rows, stride*part), grow(&s.row, p.inW)
	for i := range rows {
		rows[i] = float32(math.Inf(-1))
	}
	for oy := range p.outH {
		i0, i1 := p.high.tapsAt(oy, p.inH)
		s.at = s.at[:0]
		for i := i0; i < i1; i++ {
			s.at = append(s.at, (oy*p.high.stride+p.high.at(i))*p.inW)
		}
		vector.Largest(row, x, s.at)
		for r := range stride {
			first := ((r-before)%stride + stride) % stride // first image column in this group
			to := rows[r*part+(first+before)/stride:]
			for k, ix := 0, first; ix < p.inW; k, ix = k+1, ix+stride {
				to[k] = row[ix]
			}
		}
		s.at = s.at[:0]
		for j := range p.wide.kernel {
			at := j * p.wide.dilation
			s.at = append(s.at, at%stride*part+at/stride)
		}
		vector.Largest(y[oy*p.outW:(oy+1)*p.outW], rows, s.at)
	}
}

// maxPoolGrad adds dx [N,C,H,W]: each window's dy added at the position of its maximum.
// y is an input so that the gradient runs after the forward pass.
func maxPoolGrad(s *Scope, name string, p *pooling, shape tensor.Shape, source *[]int32, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "maxpool grad", shape)
	o.cost.Bytes = bytes(dy.Shape(), shape)
	o.run = func(v []gorgonia.Value) error {
		dy, dx := floats(v[1]), o.floats()
		n := p.outH * p.outW
		s.eachPlane(shape, func(_, c, _ int) {
			plane := p.in(dx, c)
			clear(plane)
			for j := c * n; j < (c+1)*n; j++ {
				plane[(*source)[j]] += dy[j]
			}
		})
		return nil
	}
	return o.apply(y, dy)
}

// GlobalMaxPool adds the maximum of each plane of x [N,C,H,W]: [N,C,1,1].
func GlobalMaxPool(s *Scope, name string, x *gorgonia.Node, grad bool) (*gorgonia.Node, error) {
	if err := s.checkImages(name, x); err != nil {
		return nil, err
	}
	return MaxPool(s, name, x, wholeImage(x.Shape()), grad)
}

// wholeImage is a single window that covers the image.
func wholeImage(shape tensor.Shape) PoolShape {
	return PoolShape{Kernel: Pair{shape[2], shape[3]}, Stride: Both(1)}
}
