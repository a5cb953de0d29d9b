package graphop

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// grads adds the gradients of a batch normalisation with inputs v.
func (n *normalisation) grads(s *Scope, name string, v gorgonia.Nodes, y, dy *gorgonia.Node, want Wants) (grads gorgonia.Nodes, err error) {
	grads = make(gorgonia.Nodes, len(v))
	dz := dy // gradient with respect to the activation's input
	if n.activation.kind != identity {
		if dz, err = activationGrad(s, name+" dz", n.activation, y, dy); err != nil {
			return nil, err
		}
	}
	if want.Weights && n.scale >= 0 {
		if grads[n.scale], err = n.gradScale(s, name+" dscale", v, dz); err != nil {
			return nil, err
		}
	}
	if want.Weights && n.bias >= 0 {
		if grads[n.bias], err = biasGrad(s, name+" dbias", dz); err != nil {
			return nil, err
		}
	}
	if want.Input {
		grads[0], err = n.gradX(s, name+" dx", v, dz)
	}
	return grads, err
}

// gradScale adds dscale [C] = Σ dz·(x − mean)/√(variance + eps).
func (n *normalisation) gradScale(s *Scope, name string, v gorgonia.Nodes, dz *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "batch norm dscale", tensor.Shape{n.channels})
	o.cost.Bytes = bytes(v[0].Shape(), dz.Shape(), o.shape)
	sums, plane := make([]float64, n.channels), planeSize(dz.Shape())
	o.run = func(v []gorgonia.Value) error {
		x, mean, variance, dz := floats(v[0]), floats(v[1]), floats(v[2]), floats(v[3])
		s.addChannelSums(sums, func(p, c int) float64 {
			var sum float64
			dz, m := image(dz, p, plane), float64(mean[c])
			for i, v := range image(x, p, plane) {
				sum += float64(dz[i]) * (float64(v) - m)
			}
			return sum / n.deviation(variance[c])
		})
		narrow(o.floats(), sums)
		return nil
	}
	return o.apply(v[0], v[1], v[2], dz)
}

// gradX adds dx = dz·scale/√(variance + eps).
func (n *normalisation) gradX(s *Scope, name string, v gorgonia.Nodes, dz *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "batch norm dx", dz.Shape())
	o.overwrites = 1
	o.cost.Bytes = bytes(dz.Shape(), o.shape)
	back := *n
	inputs := gorgonia.Nodes{dz, v[1], v[2]}
	if n.scale >= 0 {
		back.scale, inputs = len(inputs), append(inputs, v[n.scale])
	}
	plane := planeSize(o.shape)
	o.run = func(v []gorgonia.Value) error {
		dz, dx, factors := floats(v[0]), o.floats(), back.factors(v)
		s.eachPlane(o.shape, func(_, p, c int) {
			dx, k := image(dx, p, plane), factors[c]
			for i, d := range image(dz, p, plane) {
				dx[i] = d * k
			}
		})
		return nil
	}
	return o.apply(inputs...)
}
