package train

import (
	"math"

	"github.com/lastlayer/lastlayer/internal/vector"
)

// Adam is the method of Kingma and Ba (2015, https://arxiv.org/abs/1412.6980,
// algorithm 1), with the weight decay of Loshchilov and Hutter (2019,
// https://arxiv.org/abs/1711.05101), separate from the gradient:
//
//	m ← β1·m + (1−β1)·g
//	v ← β2·v + (1−β2)·g²
//	w ← w − rate·( (m/(1−β1ᵗ)) / (√(v/(1−β2ᵗ)) + ε) + decay·w )
type Adam struct {
	Beta1   float64 // in [0,1); 0.9 when 0
	Beta2   float64 // in [0,1); 0.999 when 0
	Epsilon float64 // above 0; 1e-8 when 0
}

// NewAdam returns a solver by Adam with its usual constants.
func NewAdam(learningRate float64) *Solver { return &Solver{Rule: Adam{}, LearningRate: learningRate} }

func (a Adam) constants() (beta1, beta2, epsilon float64) {
	orElse := func(v, other float64) float64 {
		if v == 0 {
			return other
		}
		return v
	}
	return orElse(a.Beta1, 0.9), orElse(a.Beta2, 0.999), orElse(a.Epsilon, 1e-8)
}

// Name implements Rule.
func (Adam) Name() string { return "adam" }

// Memories implements Rule.
func (Adam) Memories() []string { return []string{"mean", "variance"} }

// Validate implements Rule.
func (a Adam) Validate() error {
	beta1, beta2, epsilon := a.constants()
	return firstError(within("beta1", beta1, 0, 1), within("beta2", beta2, 0, 1), within("epsilon", epsilon, 1e-12, 1))
}

// Update implements Rule.
func (a Adam) Update(u Update) {
	beta1, beta2, epsilon := a.constants()
	t := float64(u.Step)
	step := vector.AdamStep{
		Rate: u.Rate, Beta1: float32(beta1), Beta2: float32(beta2), Epsilon: float32(epsilon), Decay: u.Decay,
		Fix1: float32(1 / (1 - math.Pow(beta1, t))), // the bias corrections of
		Fix2: float32(1 / (1 - math.Pow(beta2, t))), // the paper's section 3
	}
	step.Apply(u.W, u.G, u.Memory[0], u.Memory[1])
}
