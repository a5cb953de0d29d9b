package graphop

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Mask adds y = x ⊙ mask, both of shape [N,...]. This is dropout if mask holds 0 with
// probability p and 1/(1-p) otherwise. The mask is an input of the graph; the caller
// draws it from a seeded stream. grad adds the gradient with respect to x; the mask
// never gets one.
func Mask(s *Scope, name string, x, mask *gorgonia.Node, grad bool) (*gorgonia.Node, error) {
	if err := s.checkBatch(name, x); err != nil {
		return nil, err
	}
	if !slices.Equal(mask.Shape(), x.Shape()) {
		return nil, errors.Wrapf(ErrInput, "%s: found mask %v, expected the shape of its input, %v", name, mask.Shape(), x.Shape())
	}
	o := s.operator(name, "dropout", x.Shape())
	o.want, o.overwrites = []bool{grad, false}, 2
	o.cost.Bytes = bytes(o.shape, o.shape, o.shape)
	o.run = func(in []gorgonia.Value) error {
		x, m, y := floats(in[0]), floats(in[1]), o.floats()
		s.pointwise(o.shape, func(lo, hi int) {
			y, m := y[lo:hi], m[lo:hi]
			for i, v := range x[lo:hi] {
				y[i] = v * m[i]
			}
		})
		return nil
	}
	o.diff = func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := Mask(s, name+" dx", dy, in[1], false)
		return gorgonia.Nodes{dx, nil}, err
	}
	return o.apply(x, mask)
}
