package graphop

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// BatchNormInputs are the numbers of a batch normalisation, each [C]. Scale may
// be nil for 1, Bias for 0. Mean and Variance are stored statistics: they are
// used as they are, and no gradient goes towards them.
type BatchNormInputs struct{ Scale, Bias, Mean, Variance *gorgonia.Node }

// BatchNorm adds, for x [N,C,...],
//
//	y = a(scale·(x − mean)/√(variance + eps) + bias)
//
// channel by channel, whatever the batch.
func BatchNorm(s *Scope, name string, x *gorgonia.Node, p BatchNormInputs, eps float64, a Activation, want Wants) (*gorgonia.Node, error) {
	want.Residual = false
	if err := s.checkChannels(name, x); err != nil {
		return nil, err
	}
	if err := a.checkFused(want != Wants{}); err != nil {
		return nil, errors.Wrap(err, name)
	}
	if !(eps >= 0) || math.IsInf(eps, 0) || p.Mean == nil || p.Variance == nil {
		return nil, errors.Wrapf(ErrInput, "%s: found mean %v, variance %v, eps %g, expected both, and eps from 0", name, p.Mean, p.Variance, eps)
	}
	o := s.operator(name, "batch norm"+a.plus(), x.Shape())
	inputs := gorgonia.Nodes{x, p.Mean, p.Variance}
	o.want, o.overwrites = []bool{want.Input, false, false}, 1
	n := &normalisation{eps: eps, activation: a, channels: x.Shape()[1], scale: -1, bias: -1}
	if p.Scale != nil {
		n.scale, inputs, o.want = len(inputs), append(inputs, p.Scale), append(o.want, want.Weights)
	}
	if p.Bias != nil {
		n.bias, inputs, o.want = len(inputs), append(inputs, p.Bias), append(o.want, want.Weights)
	}
	for i, part := range inputs[1:] {
		if !slices.Equal(part.Shape(), tensor.Shape{n.channels}) {
			return nil, errors.Wrapf(ErrInput, "%s: found %v for number %d of mean, variance, scale and bias, expected [%d]", name, part.Shape(), i+1, n.channels)
		}
	}
	o.cost.Bytes = bytes(x.Shape(), o.shape)
	o.run = func(v []gorgonia.Value) error {
		x, y, plane := floats(v[0]), o.floats(), planeSize(o.shape)
		mean, bias, factors := floats(v[1]), optional(v, n.bias), n.factors(v)
		s.eachPlane(o.shape, func(p, c int) {
			var b float32
			if bias != nil {
				b = bias[c]
			}
			y := image(y, p, plane)
			m, k := mean[c], factors[c]
			for i, v := range image(x, p, plane) {
				y[i] = (v-m)*k + b
			}
			if a.kind != identity {
				a.apply(y, y)
			}
		})
		return nil
	}
	o.diff = func(v gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		return n.grads(s, name, v, y, dy, want)
	}
	return o.apply(inputs...)
}

// normalisation is what the forward pass and the gradients of a batch
// normalisation share.
type normalisation struct {
	eps         float64
	activation  Activation
	channels    int
	scale, bias int // which inputs they are, -1 for none
	factor      []float32
}

// deviation is √(variance + eps).
func (n *normalisation) deviation(variance float32) float64 {
	return math.Sqrt(float64(variance) + n.eps)
}

// factors returns scale/√(variance + eps) for each channel.
func (n *normalisation) factors(v []gorgonia.Value) []float32 {
	factors, scale := grow(&n.factor, n.channels), optional(v, n.scale)
	for c, variance := range floats(v[2]) {
		k := 1.0
		if scale != nil {
			k = float64(scale[c])
		}
		factors[c] = float32(k / n.deviation(variance))
	}
	return factors
}
