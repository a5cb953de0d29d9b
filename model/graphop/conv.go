package graphop

import (
	"slices"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/internal/winograd"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ConvShape says how a convolution slides and what is fused behind it.
type ConvShape struct {
	Stride int
	Pad    int  // zeros on each side
	ReLU   bool // max(0, ·) after the bias
	Pool   int  // then the largest of each Pool×Pool window; 0 or 1: none; at most 15
}

// Conv adds a 2-D cross-correlation of x [N,C,H,W] with kernels w [O,C,k,k]
// plus bias b [O], with ReLU and pooling behind it where ConvShape says so:
// one node for what is one step of the network. The output is [N,O,H',W'].
func Conv(s *Scope, name string, x, w, b *gorgonia.Node, c ConvShape, want Wants) (*gorgonia.Node, error) {
	if err := s.checkBatch(name, x); err != nil {
		return nil, err
	}
	g, err := newGeometry(x.Shape(), w.Shape(), c)
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	if !slices.Equal(b.Shape(), tensor.Shape{g.out}) {
		return nil, errors.Wrapf(ErrInput, "%s: found bias %v, expected [%d]", name, b.Shape(), g.out)
	}
	rows := x.Shape()[0]
	kind := "conv"
	if c.ReLU {
		kind += "+relu"
	}
	var kernels winograd.Kernels
	var argmax [][]uint8 // [N][O·H'·W']: where in its window each largest value stood
	if g.pool > 1 {
		kind += "+pool"
	}
	o := s.operator(name, kind, tensor.Shape{rows, g.out, g.poolH, g.poolW})
	o.want = []bool{want.Input, want.Weights, want.Weights}
	o.cost = Cost{int64(rows) * g.multiplyAdds(), bytes(x.Shape(), w.Shape(), b.Shape(), o.shape)}
	o.run = func(v []gorgonia.Value) error {
		if argmax == nil {
			argmax = g.newArgmax(rows)
		}
		x, w, b, y := floats(v[0]), floats(v[1]), floats(v[2]), o.floats()
		g.transform(s, &kernels, w, false)
		parallel.For(s.rows, func(worker, i int) {
			g.forward(s.scratch(worker), g.outImage(y, i), argmax[i], g.inImage(x, i), w, b, &kernels)
		})
		return nil
	}
	o.diff = func(v gorgonia.Nodes, y, dy *gorgonia.Node) (grads gorgonia.Nodes, err error) {
		grads = make(gorgonia.Nodes, 3)
		dz := dy // [N,O,H",W"], the gradient towards the convolution's sum
		if g.pool > 1 || c.ReLU {
			if dz, err = convGradZ(s, name+" dz", g, &argmax, y, dy); err != nil {
				return nil, err
			}
		}
		if want.Weights {
			if grads[1], err = convGradW(s, name+" dW", g, v[0], dz); err != nil {
				return nil, err
			}
			if grads[2], err = biasGrad(s, name+" db", dz); err != nil {
				return nil, err
			}
		}
		if want.Input {
			grads[0], err = convGradX(s, name+" dx", g, x.Shape(), dz, v[1])
		}
		return grads, err
	}
	return o.apply(x, w, b)
}

// transform prepares the kernels for one run, where winograd's convolution is
// used.
func (g *geometry) transform(s *Scope, kernels *winograd.Kernels, w []float32, back bool) {
	if g.plan != nil {
		kernels.Set(g.plan, w, back, func(worker int) *winograd.Scratch { return &s.scratch(worker).winograd })
	}
}

// convGradZ takes the gradient back through pooling and ReLU: all of a
// window's dy goes to where its largest value stood, if that was positive.
func convGradZ(s *Scope, name string, g *geometry, argmax *[][]uint8, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "relu+pool grad", tensor.Shape{y.Shape()[0], g.out, g.outH, g.outW})
	o.cost.Bytes = bytes(y.Shape(), y.Shape(), o.shape)
	o.run = func(v []gorgonia.Value) error {
		y, dy, dz := floats(v[0]), floats(v[1]), o.floats()
		parallel.For(s.rows, func(_, i int) {
			g.backThroughPool(g.sumImage(dz, i), g.outImage(y, i), g.outImage(dy, i), (*argmax)[i])
		})
		return nil
	}
	return o.apply(y, dy)
}

// parts is into how many parts the images of a batch are split to sum the
// gradient of the kernels: a number of its own, not of the threads, so that
// the sum is the same on any machine.
const parts = 8

// convGradW adds dW [O,C,k,k] = Σ over images of dz [O,H"·W"]·colsᵀ.
func convGradW(s *Scope, name string, g *geometry, x, dz *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "conv dW", tensor.Shape{g.out, g.channels, g.kernel, g.kernel})
	o.cost = Cost{int64(x.Shape()[0]) * g.multiplyAdds(), bytes(x.Shape(), dz.Shape(), o.shape)}
	sums := newBuffer(tensor.Shape{parts, o.shape.TotalSize()})
	o.run = func(v []gorgonia.Value) error {
		x, dz, sums, n := floats(v[0]), floats(v[1]), sums.floats(), o.shape.TotalSize()
		parallel.For(parts, func(worker, part int) {
			g.gradW(s.scratch(worker), sums[part*n:(part+1)*n], x, dz, part*s.rows/parts, (part+1)*s.rows/parts)
		})
		addUp(o.floats(), sums)
		return nil
	}
	return o.apply(x, dz)
}

// addUp writes the sum of the parts, laid end to end in sums, to total.
func addUp(total, sums []float32) {
	n := len(total)
	inPieces(n, func(lo, hi int) {
		copy(total[lo:hi], sums[lo:])
		for part := n; part < len(sums); part += n {
			for i, v := range sums[part+lo : part+hi] {
				total[lo+i] += v
			}
		}
	})
}

// convGradX adds dx [N,C,H,W], the gradient towards the input.
func convGradX(s *Scope, name string, g *geometry, shape tensor.Shape, dz, w *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "conv dx", shape)
	o.cost = Cost{int64(shape[0]) * g.multiplyAdds(), bytes(dz.Shape(), w.Shape(), shape)}
	var kernels winograd.Kernels
	o.run = func(v []gorgonia.Value) error {
		dz, w, dx := floats(v[0]), floats(v[1]), o.floats()
		g.transform(s, &kernels, w, true)
		parallel.For(s.rows, func(worker, i int) {
			g.gradX(s.scratch(worker), g.inImage(dx, i), g.sumImage(dz, i), w, &kernels)
		})
		return nil
	}
	return o.apply(dz, w)
}
