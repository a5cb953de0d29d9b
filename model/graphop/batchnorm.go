package graphop

import (
	"math"
	"slices"

	"github.com/lastlayer/lastlayer/internal/vector"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// BatchNormInputs are the parameters of a batch normalisation, each [C]. A nil Scale
// means 1, a nil Bias means 0. Mean and Variance are stored statistics: they stay fixed
// and get no gradient.
type BatchNormInputs struct{ Scale, Bias, Mean, Variance *gorgonia.Node }

// Norm is a batch normalisation folded into the node of the convolution or dense layer
// before it.
type Norm struct {
	BatchNormInputs
	Eps float64
}

// checkFolded returns an error if a normalisation cannot be folded in.
func (n *Norm) checkFolded(want Wants, pool int) error {
	if n != nil && (want != Wants{} || pool > 1) {
		return errors.Wrap(ErrInput, "found a gradient or a pooling behind a batch normalisation, expected neither: use BatchNorm")
	}
	return nil
}

// BatchNorm adds, for x [N,C,...],
//
//	y = a(scale·(x − mean)/√(variance + eps) + bias)
//
// for each channel. The result does not depend on the rest of the batch.
func BatchNorm(s *Scope, name string, x *gorgonia.Node, p BatchNormInputs, eps float64, a Activation, want Wants) (*gorgonia.Node, error) {
	want.Residual = false
	if err := s.checkChannels(name, x); err != nil {
		return nil, err
	}
	if err := a.checkFused(want != Wants{}); err != nil {
		return nil, errors.Wrap(err, name)
	}
	o := s.operator(name, "batch norm"+a.plus(), x.Shape())
	n, inputs, err := newNormalisation(name, p, eps, x.Shape()[1], gorgonia.Nodes{x})
	if err != nil {
		return nil, err
	}
	n.activation = a
	o.overwrites, o.want = 1, make([]bool, len(inputs))
	o.want[0] = want.Input
	for _, i := range []int{n.scale, n.bias} {
		if i >= 0 {
			o.want[i] = want.Weights
		}
	}
	o.cost.Bytes = bytes(x.Shape(), o.shape)
	var follows following
	o.run = func(v []gorgonia.Value) error {
		x, y, plane := floats(v[0]), o.floats(), planeSize(o.shape)
		e := &epilogue{norm: n.coefficients(v), activation: a, out: n.channels}
		e.prepare(&follows)
		s.eachPlane(o.shape, func(_, p, c int) {
			y := image(y, p, plane)
			e.apply(y, image(x, p, plane), 0, c, 0)
		})
		return nil
	}
	o.diff = func(v gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		return n.grads(s, name, v, y, dy, want)
	}
	return o.apply(inputs...)
}

// normalisation is shared by the forward pass and the gradients of a batch
// normalisation.
type normalisation struct {
	eps         float64
	activation  Activation
	channels    int
	mean        int // index of the mean's input; the variance is the next one
	scale, bias int // indices of their inputs, -1 if absent
	factor      []float32
}

// newNormalisation returns a normalisation of that many channels. It also returns
// inputs with the normalisation's own appended.
func newNormalisation(name string, p BatchNormInputs, eps float64, channels int, inputs gorgonia.Nodes) (*normalisation, gorgonia.Nodes, error) {
	if !(eps >= 0) || math.IsInf(eps, 0) || p.Mean == nil || p.Variance == nil {
		return nil, nil, errors.Wrapf(ErrInput, "%s: found mean %v, variance %v, eps %g, expected both, and eps from 0", name, p.Mean, p.Variance, eps)
	}
	n := &normalisation{eps: eps, channels: channels, mean: len(inputs), scale: -1, bias: -1}
	inputs = append(inputs, p.Mean, p.Variance)
	if p.Scale != nil {
		n.scale, inputs = len(inputs), append(inputs, p.Scale)
	}
	if p.Bias != nil {
		n.bias, inputs = len(inputs), append(inputs, p.Bias)
	}
	for i, part := range inputs[n.mean:] {
		if !slices.Equal(part.Shape(), tensor.Shape{channels}) {
			return nil, nil, errors.Wrapf(ErrInput, "%s: found %v for number %d of mean, variance, scale and bias, expected [%d]", name, part.Shape(), i+1, channels)
		}
	}
	return n, inputs, nil
}

// coefficients are a normalisation's per-channel values for one run.
type coefficients struct {
	mean, factor []float32
	bias         []float32 // nil if absent
}

func (n *normalisation) coefficients(v []gorgonia.Value) *coefficients {
	return &coefficients{mean: floats(v[n.mean]), factor: n.factors(v), bias: optional(v, n.bias)}
}

// of stores the normalisation of channel c in f. All code uses this one function, so
// rounding is the same everywhere.
func (k *coefficients) of(f *vector.Finish, c int) {
	f.Normal, f.Mean, f.Factor = true, k.mean[c], k.factor[c]
	if k.bias != nil {
		f.Shift = k.bias[c]
	}
}

// deviation is √(variance + eps).
func (n *normalisation) deviation(variance float32) float64 {
	return math.Sqrt(float64(variance) + n.eps)
}

// factors returns scale/√(variance + eps) for each channel.
func (n *normalisation) factors(v []gorgonia.Value) []float32 {
	factors, scale := grow(&n.factor, n.channels), optional(v, n.scale)
	for c, variance := range floats(v[n.mean+1]) {
		k := 1.0
		if scale != nil {
			k = float64(scale[c])
		}
		factors[c] = float32(k / n.deviation(variance))
	}
	return factors
}
