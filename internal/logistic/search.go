package logistic

import (
	"cmp"
	"context"
	"math"

	"github.com/pkg/errors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

// search is one search for the minimum of a loss: L-BFGS with fast products
// from afar, then Newton's method, which also tells how far the minimum is.
type search struct {
	ctx  context.Context
	loss *Loss
	opt  Options

	at       []float64 // where value and gradient were computed, nil: nowhere
	value    float64
	gradient []float64

	iterations, evaluations int
	begun                   bool // past the first point of the search, which is no iteration
	asked                   int  // for a value or a gradient since the last iteration
}

// errStalled ends a line search that finds no better point.
var errStalled = errors.New("the line search finds no better point")

// lineSearch is how often a line search may ask for a value or a gradient. It needs a
// few, but would go on for ever where the loss falls by less than its rounding.
const lineSearch = 60

// run moves x towards the minimum and returns how far, at most, the loss there
// is above it. It ends when that is within aim, when it makes no more progress, or
// after the last iteration.
func (s *search) run(x []float64) (gap float64, err error) {
	s.descend(x)
	for s.stopped() == nil {
		s.evaluate(x)
		if !finite(s.value) {
			return math.Inf(1), nil
		}
		gap = min(s.value, s.bound(s.gradient))
		if gap <= s.share(aim) || s.flat(flatAim) || s.spent() {
			break
		}
		direction, decrement, exact := s.newton(x)
		gap = min(gap, decrement/2)
		if gap <= s.share(aim) || s.stopped() != nil {
			break
		}
		moved := s.step(x, direction)
		if moved && (exact || s.loss.precise) {
			continue
		}
		if s.loss.precise || gap <= s.share(Tolerance/10) {
			break
		}
		s.loss.precise, s.at = true, nil
	}
	return gap, s.stopped()
}

// stopped returns why the search cannot go on, nil if it can.
func (s *search) stopped() error { return cmp.Or(s.loss.err(), s.ctx.Err()) }

// spent reports whether all iterations are used up, or the evaluations that they
// should have taken.
func (s *search) spent() bool {
	return s.iterations >= s.opt.Iterations || s.evaluations >= 2*s.opt.Iterations
}

// Without a penalty the least curvature is 0, nothing bounds how far the minimum
// can be, and it may be at infinity. The search then ends where the gradient's
// norm is flatAim; flatTolerance is taken as there.
const (
	flatAim       = 1e-6
	flatTolerance = 1e-5
)

// flat reports whether there is no penalty and the gradient is that small, also
// relative to the loss: where classes can be separated both fall together.
func (s *search) flat(norm float64) bool {
	n := floats.Norm(s.gradient, 2)
	return s.loss.L2 == 0 && n <= norm && n <= 1e-3*s.value
}

// aim is the share of the loss by which it may be above the minimum where the
// search ends.
const aim = 1e-7

// share returns that share of the loss, but never less than is worth the effort:
// where classes can be separated the minimum may be 0, at infinity.
func (s *search) share(share float64) float64 {
	floor := 1e-20
	if s.loss.L2 == 0 {
		floor = 1e-6
	}
	return max(floor, share*s.value)
}

// bound returns how far the minimum can be below value, going by the gradient G
// and the least curvature m there can be: Σ G²/2m. Along U that is the penalty.
// c has none, and m is taken from the spread of the probabilities.
func (s *search) bound(gradient []float64) float64 {
	var twice float64
	for i, g := range gradient {
		if g == 0 {
			continue
		}
		j, c := i/s.loss.classes, i%s.loss.classes
		if j < s.loss.features {
			twice += g * g / s.loss.penalty(j)
		} else {
			twice += 2 * g * g / s.loss.spread[c]
		}
	}
	return twice / 2
}

// descend moves x to near the minimum by L-BFGS.
func (s *search) descend(x []float64) {
	problem := optimize.Problem{
		Func: func(v []float64) float64 { s.asked++; s.evaluate(v); return s.value },
		Grad: func(gradient, v []float64) { s.asked++; s.evaluate(v); copy(gradient, s.gradient) },
		Status: func() (optimize.Status, error) {
			switch {
			case s.stopped() != nil:
				return optimize.Failure, s.stopped()
			case s.asked > lineSearch:
				return optimize.Failure, errStalled
			}
			return optimize.NotTerminated, nil
		},
	}
	// An error says that it makes no more progress; Newton's method then finds out why.
	found, _ := optimize.Minimize(problem, x, &optimize.Settings{Converger: s},
		&optimize.LBFGS{Store: 30, Linesearcher: &optimize.MoreThuente{}, GradStopThreshold: math.NaN()})
	if found != nil && finite(found.F) {
		copy(x, found.X)
	}
}

// evaluate computes value and gradient at x, once for all that ask for them.
func (s *search) evaluate(x []float64) {
	if s.at != nil && floats.Equal(s.at, x) {
		return
	}
	s.at = append(s.at[:0], x...)
	s.value, _ = s.loss.at(x, s.gradient)
	s.evaluations++
}

// Init implements optimize.Converger.
func (s *search) Init(int) { s.begun = false }

// Converged implements optimize.Converger. It is called after each iteration,
// just after its last evaluation, and at the point that the search begins at.
func (s *search) Converged(*optimize.Location) optimize.Status {
	s.asked = 0
	if s.begun {
		s.iterated()
	}
	s.begun = true
	switch {
	case s.bound(s.gradient) <= s.share(aim):
		return optimize.FunctionConvergence
	case s.near():
		return optimize.FunctionConvergence
	case s.iterations >= s.opt.Iterations:
		return optimize.IterationLimit
	}
	return optimize.NotTerminated
}

// near reports whether Newton's method is likely to confirm the minimum at once.
func (s *search) near() bool {
	var twice float64
	for i, g := range s.gradient {
		if g != 0 {
			twice += g * g / s.diagonal(i)
		}
	}
	return twice/2 <= s.share(10*aim)
}

// diagonal estimates the second derivative along parameter i.
func (s *search) diagonal(i int) float64 {
	j, c := i/s.loss.classes, i%s.loss.classes
	if j < s.loss.features {
		return s.loss.spread[c] + s.loss.penalty(j)
	}
	return s.loss.spread[c]
}

// iterated counts an iteration and reports it.
func (s *search) iterated() {
	s.iterations++
	if s.opt.Iteration != nil {
		s.opt.Iteration(Iteration{s.iterations, s.opt.Iterations, s.value, floats.Norm(s.gradient, 2)})
	}
}
