package graphop

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// AveragePool adds the mean of each window of x [N,C,H,W]: [N,C,H',W']. The mean covers
// only pixels of the image. With CountPad the divisor also counts padding pixels, but
// never pixels beyond the padding. grad adds the gradient with respect to x.
func AveragePool(s *Scope, name string, x *gorgonia.Node, shape PoolShape, grad bool) (*gorgonia.Node, error) {
	if err := s.checkImages(name, x); err != nil {
		return nil, err
	}
	in := x.Shape()
	p, err := newPooling(shape, in[2], in[3])
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	o := s.operator(name, "average pool", tensor.Shape{in[0], in[1], p.outH, p.outW})
	o.want = []bool{grad}
	o.cost.Bytes = bytes(in, o.shape)
	o.run = func(v []gorgonia.Value) error {
		x, y := floats(v[0]), o.floats()
		s.eachPlane(in, func(_, c, _ int) { p.average(p.out(y, c), p.in(x, c)) })
		return nil
	}
	o.diff = func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := averagePoolGrad(s, name+" dx", p, in, dy)
		return gorgonia.Nodes{dx}, err
	}
	return o.apply(x)
}

// GlobalAveragePool adds the mean of each plane of x [N,C,H,W]: [N,C,1,1].
func GlobalAveragePool(s *Scope, name string, x *gorgonia.Node, grad bool) (*gorgonia.Node, error) {
	if err := s.checkImages(name, x); err != nil {
		return nil, err
	}
	return AveragePool(s, name, x, wholeImage(x.Shape()), grad)
}

// average pools one plane. Sums are float64.
func (p *pooling) average(y, x []float32) {
	down, right := p.down(), p.right()
	p.eachWindow(func(out, first, rows, columns int) {
		var sum float64
		if rows*columns == len(x) {
			sum = sumOf(x)
		} else {
			for i := range rows {
				for j := range columns {
					sum += float64(x[first+i*down+j*right])
				}
			}
		}
		y[out] = float32(sum / float64(p.count(out, rows*columns)))
	})
}

// sumOf returns the sum of x. It makes four sums at a time, since each addition waits
// for the one before.
func sumOf(x []float32) float64 {
	var a, b, c, d float64
	for ; len(x) >= 4; x = x[4:] {
		a += float64(x[0])
		b += float64(x[1])
		c += float64(x[2])
		d += float64(x[3])
	}
	for _, v := range x {
		a += float64(v)
	}
	return (a + b) + (c + d)
}

// count is the divisor of a window's sum. onImage is the number of its pixels inside
// the image.
func (p *pooling) count(out, onImage int) int {
	if !p.countPad {
		return onImage
	}
	return p.high.counted(out/p.outW, p.inH) * p.wide.counted(out%p.outW, p.inW)
}

// counted is the number of taps inside the padded image at position p.
func (w window) counted(p, length int) int {
	start := p*w.stride - w.before
	return min(w.kernel, (length+w.after-1-start)/w.dilation+1)
}

// averagePoolGrad adds dx [N,C,H,W]. Each window's dy is divided as the sum was and
// added to all its pixels.
func averagePoolGrad(s *Scope, name string, p *pooling, shape tensor.Shape, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "average pool grad", shape)
	o.cost.Bytes = bytes(dy.Shape(), shape)
	down, right := p.down(), p.right()
	o.run = func(v []gorgonia.Value) error {
		dy, dx := floats(v[0]), o.floats()
		s.eachPlane(shape, func(_, c, _ int) {
			plane, dy := p.in(dx, c), p.out(dy, c)
			clear(plane)
			p.eachWindow(func(out, first, rows, columns int) {
				d := dy[out] / float32(p.count(out, rows*columns))
				for i := range rows {
					for j := range columns {
						plane[first+i*down+j*right] += d
					}
				}
			})
		})
		return nil
	}
	return o.apply(dy)
}
