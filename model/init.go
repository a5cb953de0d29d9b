package model

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
)

var errNoSource = errors.New("fresh weights: found no source of random numbers, expected one, as rand.New(rand.NewPCG(1, 0))")

// Init returns fresh weights for spec: kernels from a normal distribution
// re-drawn beyond two standard deviations, with standard deviation
// √(2/numbers of an image) for a convolution that is the first layer, as in
// "Deep MNIST for Experts", and √(2/fan-in) elsewhere (He et al. 2015,
// https://arxiv.org/abs/1502.01852); biases 0.1. The draws come from rng
// alone, in the order of Parameters.
func Init(spec Spec, rng *rand.Rand) (*Weights, error) {
	want, err := spec.Parameters()
	if err != nil {
		return nil, err
	}
	if rng == nil {
		return nil, errNoSource
	}
	w := NewWeights()
	for _, p := range want {
		w.SetValues(p.Name, p.Shape, initial(spec, p, rng))
	}
	return w, nil
}

// Reinit replaces the weights of the named layers by fresh ones, drawn as Init
// draws them. Other layers keep their tensors. This makes a new head when the
// classes change.
func Reinit(spec Spec, w *Weights, layers []string, rng *rand.Rand) error {
	want, err := spec.Parameters()
	if err != nil {
		return err
	}
	if w == nil {
		return errors.Wrap(ErrWeights, "found nil, expected weights to change")
	}
	if rng == nil {
		return errNoSource
	}
	for _, p := range want {
		if slices.Contains(layers, p.Layer) {
			w.SetValues(p.Name, p.Shape, initial(spec, p, rng))
		}
	}
	return nil
}

func initial(spec Spec, p Parameter, rng *rand.Rand) []float32 {
	values := make([]float32, size(p.Shape))
	if p.FanIn == 0 {
		for i := range values {
			values[i] = p.Fill
		}
		return values
	}
	fanIn := p.FanIn
	if p.Layer == spec.Layers[0].Name && len(p.Shape) == 4 {
		fanIn = size(spec.Input)
	}
	truncatedNormal(values, math.Sqrt(2/float64(fanIn)), rng)
	return values
}

// truncatedNormal fills values with normal draws of that standard deviation,
// re-drawn beyond two of them: TensorFlow's truncated_normal.
func truncatedNormal(values []float32, stddev float64, rng *rand.Rand) {
	for i := range values {
		z := rng.NormFloat64()
		for math.Abs(z) > 2 {
			z = rng.NormFloat64()
		}
		values[i] = float32(z * stddev)
	}
}
