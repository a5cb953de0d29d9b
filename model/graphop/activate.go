package graphop

import (
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Activate adds y = a(x) for x [N,...]. grad adds the gradient with respect to x.
func Activate(s *Scope, name string, x *gorgonia.Node, a Activation, grad bool) (*gorgonia.Node, error) {
	if err := s.checkBatch(name, x); err != nil {
		return nil, err
	}
	if found := a.check(); found != "" {
		return nil, errors.Wrapf(ErrInput, "%s: found %s", name, found)
	}
	o := s.operator(name, a.String(), x.Shape())
	o.want, o.overwrites = []bool{grad}, 1
	o.cost.Bytes = bytes(o.shape, o.shape)
	o.run = func(in []gorgonia.Value) error {
		x, y := floats(in[0]), o.floats()
		s.pointwise(o.shape, func(lo, hi int) { a.apply(y[lo:hi], x[lo:hi]) })
		return nil
	}
	o.diff = func(in gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		v := y
		if !a.FromOutput() {
			v = in[0]
		}
		dx, err := activationGrad(s, name+" dx", a, v, dy)
		return gorgonia.Nodes{dx}, err
	}
	return o.apply(x)
}

// ReLU adds y = max(0, x) for x [N,...]. grad adds the gradient with respect to x; the
// derivative at 0 is 0. NaN stays NaN.
func ReLU(s *Scope, name string, x *gorgonia.Node, grad bool) (*gorgonia.Node, error) {
	return Activate(s, name, x, Rectify(), grad)
}

// activationGrad adds dz = dy·a′. v is the value that Activation.back expects.
func activationGrad(s *Scope, name string, a Activation, v, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, a.String()+" grad", v.Shape())
	o.overwrites = 2
	o.cost.Bytes = bytes(o.shape, o.shape, o.shape)
	o.run = func(in []gorgonia.Value) error {
		v, dy, dz := floats(in[0]), floats(in[1]), o.floats()
		s.pointwise(o.shape, func(lo, hi int) { a.back(dz[lo:hi], dy[lo:hi], v[lo:hi]) })
		return nil
	}
	return o.apply(v, dy)
}

// checkFused returns an error if the activation cannot be fused into an operator. grad
// says whether that operator has a gradient.
func (a Activation) checkFused(grad bool) error {
	if found := a.check(); found != "" {
		return errors.Wrapf(ErrInput, "found %s", found)
	}
	if grad && !a.FromOutput() {
		return errors.Wrapf(ErrInput, "found %s fused into an operator with a gradient, expected it behind, added with Activate", a)
	}
	return nil
}

// pointwise calls body with ranges that cover the rows in use of a tensor of that
// shape.
func (s *Scope) pointwise(shape tensor.Shape, body func(lo, hi int)) {
	inPieces(s.rows*rowSize(shape), body)
}

// inPieces calls body with ranges that cover n values. The number of ranges depends
// only on n; a small n is a single range.
func inPieces(n int, body func(lo, hi int)) {
	const most, least = 16, 4096 // maximum number of pieces, minimum values per piece
	pieces := min(most, (n+least-1)/least)
	parallel.For(pieces, func(_, i int) { body(i*n/pieces, (i+1)*n/pieces) })
}
