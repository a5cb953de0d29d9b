package train_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/train"
	"gorgonia.org/tensor"
)

// solvers returns one fresh solver of each kind.
func solvers() map[string]*train.Solver {
	return map[string]*train.Solver{
		"sgd":      {Rule: train.SGD{}, LearningRate: 0.01, WeightDecay: 0.1},
		"momentum": {Rule: train.Momentum{Momentum: 0.9}, LearningRate: 0.01, WeightDecay: 0.1},
		"adam":     {Rule: train.Adam{}, LearningRate: 0.01, WeightDecay: 0.1},
	}
}

// TestStateContinues makes sure that a solver with the state of another goes
// on as that one would have, bit for bit.
func TestStateContinues(t *testing.T) {
	others := solvers()
	for name, s := range solvers() {
		if s.Name() != name {
			t.Errorf("found name %q, expected %q", s.Name(), name)
		}
		p, q := params(), params()
		for step := range 6 {
			drawGradients(p, step)
			must(t, s.Step(valueGrads(p...)))
			if step != 2 {
				continue
			}
			for i := range p {
				copy(q[i].value.Float32s(), p[i].value.Float32s())
			}
			state := s.State()
			must(t, others[name].SetState(state))
			for _, v := range state.Tensors { // both must have copied it
				clear(v)
			}
		}
		for step := 3; step < 6; step++ {
			drawGradients(q, step)
			must(t, others[name].Step(valueGrads(q...)))
		}
		for i := range p {
			if !sameBits(p[i].value.Float32s(), q[i].value.Float32s()) {
				t.Errorf("%s: %s has other bits", name, p[i].name)
			}
		}
		if got := others[name].State().Steps; got != 6 {
			t.Errorf("%s: found %d steps, expected 6", name, got)
		}
	}
}

func TestStateNames(t *testing.T) {
	for name, want := range map[string]string{
		"sgd":      "",
		"momentum": "velocity/fc1/W velocity/fc1/b",
		"adam":     "mean/fc1/W mean/fc1/b variance/fc1/W variance/fc1/b",
	} {
		s := solvers()[name]
		must(t, s.Step(valueGrads(params()...)))
		if got := strings.Join(slices.Sorted(maps.Keys(s.State().Tensors)), " "); got != want {
			t.Errorf("%s: found state %q, expected %q", name, got, want)
		}
	}
}

// TestOtherState makes sure that a state that is not the solver's own is
// refused, and leaves the solver as it was.
func TestOtherState(t *testing.T) {
	for from, source := range solvers() {
		must(t, source.Step(valueGrads(params()...)))
		for to, s := range solvers() {
			if from == to {
				must(t, s.SetState(source.State()))
				continue
			}
			must(t, s.Step(valueGrads(params()...)))
			must(t, s.Step(valueGrads(params()...)))
			wantError(t, from+" to "+to, s.SetState(source.State()), nil, "solver state")
			if got := s.State().Steps; got != 2 {
				t.Errorf("%s to %s: found %d steps after the error, expected the 2 before it", from, to, got)
			}
		}
	}
	s := solvers()["momentum"]
	wantError(t, "negative steps", s.SetState(train.State{Steps: -1}), nil, "found -1 steps")
	must(t, s.SetState(train.State{})) // of a solver that has not stepped
	must(t, s.SetState(train.State{Steps: 1, Tensors: map[string][]float32{"velocity/fc1/W": {1, 2}}}))
	wantError(t, "a state of another network", s.Step(valueGrads(params()...)), nil, "velocity/fc1/W: found 2 values, expected 20000")
}

// TestSolverRefuses makes sure that a parameter that is not float32, or has a
// gradient of another shape, is an error with its name.
func TestSolverRefuses(t *testing.T) {
	double := &param{"fc1/W", tensor.New(tensor.WithShape(3), tensor.Of(tensor.Float64)), tensor.New(tensor.WithShape(3), tensor.Of(tensor.Float64))}
	shapes := &param{"fc1/W", tensor.New(tensor.WithShape(3), tensor.Of(tensor.Float32)), tensor.New(tensor.WithShape(4), tensor.Of(tensor.Float32))}
	for name, s := range solvers() {
		wantError(t, name+", float64", s.Step(valueGrads(double)), nil, "fc1/W")
		wantError(t, name+", shapes", s.Step(valueGrads(shapes)), nil, "fc1/W")
	}
}
