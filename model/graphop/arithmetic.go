package graphop

import (
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Operands says which of two operands get a gradient.
type Operands struct{ A, B bool }

// Add adds y = act(a + b). One operand has the output's shape [N,...]. The other has
// the same shape or is broadcast to it by NumPy's rule: [N,C,1,1] over [N,C,H,W], or,
// shared by all rows, [C,1,1], [C] over [N,C], or [1].
func Add(s *Scope, name string, a, b *gorgonia.Node, act Activation, grad Operands) (*gorgonia.Node, error) {
	if a.Shape().TotalSize() < b.Shape().TotalSize() {
		a, b, grad = b, a, Operands{grad.B, grad.A}
	}
	if err := act.checkFused(grad != Operands{}); err != nil {
		return nil, errors.Wrap(err, name)
	}
	o, bc, err := s.elementwise(name, "add"+act.plus(), a, b, grad)
	if err != nil {
		return nil, err
	}
	o.run = func(v []gorgonia.Value) error {
		s.eachRow(o.shape, bc, floats(v[0]), floats(v[1]), o.floats(), func(y, a, b []float32, step int) {
			if step == 0 {
				for i, v := range a {
					y[i] = v + b[0]
				}
			} else {
				for i, v := range a {
					y[i] = v + b[i]
				}
			}
			if act.kind != identity {
				act.apply(y, y)
			}
		})
		return nil
	}
	o.diff = func(_ gorgonia.Nodes, y, dy *gorgonia.Node) (grads gorgonia.Nodes, err error) {
		grads = make(gorgonia.Nodes, 2)
		dz := dy
		if act.kind != identity {
			if dz, err = activationGrad(s, name+" dz", act, y, dy); err != nil {
				return nil, err
			}
		}
		if grad.A {
			grads[0] = dz
		}
		if grad.B {
			grads[1], err = operandGrad(s, name+" db", bc, b.Shape(), dz, nil)
		}
		return grads, err
	}
	return o.apply(a, b)
}

// Multiply adds the elementwise product y = a·b. It takes the same operands as Add. Use
// it for squeeze-and-excitation or a scale per channel.
func Multiply(s *Scope, name string, a, b *gorgonia.Node, grad Operands) (*gorgonia.Node, error) {
	if a.Shape().TotalSize() < b.Shape().TotalSize() {
		a, b, grad = b, a, Operands{grad.B, grad.A}
	}
	o, bc, err := s.elementwise(name, "multiply", a, b, grad)
	if err != nil {
		return nil, err
	}
	o.run = func(v []gorgonia.Value) error {
		s.eachRow(o.shape, bc, floats(v[0]), floats(v[1]), o.floats(), func(y, a, b []float32, step int) {
			if step == 0 {
				for i, v := range a {
					y[i] = v * b[0]
				}
				return
			}
			for i, v := range a {
				y[i] = v * b[i]
			}
		})
		return nil
	}
	o.diff = func(v gorgonia.Nodes, _, dy *gorgonia.Node) (grads gorgonia.Nodes, err error) {
		grads = make(gorgonia.Nodes, 2)
		if grad.A {
			if grads[0], err = Multiply(s, name+" da", dy, v[1], Operands{}); err != nil {
				return nil, err
			}
		}
		if grad.B {
			grads[1], err = operandGrad(s, name+" db", bc, b.Shape(), dy, v[0])
		}
		return grads, err
	}
	return o.apply(a, b)
}

// elementwise returns an operator of a's shape with inputs a and b.
func (s *Scope) elementwise(name, kind string, a, b *gorgonia.Node, grad Operands) (*Operator, *broadcast, error) {
	if err := s.checkBatch(name, a); err != nil {
		return nil, nil, err
	}
	bc, ok := newBroadcast(a.Shape(), b.Shape())
	if !ok || b.Dtype() != tensor.Float32 {
		return nil, nil, errors.Wrapf(ErrInput, "%s: found %v and %v of %v, expected the one to fit the other or to be stretched to it, side by side from the last", name, a.Shape(), b.Shape(), b.Dtype())
	}
	o := s.operator(name, kind, a.Shape())
	o.want, o.overwrites = []bool{grad.A, grad.B}, 1
	if bc.same() {
		o.overwrites = 2
	}
	o.cost.Bytes = bytes(o.shape, o.shape, b.Shape())
	return o, bc, nil
}

// eachRow calls f for runs of y and a and the matching values of b: equally many with
// step 1, or a single one with step 0.
func (s *Scope) eachRow(shape tensor.Shape, bc *broadcast, a, b, y []float32, f func(y, a, b []float32, step int)) {
	if bc.same() {
		s.pointwise(shape, func(lo, hi int) { f(y[lo:hi], a[lo:hi], b[lo:hi], 1) })
		return
	}
	size := rowSize(shape)
	parallel.For(s.rows, func(_, i int) {
		y, a, b := image(y, i, size), image(a, i, size), bc.row(b, i)
		bc.eachRun(func(at, of, n, step int) { f(y[at:at+n], a[at:at+n], b[of:], step) })
	})
}

// operandGrad adds the gradient with respect to an operand of that shape. It is dy,
// times factor if that is not nil, summed over all values the operand was broadcast to.
func operandGrad(s *Scope, name string, bc *broadcast, shape tensor.Shape, dy, factor *gorgonia.Node) (*gorgonia.Node, error) {
	if bc.same() && len(shape) == len(dy.Shape()) {
		if factor == nil {
			return dy, nil
		}
		return Multiply(s, name, dy, factor, Operands{})
	}
	o := s.operator(name, "operand grad", shape)
	inputs := gorgonia.Nodes{dy}
	if factor != nil {
		inputs = append(inputs, factor)
	}
	o.cost.Bytes = bytes(dy.Shape(), dy.Shape(), shape)
	size, rowB := rowSize(dy.Shape()), bc.rowB()
	all := make([]float64, rowB)
	o.run = func(v []gorgonia.Value) error {
		dy, db := floats(v[0]), o.floats()
		addRow := func(sums []float64, i int) {
			dy, factor := image(dy, i, size), optionalRow(v, i, size)
			bc.eachRun(func(at, of, n, step int) {
				for j, d := range dy[at : at+n] {
					d := float64(d)
					if factor != nil {
						d *= float64(factor[at+j])
					}
					sums[of+j*step] += d
				}
			})
		}
		if bc.rows {
			parallel.For(s.rows, func(_, i int) {
				sums := make([]float64, rowB)
				addRow(sums, i)
				narrow(image(db, i, rowB), sums)
			})
			return nil
		}
		clear(all)
		for i := range s.rows {
			addRow(all, i)
		}
		narrow(db, all)
		return nil
	}
	return o.apply(inputs...)
}

// optionalRow returns row i of the second input, or nil if there is no second input.
func optionalRow(v []gorgonia.Value, i, size int) []float32 {
	if len(v) < 2 {
		return nil
	}
	return image(floats(v[1]), i, size)
}
