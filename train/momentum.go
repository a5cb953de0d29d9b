package train

import (
	"github.com/lastlayer/lastlayer/internal/vector"
	"gorgonia.org/gorgonia"
)

// Momentum is gradient descent with classical momentum (Polyak 1964), in the
// form of TensorFlow's MomentumOptimizer and PyTorch's SGD:
//
//	v ← momentum·v + g + decay·w
//	w ← w − rate·v
type Momentum struct {
	LearningRate float64 // above 0
	Momentum     float64 // in [0,1)
	WeightDecay  float64 // from 0; on weights, not biases

	state State
}

// Step implements gorgonia.Solver.
func (s *Momentum) Step(model []gorgonia.ValueGrad) error {
	s.state.Steps++
	return eachParameter(model, func(p parameter) error {
		velocity, err := s.state.of("velocity", p.name, len(p.w))
		if err != nil {
			return err
		}
		step := vector.MomentumStep{Rate: float32(s.LearningRate), Momentum: float32(s.Momentum), Decay: p.decay(s.WeightDecay)}
		eachChunk(len(p.w), func(lo, hi int) { step.Apply(p.w[lo:hi], p.g[lo:hi], velocity[lo:hi]) })
		return nil
	})
}

// Name implements Solver.
func (s *Momentum) Name() string { return "momentum" }

// Rate implements Solver.
func (s *Momentum) Rate() float64 { return s.LearningRate }

// SetRate implements Solver.
func (s *Momentum) SetRate(rate float64) { s.LearningRate = rate }

// Validate implements Solver.
func (s *Momentum) Validate() error {
	return firstError(validateRates(s.LearningRate, s.WeightDecay), within("momentum", s.Momentum, 0, 1))
}

// State implements Solver.
func (s *Momentum) State() State { return s.state.clone() }

// SetState implements Solver.
func (s *Momentum) SetState(state State) error {
	if err := state.check("velocity"); err != nil {
		return err
	}
	s.state = state.clone()
	return nil
}
