package graphop

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// PReLU adds y = x for x above 0 and slope·x elsewhere. x is [N,C,...]; slope is one
// value per channel, [C], or one for all, [1]. The derivative at 0 is the slope.
func PReLU(s *Scope, name string, x, slope *gorgonia.Node, want Wants) (*gorgonia.Node, error) {
	if err := s.checkChannels(name, x); err != nil {
		return nil, err
	}
	channels := x.Shape()[1]
	if k := slope.Shape(); !slices.Equal(k, tensor.Shape{channels}) && !slices.Equal(k, tensor.Shape{1}) {
		return nil, errors.Wrapf(ErrInput, "%s: found slopes %v, expected [%d] or [1]", name, k, channels)
	}
	o := s.operator(name, "prelu", x.Shape())
	o.want, o.overwrites = []bool{want.Input, want.Weights}, 1
	o.cost.Bytes = bytes(o.shape, o.shape)
	plane := planeSize(o.shape)
	o.run = func(v []gorgonia.Value) error {
		x, slopes, y := floats(v[0]), floats(v[1]), o.floats()
		s.eachPlane(o.shape, func(_, p, c int) {
			Leaky(slopes[c%len(slopes)]).apply(image(y, p, plane), image(x, p, plane))
		})
		return nil
	}
	o.diff = func(v gorgonia.Nodes, _, dy *gorgonia.Node) (grads gorgonia.Nodes, err error) {
		grads = make(gorgonia.Nodes, 2)
		if want.Input {
			if grads[0], err = preluGradX(s, name+" dx", v[0], v[1], dy); err != nil {
				return nil, err
			}
		}
		if want.Weights {
			grads[1], err = preluGradSlope(s, name+" dslope", v[0], v[1], dy)
		}
		return grads, err
	}
	return o.apply(x, slope)
}

// preluGradX adds dx: dy where x is above 0, slope·dy elsewhere.
func preluGradX(s *Scope, name string, x, slope, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "prelu dx", x.Shape())
	o.cost.Bytes = bytes(o.shape, o.shape, o.shape)
	plane := planeSize(o.shape)
	o.run = func(v []gorgonia.Value) error {
		x, slopes, dy, dx := floats(v[0]), floats(v[1]), floats(v[2]), o.floats()
		s.eachPlane(o.shape, func(_, p, c int) {
			Leaky(slopes[c%len(slopes)]).back(image(dx, p, plane), image(dy, p, plane), image(x, p, plane))
		})
		return nil
	}
	return o.apply(x, slope, dy)
}

// preluGradSlope adds the sum of dy·x over all x not above 0.
func preluGradSlope(s *Scope, name string, x, slope, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "prelu dslope", slope.Shape())
	o.cost.Bytes = bytes(x.Shape(), dy.Shape())
	sums, plane := make([]float64, x.Shape()[1]), planeSize(x.Shape())
	o.run = func(v []gorgonia.Value) error {
		x, dy, out := floats(v[0]), floats(v[1]), o.floats()
		s.addChannelSums(sums, func(p, _ int) (sum float64) {
			dy := image(dy, p, plane)
			for i, v := range image(x, p, plane) {
				if !(v > 0) {
					sum += float64(dy[i]) * float64(v)
				}
			}
			return sum
		})
		if len(out) < len(sums) {
			var total float64
			for _, sum := range sums {
				total += sum
			}
			out[0] = float32(total)
			return nil
		}
		narrow(out, sums)
		return nil
	}
	return o.apply(x, dy)
}
