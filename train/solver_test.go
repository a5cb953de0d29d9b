package train_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/train"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// param is one parameter for a solver, without a graph.
type param struct {
	name        string
	value, grad *tensor.Dense
}

func (p *param) Name() string                  { return p.name }
func (p *param) Value() gorgonia.Value         { return p.value }
func (p *param) Grad() (gorgonia.Value, error) { return p.grad, nil }
func (p *param) values() (w, g []float32)      { return p.value.Float32s(), p.grad.Float32s() }
func valueGrads(p ...*param) (v []gorgonia.ValueGrad) {
	for _, q := range p {
		v = append(v, q)
	}
	return v
}

// params returns a weight large enough for two pieces of a solver's loop, and
// a bias; the same for every call.
func params() []*param {
	rng := rand.New(rand.NewPCG(3, 4))
	var all []*param
	for _, p := range []struct {
		name  string
		n     int
		shape []int
	}{{"fc1/W", 20000, []int{200, 100}}, {"fc1/b", 37, []int{37}}} {
		w, g := make([]float32, p.n), make([]float32, p.n)
		for i := range w {
			w[i] = float32(rng.NormFloat64())
		}
		all = append(all, &param{p.name,
			tensor.New(tensor.WithShape(p.shape...), tensor.WithBacking(w)), tensor.New(tensor.WithShape(p.shape...), tensor.WithBacking(g))})
	}
	return all
}

// drawGradients puts the gradients of a step into p.
func drawGradients(p []*param, step int) {
	rng := rand.New(rand.NewPCG(5, uint64(step)))
	for _, q := range p {
		_, g := q.values()
		for i := range g {
			g[i] = float32(0.1 * rng.NormFloat64())
		}
	}
}

// A rule is a textbook formula: what one number becomes at step t, from 1. It
// keeps what it remembers of that number in m.
type rule func(w, g, decay float64, m *[2]float64, t int) float64

const rate = 0.05

func sgdRule(w, g, decay float64, _ *[2]float64, _ int) float64 { return w - rate*(g+decay*w) }

func momentumRule(w, g, decay float64, m *[2]float64, _ int) float64 {
	m[0] = 0.9*m[0] + g + decay*w
	return w - rate*m[0]
}

func adamRule(beta1, beta2, epsilon float64) rule {
	return func(w, g, decay float64, m *[2]float64, t int) float64 {
		m[0] = beta1*m[0] + (1-beta1)*g
		m[1] = beta2*m[1] + (1-beta2)*g*g
		mean, variance := m[0]/(1-math.Pow(beta1, float64(t))), m[1]/(1-math.Pow(beta2, float64(t)))
		return w - rate*(mean/(math.Sqrt(variance)+epsilon)+decay*w)
	}
}

// TestTextbook holds each solver to its formula in float64, without and with
// weight decay, which must leave the bias alone.
func TestTextbook(t *testing.T) {
	for _, test := range []struct {
		name   string
		decay  float64
		solver *train.Solver
		rule   rule
	}{
		{"sgd", 0, train.NewSGD(rate), sgdRule},
		{"sgd, decay", 0.1, &train.Solver{Rule: train.SGD{}, LearningRate: rate, WeightDecay: 0.1}, sgdRule},
		{"momentum", 0, train.NewMomentum(rate, 0.9), momentumRule},
		{"momentum, decay", 0.1, &train.Solver{Rule: train.Momentum{Momentum: 0.9}, LearningRate: rate, WeightDecay: 0.1}, momentumRule},
		{"adam", 0, train.NewAdam(rate), adamRule(0.9, 0.999, 1e-8)},
		{"adam, decay", 0.1, &train.Solver{Rule: train.Adam{}, LearningRate: rate, WeightDecay: 0.1}, adamRule(0.9, 0.999, 1e-8)},
		{"adam, other constants", 0, &train.Solver{Rule: train.Adam{Beta1: 0.8, Beta2: 0.99, Epsilon: 1e-3}, LearningRate: rate}, adamRule(0.8, 0.99, 1e-3)},
	} {
		must(t, test.solver.Validate())
		p := params()
		want, memory := map[string][]float64{}, map[string][][2]float64{}
		for _, q := range p {
			w, _ := q.values()
			memory[q.name] = make([][2]float64, len(w))
			for _, x := range w {
				want[q.name] = append(want[q.name], float64(x))
			}
		}
		for step := 1; step <= 8; step++ {
			drawGradients(p, step)
			must(t, test.solver.Step(valueGrads(p...)))
			for _, q := range p {
				decay := test.decay
				if q.name == "fc1/b" {
					decay = 0
				}
				_, g := q.values()
				for i, w := range want[q.name] {
					want[q.name][i] = test.rule(w, float64(g[i]), decay, &memory[q.name][i], step)
				}
			}
		}
		for _, q := range p {
			w, _ := q.values()
			worst := 0.0
			for i, x := range w {
				worst = max(worst, math.Abs(float64(x)-want[q.name][i]))
			}
			t.Logf("%s, %s: largest difference %.1e", test.name, q.name, worst)
			if !(worst <= 3e-6) {
				t.Errorf("%s, %s: the largest difference is %g, expected at most 3e-6", test.name, q.name, worst)
			}
		}
	}
}

