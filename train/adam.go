package train

import (
	"math"

	"github.com/lastlayer/lastlayer/internal/vector"
	"gorgonia.org/gorgonia"
)

// Adam is the method of Kingma and Ba (2015, https://arxiv.org/abs/1412.6980,
// algorithm 1), with the weight decay of Loshchilov and Hutter (2019,
// https://arxiv.org/abs/1711.05101), apart from the gradient:
//
//	m ← β1·m + (1−β1)·g
//	v ← β2·v + (1−β2)·g²
//	w ← w − rate·( (m/(1−β1ᵗ)) / (√(v/(1−β2ᵗ)) + ε) + decay·w )
type Adam struct {
	LearningRate float64 // above 0
	Beta1        float64 // in [0,1); 0.9 when 0
	Beta2        float64 // in [0,1); 0.999 when 0
	Epsilon      float64 // above 0; 1e-8 when 0
	WeightDecay  float64 // from 0; on weights, not biases

	state State
}

func (s *Adam) constants() (beta1, beta2, epsilon float64) {
	orElse := func(v, other float64) float64 {
		if v == 0 {
			return other
		}
		return v
	}
	return orElse(s.Beta1, 0.9), orElse(s.Beta2, 0.999), orElse(s.Epsilon, 1e-8)
}

// Step implements gorgonia.Solver.
func (s *Adam) Step(model []gorgonia.ValueGrad) error {
	s.state.Steps++
	beta1, beta2, epsilon := s.constants()
	t := float64(s.state.Steps)
	step := vector.AdamStep{
		Rate: float32(s.LearningRate), Beta1: float32(beta1), Beta2: float32(beta2), Epsilon: float32(epsilon),
		Fix1: float32(1 / (1 - math.Pow(beta1, t))), // the bias corrections of
		Fix2: float32(1 / (1 - math.Pow(beta2, t))), // the paper's section 3
	}
	return eachParameter(model, func(p parameter) error {
		mean, err := s.state.of("mean", p.name, len(p.w))
		if err != nil {
			return err
		}
		variance, err := s.state.of("variance", p.name, len(p.w))
		if err != nil {
			return err
		}
		step.Decay = p.decay(s.WeightDecay)
		eachChunk(len(p.w), func(lo, hi int) { step.Apply(p.w[lo:hi], p.g[lo:hi], mean[lo:hi], variance[lo:hi]) })
		return nil
	})
}

// Name implements Solver.
func (s *Adam) Name() string { return "adam" }

// Rate implements Solver.
func (s *Adam) Rate() float64 { return s.LearningRate }

// SetRate implements Solver.
func (s *Adam) SetRate(rate float64) { s.LearningRate = rate }

// Validate implements Solver.
func (s *Adam) Validate() error {
	beta1, beta2, epsilon := s.constants()
	return firstError(validateRates(s.LearningRate, s.WeightDecay), within("beta1", beta1, 0, 1),
		within("beta2", beta2, 0, 1), within("epsilon", epsilon, 1e-12, 1))
}

// State implements Solver.
func (s *Adam) State() State { return s.state.clone() }

// SetState implements Solver.
func (s *Adam) SetState(state State) error {
	if err := state.check("mean", "variance"); err != nil {
		return err
	}
	s.state = state.clone()
	return nil
}
