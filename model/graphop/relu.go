package graphop

import (
	"github.com/lastlayer/lastlayer/internal/parallel"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ReLU adds y = max(0, x), of x's shape [N,...]. With grad there is a gradient
// towards x; the derivative at 0 is 0. NaN stays NaN.
func ReLU(s *Scope, name string, x *gorgonia.Node, grad bool) (*gorgonia.Node, error) {
	if err := s.checkBatch(name, x); err != nil {
		return nil, err
	}
	o := s.operator(name, "relu", x.Shape())
	o.want = []bool{grad}
	o.cost.Bytes = bytes(o.shape, o.shape)
	o.run = func(in []gorgonia.Value) error {
		x, y := floats(in[0]), o.floats()
		s.pointwise(o.shape, func(lo, hi int) { relu(y[lo:hi], x[lo:hi]) })
		return nil
	}
	o.diff = func(_ gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := reluGrad(s, name+" dx", y, dy)
		return gorgonia.Nodes{dx}, err
	}
	return o.apply(x)
}

// reluGrad adds dz = dy where y > 0, else 0, for y = relu(z).
func reluGrad(s *Scope, name string, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "relu grad", y.Shape())
	o.cost.Bytes = bytes(o.shape, o.shape, o.shape)
	o.run = func(in []gorgonia.Value) error {
		y, dy, dz := floats(in[0]), floats(in[1]), o.floats()
		s.pointwise(o.shape, func(lo, hi int) {
			dz, dy := dz[lo:hi], dy[lo:hi]
			for i, v := range y[lo:hi] {
				if v > 0 {
					dz[i] = dy[i]
				} else {
					dz[i] = 0
				}
			}
		})
		return nil
	}
	return o.apply(y, dy)
}

// relu writes max(0, x) to y, which may be x. The built-in max keeps NaN and
// has no branch.
func relu(y, x []float32) {
	for i, v := range x {
		y[i] = max(v, 0)
	}
}

// pointwise calls body for ranges that together cover the rows in use of a
// tensor of that shape.
func (s *Scope) pointwise(shape tensor.Shape, body func(lo, hi int)) {
	inPieces(s.rows*rowSize(shape), body)
}

// inPieces calls body for ranges that together cover n values. Their number
// depends on n alone, and few values are one piece.
func inPieces(n int, body func(lo, hi int)) {
	const most, least = 16, 4096 // pieces, and values of one
	pieces := min(most, (n+least-1)/least)
	parallel.For(pieces, func(_, i int) { body(i*n/pieces, (i+1)*n/pieces) })
}