// TestAgainstGorgoniasSolvers compares with those of Gorgonia's solvers that
// are right.
func TestAgainstGorgoniasSolvers(t *testing.T) {
	for _, test := range []struct {
		ours   *train.Solver
		theirs gorgonia.Solver
	}{
		{train.NewSGD(rate), gorgonia.NewVanillaSolver(gorgonia.WithLearnRate(rate))},
		{train.NewMomentum(rate, 0.9), gorgonia.NewMomentum(gorgonia.WithLearnRate(rate), gorgonia.WithMomentum(0.9))},
		{train.NewAdam(rate), gorgonia.NewAdamSolver(gorgonia.WithLearnRate(rate))},
	} {
		ours, theirs := params(), params()
		for step := range 8 {
			drawGradients(ours, step)
			drawGradients(theirs, step) // Gorgonia's solvers overwrite gradients
			must(t, test.ours.Step(valueGrads(ours...)))
			must(t, test.theirs.Step(valueGrads(theirs...)))
		}
		for i, q := range ours {
			a, _ := q.values()
			b, _ := theirs[i].values()
			worst := 0.0
			for j := range a {
				worst = max(worst, math.Abs(float64(a[j]-b[j])))
			}
			t.Logf("%s, %s: largest difference %.1e", test.ours.Name(), q.name, worst)
			if !(worst <= 3e-6) {
				t.Errorf("%s, %s: the largest difference is %g, expected at most 3e-6", test.ours.Name(), q.name, worst)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	var solvers []*train.Solver
	var field []string
	add := func(name string, s *train.Solver) { solvers, field = append(solvers, s), append(field, name) }
	for _, r := range []float64{0, -1, nan, inf, -inf, 1e39, 1e-60} {
		add("learning rate", train.NewSGD(r))
		add("learning rate", train.NewMomentum(r, 0))
		add("learning rate", train.NewAdam(r))
	}
	for _, v := range []float64{-0.1, 1, 2, nan, inf} {
		add("weight decay", &train.Solver{Rule: train.SGD{}, LearningRate: 1, WeightDecay: v})
		add("weight decay", &train.Solver{Rule: train.Momentum{Momentum: 0}, LearningRate: 1, WeightDecay: v})
		add("weight decay", &train.Solver{Rule: train.Adam{}, LearningRate: 1, WeightDecay: v})
		add("momentum", train.NewMomentum(1, v))
		add("beta1", &train.Solver{Rule: train.Adam{Beta1: v}, LearningRate: 1})
		add("beta2", &train.Solver{Rule: train.Adam{Beta2: v}, LearningRate: 1})
	}
	for _, v := range []float64{-1e-8, 1e-40, 1, nan, inf} {
		add("epsilon", &train.Solver{Rule: train.Adam{Epsilon: v}, LearningRate: 1})
	}
	for i, s := range solvers {
		wantError(t, fmt.Sprintf("%+v", s), s.Validate(), nil, field[i]+": found ")
	}
	for _, s := range []*train.Solver{train.NewSGD(1e-9), {Rule: train.Momentum{Momentum: 0.99}, LearningRate: 1e3, WeightDecay: 0.5}, train.NewAdam(1)} {
		if err := s.Validate(); err != nil {
			t.Errorf("%+v: found error %v", s, err)
		}
	}
}

func TestSolverByName(t *testing.T) {
	for _, name := range train.SolverNames() {
		s, err := train.SolverByName(name, 0.5)
		must(t, err)
		if must(t, s.Validate()); s.Name() != name || s.LearningRate != 0.5 {
			t.Errorf("%s: found %s with rate %v", name, s.Name(), s.LearningRate)
		}
	}
	if _, err := train.SolverByName("sdg", 1); err == nil || !strings.Contains(err.Error(), "sgd, momentum, adam") {
		t.Errorf("an unknown name: found error %v", err)
	}
}
