package train

import (
	"math"
	"strings"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A Solver changes parameters by their gradients. It implements
// gorgonia.Solver; what it remembers between steps is kept by the parameter's
// name, and can be saved and put back.
//
// There are SGD, Momentum and Adam. Their zero fields take the defaults said
// at each; weight decay is on weights ("…/W") only, not on biases.
type Solver interface {
	gorgonia.Solver
	// Name is "sgd", "momentum" or "adam".
	Name() string
	// Rate returns the learning rate of the next step; SetRate sets it.
	Rate() float64
	SetRate(float64)
	// Validate returns an error naming the field that is out of range.
	Validate() error
	// State returns a copy of what the solver remembers.
	State() State
	// SetState replaces it, by a copy. A state that is not this kind of
	// solver's is an error and changes nothing.
	SetState(State) error
}

// State is what a solver remembers: how many steps it has made, and tensors
// named kind + "/" + parameter, "velocity/fc1/W".
type State struct {
	Steps   int
	Tensors map[string][]float32
}

func (s State) clone() State {
	c := State{s.Steps, make(map[string][]float32, len(s.Tensors))}
	for name, v := range s.Tensors {
		c.Tensors[name] = append([]float32(nil), v...)
	}
	return c
}

// of returns the tensor kind/name of n values, zeros when it is new.
func (s *State) of(kind, name string, n int) ([]float32, error) {
	if s.Tensors == nil {
		s.Tensors = map[string][]float32{}
	}
	key := kind + "/" + name
	v, ok := s.Tensors[key]
	if !ok {
		v = make([]float32, n)
		s.Tensors[key] = v
	}
	if len(v) != n {
		return nil, errors.Errorf("solver state %s: found %d values, expected %d", key, len(v), n)
	}
	return v, nil
}

// check returns an error unless the state holds only tensors of these kinds,
// and some once there was a step.
func (s State) check(kinds ...string) error {
	for key := range s.Tensors {
		kind, _, _ := strings.Cut(key, "/")
		known := false
		for _, k := range kinds {
			known = known || k == kind
		}
		if !known {
			return errors.Errorf("solver state %s: this solver keeps only %v: the state is another solver's", key, kinds)
		}
	}
	if s.Steps < 0 {
		return errors.Errorf("solver state: found %d steps, expected from 0", s.Steps)
	}
	if s.Steps > 0 && len(s.Tensors) == 0 && len(kinds) > 0 {
		return errors.Errorf("solver state: found %d steps and no tensors, expected some of %v: the state is another solver's", s.Steps, kinds)
	}
	return nil
}

// parameter is one parameter of a step: its values w and their gradient g.
type parameter struct {
	name string
	w, g []float32
}

// decay returns rate for weights and 0 for biases.
func (p parameter) decay(rate float64) float32 {
	if strings.HasSuffix(p.name, "/W") {
		return float32(rate)
	}
	return 0
}

// eachParameter calls f for every parameter of a step.
func eachParameter(model []gorgonia.ValueGrad, f func(p parameter) error) error {
	for _, vg := range model {
		named, ok := vg.(interface{ Name() string })
		if !ok {
			return errors.Errorf("solver: found a parameter without a name (%T)", vg)
		}
		w, okW := vg.Value().(*tensor.Dense)
		grad, err := vg.Grad()
		if err != nil {
			return errors.Wrapf(err, "gradient of %s", named.Name())
		}
		g, okG := grad.(*tensor.Dense)
		if !okW || !okG || w.Dtype() != tensor.Float32 || g.Dtype() != tensor.Float32 || !w.Shape().Eq(g.Shape()) {
			return errors.Errorf("solver: %s: expected a float32 tensor and a gradient of its shape", named.Name())
		}
		if err := f(parameter{named.Name(), w.Float32s(), g.Float32s()}); err != nil {
			return err
		}
	}
	return nil
}

// chunk is how many values one piece of a step's work has: enough to pay for
// the hand-over to another goroutine, few enough to stay in the cache.
const chunk = 1 << 14

// eachChunk calls f for ranges that together cover n values.
func eachChunk(n int, f func(lo, hi int)) {
	parallel.For((n+chunk-1)/chunk, func(_, i int) { f(i*chunk, min((i+1)*chunk, n)) })
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

func validateRates(learningRate, weightDecay float64) error {
	if r := float32(learningRate); !(r > 0) || math.IsInf(float64(r), 0) {
		return errors.Errorf("learning rate: found %v, expected above 0 and within what a float32 holds", learningRate)
	}
	return within("weight decay", weightDecay, 0, 1)
}
