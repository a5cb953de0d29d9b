package graphop

import (
	"fmt"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Fork adds one copy of x [N,...] for each of several readers. A single operator sums
// the gradients that come back, in the order of the readers. Without grad it adds
// nothing and returns x itself.
//
// Without Fork Gorgonia sums the gradients of a node with two readers itself. The sum
// is correct, but the addition allocates in each run and overwrites one reader's
// gradient. With Fork Gorgonia only adds scalar tokens that stand for the gradients.
func Fork(s *Scope, name string, x *gorgonia.Node, readers int, grad bool) ([]*gorgonia.Node, error) {
	if err := s.checkBatch(name, x); err != nil {
		return nil, err
	}
	if readers < 1 {
		return nil, errors.Wrapf(ErrInput, "%s: found %d readers, expected 1 or more", name, readers)
	}
	taps := make([]*gorgonia.Node, readers)
	if !grad || readers == 1 {
		for i := range taps {
			taps[i] = x
		}
		return taps, nil
	}
	// Gorgonia passes a token, the scalar 0, from each tap back to the stem. The tap
	// keeps the real gradient for the stem, which Gorgonia visits after all taps.
	back := make(gorgonia.Nodes, readers)
	stem := s.sameValue(name, "fork", x)
	stem.diff = func(in gorgonia.Nodes, _, _ *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := sum(s, name+" dx", back)
		return gorgonia.Nodes{dx}, err
	}
	trunk, err := stem.apply(x)
	if err != nil {
		return nil, err
	}
	for i := range taps {
		tap := s.sameValue(fmt.Sprintf("%s %d", name, i+1), "reader", x)
		tap.diff = func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			back[i] = dy
			token, err := s.token(tap.name+" dx", dy)
			return gorgonia.Nodes{token}, err
		}
		if taps[i], err = tap.apply(trunk); err != nil {
			return nil, err
		}
	}
	return taps, nil
}

// sameValue returns an operator whose output is its input. It has a gradient.
func (s *Scope) sameValue(name, kind string, x *gorgonia.Node) *Operator {
	o := s.operator(name, kind, x.Shape())
	o.want, o.shares = []bool{true}, true
	o.run = func(v []gorgonia.Value) error {
		o.result = v[0]
		return nil
	}
	return o
}

// token adds a scalar 0 that becomes available after dy.
func (s *Scope) token(name string, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "token", tensor.ScalarShape())
	o.out, o.result = tensor.Float32, gorgonia.NewF32(0)
	o.run = func([]gorgonia.Value) error { return nil }
	return o.apply(dy)
}

// sum adds the sum of the nodes, skipping nil.
func sum(s *Scope, name string, nodes gorgonia.Nodes) (*gorgonia.Node, error) {
	var some gorgonia.Nodes
	for _, n := range nodes {
		if n != nil {
			some = append(some, n)
		}
	}
	if len(some) == 1 {
		return some[0], nil
	}
	o := s.operator(name, "sum", some[0].Shape())
	o.overwrites = 1
	o.cost.Bytes = int64(len(some)+1) * bytes(o.shape)
	o.run = func(v []gorgonia.Value) error {
		y := o.floats()
		s.pointwise(o.shape, func(lo, hi int) {
			y := y[lo:hi]
			copy(y, floats(v[0])[lo:hi])
			for _, x := range v[1:] {
				for i, d := range floats(x)[lo:hi] {
					y[i] += d
				}
			}
		})
		return nil
	}
	return o.apply(some...)
}
