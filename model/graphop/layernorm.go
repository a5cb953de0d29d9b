package graphop

import (
	"math"
	"slices"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// LayerNorm adds, at each pixel of x [N,C,...],
//
//	y_c = scale_c·(x_c − mean)/√(variance + eps) + bias_c
//
// with mean and variance over the channels of that pixel. A nil scale [C] means 1, a
// nil bias [C] means 0.
func LayerNorm(s *Scope, name string, x, scale, bias *gorgonia.Node, eps float64, want Wants) (*gorgonia.Node, error) {
	if err := s.checkChannels(name, x); err != nil {
		return nil, err
	}
	if !(eps >= 0) || math.IsInf(eps, 0) {
		return nil, errors.Wrapf(ErrInput, "%s: found eps %g, expected a number from 0", name, eps)
	}
	o := s.operator(name, "layer norm", x.Shape())
	l := &layerNorm{eps: eps, channels: o.shape[1], plane: planeSize(o.shape), scale: -1, bias: -1}
	inputs := gorgonia.Nodes{x}
	o.want = []bool{want.Input}
	for i, part := range []*gorgonia.Node{scale, bias} {
		if part == nil {
			continue
		}
		if !slices.Equal(part.Shape(), tensor.Shape{l.channels}) {
			return nil, errors.Wrapf(ErrInput, "%s: found %s %v, expected [%d]", name, []string{"scale", "bias"}[i], part.Shape(), l.channels)
		}
		*[]*int{&l.scale, &l.bias}[i] = len(inputs)
		inputs, o.want = append(inputs, part), append(o.want, want.Weights)
	}
	o.cost.Bytes = bytes(o.shape, o.shape)
	o.run = func(v []gorgonia.Value) error {
		x, y, scale, bias := floats(v[0]), o.floats(), optional(v, l.scale), optional(v, l.bias)
		l.eachPixel(s, x, func(at int, mean, deviation float64) {
			for c := range l.channels {
				v := (float64(x[at+c*l.plane]) - mean) / deviation
				if scale != nil {
					v *= float64(scale[c])
				}
				if bias != nil {
					v += float64(bias[c])
				}
				y[at+c*l.plane] = float32(v)
			}
		})
		return nil
	}
	o.diff = func(v gorgonia.Nodes, _, dy *gorgonia.Node) (grads gorgonia.Nodes, err error) {
		grads = make(gorgonia.Nodes, len(v))
		if want.Weights && l.scale >= 0 {
			if grads[l.scale], err = l.gradScale(s, name+" dscale", v[0], dy); err != nil {
				return nil, err
			}
		}
		if want.Weights && l.bias >= 0 {
			if grads[l.bias], err = biasGrad(s, name+" dbias", dy); err != nil {
				return nil, err
			}
		}
		if want.Input {
			grads[0], err = l.gradX(s, name+" dx", v, dy)
		}
		return grads, err
	}
	return o.apply(inputs...)
}

// layerNorm is shared by the forward pass and the gradients.
type layerNorm struct {
	eps             float64
	channels, plane int
	scale, bias     int // indices of their inputs, -1 if absent
}

// eachPixel calls f for each pixel of the rows in use, with the offset of its first
// channel and the mean and deviation of its channels. Consecutive channels are plane
// values apart.
func (l *layerNorm) eachPixel(s *Scope, x []float32, f func(at int, mean, deviation float64)) {
	size := l.channels * l.plane
	parallel.For(s.rows, func(_, i int) {
		for at := i * size; at < i*size+l.plane; at++ {
			var sum, squares float64
			for c := range l.channels {
				sum += float64(x[at+c*l.plane])
			}
			mean := sum / float64(l.channels)
			for c := range l.channels {
				d := float64(x[at+c*l.plane]) - mean
				squares += d * d
			}
			f(at, mean, math.Sqrt(squares/float64(l.channels)+l.eps))
		}
	})
}

// gradScale adds dscale [C] = Σ dy·(x − mean)/deviation.
func (l *layerNorm) gradScale(s *Scope, name string, x, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "layer norm dscale", tensor.Shape{l.channels})
	o.cost.Bytes = bytes(x.Shape(), dy.Shape())
	sums := make([]float64, x.Shape()[0]*l.channels) // [N,C], one partial sum per row
	o.run = func(v []gorgonia.Value) error {
		x, dy := floats(v[0]), floats(v[1])
		clear(sums)
		l.eachPixel(s, x, func(at int, mean, deviation float64) {
			row := sums[at/(l.channels*l.plane)*l.channels:][:l.channels]
			for c := range row {
				row[c] += float64(dy[at+c*l.plane]) * (float64(x[at+c*l.plane]) - mean) / deviation
			}
		})
		for i := 1; i < s.rows; i++ {
			for c := range l.channels {
				sums[c] += sums[i*l.channels+c]
			}
		}
		narrow(o.floats(), sums[:l.channels])
		return nil
	}
	return o.apply(x, dy)
}

// gradX adds dx = (g − mean(g) − x̂·mean(g·x̂))/deviation at each pixel, with
// g = dy·scale and x̂ the normalised x.
func (l *layerNorm) gradX(s *Scope, name string, v gorgonia.Nodes, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "layer norm dx", dy.Shape())
	o.cost.Bytes = bytes(o.shape, o.shape, o.shape)
	inputs, at := gorgonia.Nodes{v[0], dy}, -1
	if l.scale >= 0 {
		at, inputs = 2, append(inputs, v[l.scale])
	}
	o.run = func(v []gorgonia.Value) error {
		x, dy, dx, scale := floats(v[0]), floats(v[1]), o.floats(), optional(v, at)
		g := func(at, c int) float64 {
			d := float64(dy[at+c*l.plane])
			if scale != nil {
				d *= float64(scale[c])
			}
			return d
		}
		l.eachPixel(s, x, func(at int, mean, deviation float64) {
			var sum, product float64
			for c := range l.channels {
				sum += g(at, c)
				product += g(at, c) * (float64(x[at+c*l.plane]) - mean) / deviation
			}
			n := float64(l.channels)
			for c := range l.channels {
				normal := (float64(x[at+c*l.plane]) - mean) / deviation
				dx[at+c*l.plane] = float32((g(at, c) - sum/n - normal*product/n) / deviation)
			}
		})
		return nil
	}
	return o.apply(inputs...)
}
