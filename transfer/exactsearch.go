package transfer

import (
	"context"
	"math"

	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

// exactSearch is one run of L-BFGS: the problem and its end. It moves about
// among centred layers.
type exactSearch struct {
	ctx     context.Context
	loss    *softmaxLoss
	opt     ExactOptions
	centred centred

	at       []float64 // where value and gradient were computed, centred
	layer    []float64 // that as (W,b)
	value    float64
	gradient []float64 // towards (W,b)

	iterations, evaluations int
	begun                   bool // the first point of a search, no iteration, is behind it
	tried                   int  // evaluations since the last iteration
}

// errStalled ends a line search that finds no better point.
var errStalled = errors.New("the line search finds no better point")

// lineSearch is how many points a line search may try. It needs one or two, but
// goes on for ever where the loss falls by less than its rounding.
const lineSearch = 30

// run moves the layer x to the minimum. Where fast products are too rough to
// get there, the search goes on with precise ones.
func (s *exactSearch) run(x []float64) error {
	problem := optimize.Problem{
		Func: func(v []float64) float64 { s.evaluate(v); return s.value },
		Grad: func(gradient, v []float64) { s.evaluate(v); s.centred.gradient(gradient, s.gradient) },
		Status: func() (optimize.Status, error) {
			switch {
			case s.ctx.Err() != nil:
				return optimize.Failure, s.ctx.Err()
			case s.tried > lineSearch:
				return optimize.Failure, errStalled
			}
			return optimize.NotTerminated, nil
		},
	}
	v := make([]float64, len(x))
	s.centred.shift(v, x, 1)
	for {
		s.at, s.tried = nil, 0 // Minimize asks for the status at once
		found, err := optimize.Minimize(problem, v, &optimize.Settings{Converger: s}, &optimize.LBFGS{Store: 30, Linesearcher: &optimize.MoreThuente{}, GradStopThreshold: math.NaN()})
		moved := found != nil && !math.IsInf(found.F, 1)
		if moved {
			copy(v, found.X)
			s.centred.shift(x, v, -1)
		}
		switch {
		case s.ctx.Err() != nil:
			return s.ctx.Err()
		case !moved:
			return errors.Wrapf(train.ErrDiverged, "before the first iteration: features or weights are too large or not finite: %v", err)
		case err == nil || s.loss.precise:
			return nil // at the minimum, at the last iteration, or as near as float64 gets
		}
		s.loss.precise = true
	}
}

// evaluate computes value and gradient at v, once for the two functions that
// ask for them.
func (s *exactSearch) evaluate(v []float64) {
	if s.at != nil && floats.Equal(s.at, v) {
		return
	}
	s.at = append(s.at[:0], v...)
	s.centred.shift(s.layer, v, -1)
	s.value, _ = s.loss.at(s.layer, s.gradient)
	s.evaluations++
	s.tried++
}

// Init implements optimize.Converger.
func (s *exactSearch) Init(int) { s.begun = false }

// Converged implements optimize.Converger. It is told of each iteration, just
// after its last evaluation, and of the point that the search begins at.
func (s *exactSearch) Converged(*optimize.Location) optimize.Status {
	s.tried = 0
	norm := floats.Norm(s.gradient, 2)
	if s.begun {
		s.iterations++
		if s.opt.Iteration != nil {
			s.opt.Iteration(ExactIteration{s.iterations, s.opt.Iterations, s.value, norm})
		}
	}
	s.begun = true
	switch {
	case norm < ExactTolerance:
		return optimize.GradientThreshold
	case s.iterations >= s.opt.Iterations:
		return optimize.IterationLimit
	}
	return optimize.NotTerminated
}
