package logistic

import (
	"context"
	"math"
	"slices"

	"github.com/pkg/errors"
	"gonum.org/v1/gonum/floats"
)

// Tolerance is the share of the objective by which it may be above the minimum
// for Minimise to count it as reached.
const Tolerance = 1e-4

// ErrNotFinite is the cause of Minimise's error where the loss is no number.
var ErrNotFinite = errors.New("the loss is not finite")

// Options says how Minimise goes about it.
type Options struct {
	Iterations int             // at most
	Iteration  func(Iteration) // called after each; may be nil
}

// Iteration is where Minimise is after an iteration.
type Iteration struct {
	Iteration    int     `json:"iteration"`
	Of           int     `json:"-"`
	Loss         float64 `json:"loss"` // with the penalty
	GradientNorm float64 `json:"gradient_norm"`
}

// Result is what Minimise did.
type Result struct {
	Converged    bool    // Objective is at the minimum, or without a penalty the loss is flat there
	Gap          float64 // how far, at most, Objective is above the minimum
	Iterations   int
	Evaluations  int     // of the loss and its gradient: passes over the rows
	Objective    float64 // the loss with the penalty, at the float32 weights
	Loss         float64 // and without
	GradientNorm float64 // Euclidean, of Objective
}

// Minimise writes the layer with the least loss to kernel [F,K] and bias [K].
// What they held before does not matter, except for Terms.Kept. When ctx is done it
// stops with ctx's error, and they hold the best layer so far; after any other error
// they are unchanged.
func (s *Loss) Minimise(ctx context.Context, kernel, bias []float32, opt Options) (Result, error) {
	t := s.standardise()
	s.standard, s.scaled = &t, !t.plain()
	x := make([]float64, s.parameters())
	t.keep(x, kernel, bias)
	search := &search{ctx: ctx, loss: s, opt: opt, gradient: make([]float64, len(x))}
	gap, stopped := search.run(x)
	if err := s.err(); err != nil {
		return Result{}, err
	}
	if !finite(search.value) {
		return Result{}, errors.Wrapf(ErrNotFinite, "the loss is %v: features are too large or not finite", search.value)
	}
	search.evaluate(x)
	best := search.value
	w, b := slices.Clone(kernel), slices.Clone(bias)
	t.round(x, w, b)
	r := Result{Iterations: search.iterations}
	r.Objective, r.Loss = s.at(x, search.gradient)
	if err := s.err(); err != nil {
		return Result{}, err
	}
	if !finite(r.Objective) {
		return Result{}, errors.Wrap(ErrNotFinite, "float32 cannot hold the layer: features are too small")
	}
	copy(kernel, w)
	copy(bias, b)
	r.GradientNorm = floats.Norm(search.gradient, 2)
	r.Gap = min(r.Objective, gap+max(0, r.Objective-best))
	search.value = r.Objective
	r.Converged = r.Gap <= search.share(Tolerance) || search.flat(flatTolerance)
	r.Evaluations = search.evaluations
	return r, stopped
}

// At returns the loss of a layer, without the penalty. The error is that of Rows.Read.
func (s *Loss) At(kernel, bias []float32) (float64, error) {
	x := make([]float64, 0, s.parameters())
	for _, part := range [][]float32{kernel, bias} {
		for _, v := range part {
			x = append(x, float64(v))
		}
	}
	_, loss := s.at(x, make([]float64, len(x)))
	return loss, s.err()
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
