package train

import (
	"strings"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// LayerRates is a solver whose learning rate is another for each layer: its own
// times the layer's factor. Under it is a solver of one kind for each factor
// that occurs, so that what a kind remembers is as without factors. Low layers
// of a pretrained network are often trained by small rates (Howard and Ruder
// 2018, https://arxiv.org/abs/1801.06146, section 3.2).
type LayerRates struct {
	rate    float64
	factors map[string]float64 // by layer; 1 where there is none
	solvers []rated
}

// rated is the solver of the layers of one factor.
type rated struct {
	factor float64
	Solver
}

// NewLayerRates returns a solver for the factors, from above 0, by the names of
// layers. solver makes one of the kind that is wanted, with the rate of a layer
// that has no factor; it is called once a factor, and must give another one
// each time.
func NewLayerRates(factors map[string]float64, solver func() Solver) *LayerRates {
	s := &LayerRates{factors: factors, solvers: []rated{{1, solver()}}}
	s.rate = s.solvers[0].Rate()
	for _, factor := range factors {
		if s.of(factor) == nil {
			s.solvers = append(s.solvers, rated{factor, solver()})
		}
	}
	return s
}

// of returns the solver of the layers of that factor.
func (s *LayerRates) of(factor float64) Solver {
	for _, r := range s.solvers {
		if r.factor == factor {
			return r.Solver
		}
	}
	return nil
}

// factor returns the factor of a weight, as "fc1/W", or of a tensor of a
// solver's state, as "velocity/fc1/W".
func (s *LayerRates) factor(name string) float64 {
	parts := strings.Split(name, "/")
	if factor, ok := s.factors[parts[max(0, len(parts)-2)]]; ok {
		return factor
	}
	return 1
}

// Step implements gorgonia.Solver.
func (s *LayerRates) Step(model []gorgonia.ValueGrad) error {
	for _, r := range s.solvers {
		var layers []gorgonia.ValueGrad
		for _, vg := range model {
			named, ok := vg.(interface{ Name() string })
			if !ok {
				return errors.Errorf("solver: found a parameter without a name (%T)", vg)
			}
			if s.factor(named.Name()) == r.factor {
				layers = append(layers, vg)
			}
		}
		if len(layers) == 0 {
			continue
		}
		r.SetRate(s.rate * r.factor)
		if err := r.Step(layers); err != nil {
			return err
		}
	}
	return nil
}

// Name implements Solver: that of the kind.
func (s *LayerRates) Name() string { return s.solvers[0].Name() }

// Rate implements Solver: that of a layer without a factor.
func (s *LayerRates) Rate() float64 { return s.rate }

// SetRate implements Solver.
func (s *LayerRates) SetRate(rate float64) { s.rate = rate }

// Validate implements Solver.
func (s *LayerRates) Validate() error {
	for layer, factor := range s.factors {
		if !(factor > 0) {
			return errors.Errorf("learning rate of %s: found the factor %v, expected a number above 0", layer, factor)
		}
	}
	for _, r := range s.solvers {
		r.SetRate(s.rate * r.factor)
		if err := r.Validate(); err != nil {
			return errors.WithMessagef(err, "with the factor %v", r.factor)
		}
	}
	return nil
}

// State implements Solver: the state of one solver of the kind for all layers.
func (s *LayerRates) State() State {
	all := State{Tensors: map[string][]float32{}}
	for _, r := range s.solvers {
		state := r.Solver.State()
		all.Steps = max(all.Steps, state.Steps)
		for name, v := range state.Tensors {
			all.Tensors[name] = v
		}
	}
	return all
}

// SetState implements Solver.
func (s *LayerRates) SetState(state State) error {
	before := make([]State, len(s.solvers))
	for i, r := range s.solvers {
		part := State{Tensors: map[string][]float32{}}
		for name, v := range state.Tensors {
			if s.factor(name) == r.factor {
				part.Tensors[name] = v
			}
		}
		if len(part.Tensors) > 0 || r.factor == 1 && len(state.Tensors) == 0 {
			part.Steps = state.Steps
		}
		before[i] = r.Solver.State()
		if err := r.Solver.SetState(part); err != nil {
			for j := range i {
				_ = s.solvers[j].SetState(before[j]) // it was its own
			}
			return err
		}
	}
	return nil
}
