package graphop

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Flatten adds x [N,...] as [N,values of a row]. Dense does not need it: it flattens
// its own input.
func Flatten(s *Scope, name string, x *gorgonia.Node, grad bool) (*gorgonia.Node, error) {
	if err := s.checkChannels(name, x); err != nil {
		return nil, err
	}
	shape := x.Shape()
	return reshape(s, name, "flatten", x, tensor.Shape{shape[0], rowSize(shape)}, grad)
}

// reshape adds a copy of x with another shape.
func reshape(s *Scope, name, kind string, x *gorgonia.Node, shape tensor.Shape, grad bool) (*gorgonia.Node, error) {
	o := s.operator(name, kind, shape)
	o.want, o.overwrites = []bool{grad}, 1
	o.cost.Bytes = bytes(shape, shape)
	o.run = func(v []gorgonia.Value) error {
		x, y := floats(v[0]), o.floats()
		s.pointwise(shape, func(lo, hi int) { copy(y[lo:hi], x[lo:hi]) })
		return nil
	}
	o.diff = func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := reshape(s, name+" dx", kind+" grad", dy, in[0].Shape(), false)
		return gorgonia.Nodes{dx}, err
	}
	return o.apply(x)
}
