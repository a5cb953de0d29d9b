package model

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
)

var errNoSource = errors.New("fresh weights: found no source of random numbers, expected one, as rand.New(rand.NewPCG(1, 0))")

// Init returns fresh weights for spec, drawn as in the question: kernels from
// a normal distribution re-drawn beyond two standard deviations, with standard
// deviation √(2/784) for a convolution that reads the input image and
// √(2/fan-in) elsewhere (He et al. 2015, https://arxiv.org/abs/1502.01852);
// biases 0.1. The draws come from rng alone, in the order of WeightShapes.
func Init(spec Spec, rng *rand.Rand) (*Weights, error) {
	want, err := spec.WeightShapes()
	if err != nil {
		return nil, err
	}
	if rng == nil {
		return nil, errNoSource
	}
	w := NewWeights()
	for _, ws := range want {
		w.SetValues(ws.Name, ws.Shape, initial(spec, ws, rng))
	}
	return w, nil
}

// Reinit replaces the weights of the named layers by fresh ones, drawn as Init
// draws them. Other layers keep their tensors. It is how a head is made new
// when the classes change.
func Reinit(spec Spec, w *Weights, layers []string, rng *rand.Rand) error {
	want, err := spec.WeightShapes()
	if err != nil {
		return err
	}
	if w == nil {
		return errors.Wrap(ErrWeights, "found nil, expected weights to change")
	}
	if rng == nil {
		return errNoSource
	}
	for _, ws := range want {
		if slices.Contains(layers, ws.Layer) {
			w.SetValues(ws.Name, ws.Shape, initial(spec, ws, rng))
		}
	}
	return nil
}

func initial(spec Spec, ws WeightShape, rng *rand.Rand) []float32 {
	values := make([]float32, size(ws.Shape))
	if len(ws.Shape) == 1 {
		for i := range values {
			values[i] = 0.1
		}
		return values
	}
	fanIn := ws.FanIn
	if ws.Layer == spec.Layers[0].Name && len(ws.Shape) == 4 {
		fanIn = size(spec.Input) // the question's √(2/784)
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
