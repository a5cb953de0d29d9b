package train

import "github.com/lastlayer/lastlayer/internal/vector"

// Momentum is gradient descent with classical momentum (Polyak 1964), in the
// form of TensorFlow's MomentumOptimizer and PyTorch's SGD:
//
//	v ← momentum·v + g + decay·w
//	w ← w − rate·v
type Momentum struct {
	Momentum float64 // in [0,1)
}

// NewMomentum returns a solver by gradient descent with momentum.
func NewMomentum(learningRate, momentum float64) *Solver {
	return &Solver{Rule: Momentum{momentum}, LearningRate: learningRate}
}

// Name implements Rule.
func (Momentum) Name() string { return "momentum" }

// Memories implements Rule.
func (Momentum) Memories() []string { return []string{"velocity"} }

// Validate implements Rule.
func (m Momentum) Validate() error { return within("momentum", m.Momentum, 0, 1) }

func (Momentum) withMomentum(momentum float64) Rule { return Momentum{momentum} }

// Update implements Rule.
func (m Momentum) Update(u Update) {
	step := vector.MomentumStep{Rate: u.Rate, Momentum: float32(m.Momentum), Decay: u.Decay}
	step.Apply(u.W, u.G, u.Memory[0])
}
