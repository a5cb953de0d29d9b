package graphop

import (
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/internal/winograd"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// convGrads adds the gradients of a convolution with inputs v: one per input, nil if
// not wanted.
func convGrads(s *Scope, name string, g *geometry, v gorgonia.Nodes, at operands, argmax *[][]uint8, y, dy *gorgonia.Node, want Wants) (grads gorgonia.Nodes, err error) {
	grads = make(gorgonia.Nodes, len(v))
	dz := dy // [N,O,H",W"], gradient with respect to the convolution's sum
	if g.pool > 1 || g.activation != (Activation{}) {
		if dz, err = convGradZ(s, name+" dz", g, argmax, y, dy); err != nil {
			return nil, err
		}
	}
	if want.Residual {
		grads[at.residual] = dz
	}
	if want.Weights {
		if grads[1], err = convGradW(s, name+" dW", g, v[0], dz); err != nil {
			return nil, err
		}
		if at.b >= 0 {
			if grads[at.b], err = biasGrad(s, name+" db", dz); err != nil {
				return nil, err
			}
		}
	}
	if want.Input {
		grads[0], err = convGradX(s, name+" dx", g, v[0].Shape(), dz, v[1])
	}
	return grads, err
}

// convGradZ propagates the gradient back through pooling and activation. All of a
// window's dy goes to the position of its maximum, if the activation passes it.
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

// parts is the number of parts a batch is split into to sum the kernel gradient. It
// does not depend on the number of threads, so the sum is the same on every machine.
const parts = 8

// convGradW adds dW [O,C/groups,kh,kw] = Σ over images of dz [O,H"·W"]·colsᵀ.
func convGradW(s *Scope, name string, g *geometry, x, dz *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "conv dW", tensor.Shape{g.out, g.groupIn(), g.kernel[0], g.kernel[1]})
	o.cost = Cost{int64(x.Shape()[0]) * g.multiplyAdds(), bytes(x.Shape(), dz.Shape(), o.shape)}
	o.run = func(v []gorgonia.Value) error {
		x, dz, n := floats(v[0]), floats(v[1]), o.shape.TotalSize()
		if g.plan != nil && g.plan.SharesGradient() {
			g.plan.GradientBatch(s.winograd, o.floats(), x, dz, s.rows)
			return nil
		}
		sums := grow(&s.sums, parts*n)
		parallel.For(parts, func(worker, part int) {
			g.gradW(s.scratch(worker), sums[part*n:(part+1)*n], x, dz, part*s.rows/parts, (part+1)*s.rows/parts)
		})
		addUp(o.floats(), sums)
		return nil
	}
	return o.apply(x, dz)
}

// addUp writes the sum of the parts, stored one after the other in sums, to total.
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

// convGradX adds dx [N,C,H,W], the gradient with respect to the input.
func convGradX(s *Scope, name string, g *geometry, shape tensor.Shape, dz, w *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "conv dx", shape)
	o.cost = Cost{int64(shape[0]) * g.multiplyAdds(), bytes(dz.Shape(), w.Shape(), shape)}
	var kernels winograd.Kernels
	o.run = func(v []gorgonia.Value) error {
		dz, w, dx := floats(v[0]), floats(v[1]), o.floats()
		if g.back != nil {
			g.transform(s, &kernels, w, true, false)
			g.back.ConvolveBatch(&winograd.Batch{
				Scratch: s.winograd, Y: dx, Apart: g.channels * g.height * g.width, X: dz, Images: s.rows, Kernels: &kernels,
				Finish: func(winograd.Run) {},
			})
			return nil
		}
		parallel.For(s.rows, func(worker, i int) {
			g.gradX(s.scratch(worker), g.inImage(dx, i), g.sumImage(dz, i), w)
		})
		return nil
	}
	return o.apply(dz, w)
}
