package train

import "gorgonia.org/gorgonia"

// SGD is plain gradient descent:
//
//	w ← w − rate·(g + decay·w)
type SGD struct {
	LearningRate float64 // above 0
	WeightDecay  float64 // from 0; on weights, not biases

	state State
}

// Step implements gorgonia.Solver.
func (s *SGD) Step(model []gorgonia.ValueGrad) error {
	s.state.Steps++
	rate := float32(s.LearningRate)
	return eachParameter(model, func(p parameter) error {
		decay := p.decay(s.WeightDecay)
		eachChunk(len(p.w), func(lo, hi int) {
			w, g := p.w[lo:hi], p.g[lo:hi]
			for i := range w {
				w[i] -= rate * (g[i] + decay*w[i])
			}
		})
		return nil
	})
}

// Name implements Solver.
func (s *SGD) Name() string { return "sgd" }

// Rate implements Solver.
func (s *SGD) Rate() float64 { return s.LearningRate }

// SetRate implements Solver.
func (s *SGD) SetRate(rate float64) { s.LearningRate = rate }

// Validate implements Solver.
func (s *SGD) Validate() error { return validateRates(s.LearningRate, s.WeightDecay) }

// State implements Solver.
func (s *SGD) State() State { return s.state.clone() }

// SetState implements Solver.
func (s *SGD) SetState(state State) error {
	if err := state.check(); err != nil {
		return err
	}
	s.state = state.clone()
	return nil
}
