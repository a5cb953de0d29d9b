package train

import (
	"maps"
	"math"
	"reflect"
	"strings"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Solver changes parameters by their gradients. It is a gorgonia.Solver: a Rule,
// with all that rules have in common. What it remembers between steps is kept by
// the parameter's name, and can be saved and put back.
type Solver struct {
	Rule         Rule
	LearningRate float64 // above 0
	WeightDecay  float64 // from 0; on kernels, not biases: see model.Decays
	// Factors are learning rates of single layers, as a factor on LearningRate
	// by layer name; 1 for layers that are not named. Low layers of a pretrained
	// network are often trained by small rates (Howard and Ruder 2018,
	// https://arxiv.org/abs/1801.06146, section 3.2).
	Factors map[string]float64
	// Kept is how many outputs of a layer stay as they are, the first ones, by
	// layer name: their kernels and biases are not stepped over.
	Kept map[string]int

	state State
	taken bool // by a Trainer
}

// Rule is how a solver changes one parameter: SGD, Momentum or Adam.
type Rule interface {
	// Name is the rule's name in SolverByName and in checkpoints.
	Name() string
	// Memories are the names of the tensors that the rule keeps for each
	// parameter, "velocity", at most two; nil for none. They begin as zeros.
	Memories() []string
	// Validate returns an error that names the field out of its range.
	Validate() error
	// Update changes u.W.
	Update(u Update)
}

// Update is a part of one parameter in one step. All slices have its length.
type Update struct {
	Step        int // from 1
	Rate, Decay float32
	W, G        []float32               // values and gradient
	Memory      [mostMemories][]float32 // in the order of Memories
}

// mostMemories is how many tensors a rule may keep for a parameter.
const mostMemories = 2

// rules are the rules by name, with the fields that SolverByName gives them.
var rules = []Rule{SGD{}, Momentum{Momentum: 0.9}, Adam{}}

// withMomentum is a rule that Recipe.Momentum is of.
type withMomentum interface{ withMomentum(momentum float64) Rule }

// SolverList returns SolverNames for a sentence: "sgd, momentum or adam".
func SolverList() string {
	names := SolverNames()
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// SolverNames returns the names that SolverByName takes.
func SolverNames() []string {
	var names []string
	for _, r := range rules {
		names = append(names, r.Name())
	}
	return names
}

// SolverByName returns a solver of the rule of that name, with its usual
// constants.
func SolverByName(name string, learningRate float64) (*Solver, error) {
	for _, r := range rules {
		if r.Name() == name {
			return &Solver{Rule: r, LearningRate: learningRate}, nil
		}
	}
	return nil, errors.Errorf("solver: found %q, expected one of %s", name, strings.Join(SolverNames(), ", "))
}

// New returns a solver of the same rule and constants that remembers nothing.
func (s *Solver) New() *Solver {
	if s == nil {
		return nil
	}
	return &Solver{Rule: s.Rule, LearningRate: s.LearningRate, WeightDecay: s.WeightDecay, Factors: maps.Clone(s.Factors), Kept: maps.Clone(s.Kept)}
}

// Name returns the rule's name.
func (s *Solver) Name() string { return s.Rule.Name() }

// Validate returns an error that names the field out of its range.
func (s *Solver) Validate() error {
	if s == nil || s.noRule() {
		return errors.Errorf("solver: found none, expected one of %s", strings.Join(SolverNames(), ", "))
	}
	if err := firstError(validRate(s.LearningRate), within("weight decay", s.WeightDecay, 0, 1), s.Rule.Validate()); err != nil {
		return err
	}
	for layer, factor := range s.Factors {
		if !(factor > 0) {
			return errors.Errorf("learning rate of %s: found the factor %v, expected a number above 0", layer, factor)
		}
		if err := validRate(s.LearningRate * factor); err != nil {
			return errors.WithMessagef(err, "layer %s, with the factor %v", layer, factor)
		}
	}
	return nil
}

// noRule reports whether there is no rule, or a pointer to none.
func (s *Solver) noRule() bool {
	v := reflect.ValueOf(s.Rule)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// BytesPerUpdate is what a step reads and writes for one number: its value
// twice, its gradient once, and twice each number that is remembered for it.
func (s *Solver) BytesPerUpdate() int64 { return 4 * (3 + 2*int64(len(s.Rule.Memories()))) }

// chunk is how many values one piece of a step's work has: enough to pay for
// the hand-over to another goroutine, few enough to stay in the cache.
const chunk = 1 << 14

// Step implements gorgonia.Solver.
func (s *Solver) Step(parameters []gorgonia.ValueGrad) error {
	if err := s.Validate(); err != nil {
		return err
	}
	s.state.Steps++
	for _, vg := range parameters {
		p, err := parameterOf(vg)
		if err != nil {
			return err
		}
		whole := Update{Step: s.state.Steps, Rate: float32(s.LearningRate * s.factor(p.name)), W: p.w.Float32s(), G: p.g.Float32s()}
		if model.Decays(p.w.Shape()) {
			whole.Decay = float32(s.WeightDecay)
		}
		for i, kind := range s.Rule.Memories() {
			if whole.Memory[i], err = s.state.of(kind, p.name, len(whole.W)); err != nil {
				return err
			}
		}
		row, kept := s.kept(p)
		if kept > 0 {
			for lo := 0; lo < len(whole.W); lo += row {
				s.Rule.Update(whole.part(lo+kept, lo+row))
			}
			continue
		}
		n := len(whole.W)
		parallel.For((n+chunk-1)/chunk, func(_, i int) { s.Rule.Update(whole.part(i*chunk, min((i+1)*chunk, n))) })
	}
	return nil
}

// kept returns after how many numbers of a parameter's row the outputs begin that
// are not Kept, and how long a row is: a dense kernel [in,out] has rows of outputs,
// in a convolution's [out,in,h,w] and in a bias [out] they lie one after the other.
func (s *Solver) kept(p parameter) (row, kept int) {
	outputs := s.Kept[model.LayerOf(p.name)]
	shape := p.w.Shape()
	if len(shape) == 2 {
		return shape[1], min(outputs, shape[1])
	}
	return len(p.w.Float32s()), len(p.w.Float32s()) / shape[0] * min(outputs, shape[0])
}

// part returns the update of the values [lo,hi).
func (u Update) part(lo, hi int) Update {
	u.W, u.G = u.W[lo:hi], u.G[lo:hi]
	for i, m := range u.Memory {
		if m != nil {
			u.Memory[i] = m[lo:hi]
		}
	}
	return u
}

// factor returns the factor on the learning rate of a weight, as "fc1/W".
func (s *Solver) factor(weight string) float64 {
	if factor, ok := s.Factors[model.LayerOf(weight)]; ok {
		return factor
	}
	return 1
}

// parameter is one parameter of a step: its values w and their gradient g.
type parameter struct {
	name string
	w, g *tensor.Dense
}

func parameterOf(vg gorgonia.ValueGrad) (parameter, error) {
	named, ok := vg.(interface{ Name() string })
	if !ok {
		return parameter{}, errors.Errorf("solver: found a parameter without a name (%T)", vg)
	}
	w, okW := vg.Value().(*tensor.Dense)
	grad, err := vg.Grad()
	if err != nil {
		return parameter{}, errors.Wrapf(err, "gradient of %s", named.Name())
	}
	g, okG := grad.(*tensor.Dense)
	if !okW || !okG || w.Dtype() != tensor.Float32 || g.Dtype() != tensor.Float32 || !w.Shape().Eq(g.Shape()) {
		return parameter{}, errors.Errorf("solver: %s: expected a float32 tensor and a gradient of its shape", named.Name())
	}
	return parameter{named.Name(), w, g}, nil
}

func within(field string, v, lo, hi float64) error {
	if !(v >= lo && v < hi) || math.IsInf(v, 0) {
		return errors.Errorf("%s: found %v, expected from %v up to, not including, %v", field, v, lo, hi)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func validRate(rate float64) error {
	if r := float32(rate); !(r > 0) || math.IsInf(float64(r), 0) {
		return errors.Errorf("learning rate: found %v, expected above 0 and within what a float32 holds", rate)
	}
	return nil
}
