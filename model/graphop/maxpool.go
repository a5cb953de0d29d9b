package graphop

import (
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// MaxPool adds the largest value of each kernel×kernel window of x [N,C,H,W],
// the windows stride apart and without padding: [N,C,H',W']. With grad there
// is a gradient towards x. Where windows do not overlap and follow a
// convolution, fuse them into Conv instead.
func MaxPool(s *Scope, name string, x *gorgonia.Node, kernel, stride int, grad bool) (*gorgonia.Node, error) {
	if err := s.checkBatch(name, x); err != nil {
		return nil, err
	}
	in := x.Shape()
	if len(in) != 4 || kernel < 1 || kernel > 15 || stride < 1 || kernel > in[2] || kernel > in[3] {
		return nil, errors.Wrapf(ErrInput, "%s: found input %v, kernel %d, stride %d: they do not fit", name, in, kernel, stride)
	}
	p := &pooling{kernel, stride, in[2], in[3], (in[2]-kernel)/stride + 1, (in[3]-kernel)/stride + 1, nil}
	planes := in[0] * in[1]
	o := s.operator(name, "maxpool", tensor.Shape{in[0], in[1], p.outH, p.outW})
	o.want = []bool{grad}
	o.cost.Bytes = bytes(in, o.shape)
	o.run = func(v []gorgonia.Value) error {
		if p.source == nil {
			p.source = make([]int32, planes*p.outH*p.outW)
		}
		x, y := floats(v[0]), o.floats()
		parallel.For(s.rows, func(_, i int) {
			for c := i * in[1]; c < (i+1)*in[1]; c++ {
				p.plane(y, x, c)
			}
		})
		return nil
	}
	o.diff = func(_ gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := maxPoolGrad(s, name+" dx", p, in, y, dy)
		return gorgonia.Nodes{dx}, err
	}
	return o.apply(x)
}

type pooling struct {
	kernel, stride       int
	inH, inW, outH, outW int
	source               []int32 // [N,C,H',W']: offset in its plane of each largest value
}

// plane pools plane c of x. The first of equals wins; NaN wins over all.
func (p *pooling) plane(y, x []float32, c int) {
	x = x[c*p.inH*p.inW : (c+1)*p.inH*p.inW]
	i := c * p.outH * p.outW
	for oy := range p.outH {
		for ox := range p.outW {
			corner := (oy*p.inW + ox) * p.stride
			at := corner
			for dy := range p.kernel {
				for dx := range p.kernel {
					if j := corner + dy*p.inW + dx; x[j] > x[at] || x[j] != x[j] {
						at = j
					}
				}
			}
			y[i], p.source[i] = x[at], int32(at)
			i++
		}
	}
}

// maxPoolGrad adds dx [N,C,H,W]: each window's dy added to where its largest
// value stood. It takes y as an input so that it runs after the forward pass.
func maxPoolGrad(s *Scope, name string, p *pooling, shape tensor.Shape, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "maxpool grad", shape)
	o.cost.Bytes = bytes(dy.Shape(), shape)
	o.run = func(v []gorgonia.Value) error {
		dy, dx := floats(v[1]), o.floats()
		out := p.outH * p.outW
		parallel.For(s.rows, func(_, i int) {
			for c := i * shape[1]; c < (i+1)*shape[1]; c++ {
				plane := dx[c*p.inH*p.inW : (c+1)*p.inH*p.inW]
				clear(plane)
				for j := c * out; j < (c+1)*out; j++ {
					plane[p.source[j]] += dy[j]
				}
			}
		})
		return nil
	}
	return o.apply(y, dy)
}
