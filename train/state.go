package train

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// State is what a solver remembers: how many steps it has made, and tensors
// named kind + "/" + parameter, "velocity/fc1/W".
type State struct {
	Steps   int
	Tensors map[string][]float32
}

// State returns a copy of what the solver remembers.
func (s *Solver) State() State { return s.state.clone() }

// SetState replaces it, by a copy. A state that is not of this rule is an error
// and changes nothing.
func (s *Solver) SetState(state State) error {
	if s == nil || s.noRule() {
		return s.Validate()
	}
	if err := state.check(s.Rule.Memories()); err != nil {
		return err
	}
	s.state = state.clone()
	return nil
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
func (s State) check(kinds []string) error {
	for key := range s.Tensors {
		if kind, _, _ := strings.Cut(key, "/"); !slices.Contains(kinds, kind) {
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
