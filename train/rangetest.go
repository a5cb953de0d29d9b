package train

import (
	"math"

	"github.com/pkg/errors"
)

// RangeTest finds a learning rate: it lets the rate rise exponentially from Min
// to Max, and watches the loss fall, stall and explode (Smith 2017, "Cyclical
// Learning Rates for Training Neural Networks",
// https://arxiv.org/abs/1506.01186, section 3.3).
//
//	test := &train.RangeTest{Min: 1e-5, Max: 1, Steps: 100}
//	err := trainer.Fit(ctx, data, train.Options{Epochs: many, Schedule: test.Schedule, Hook: test}) // of a solver with the rate Min
//	rate, err := test.Suggest()                                                                     // once errors.Is(err, train.ErrRangeTested)
//
// It ruins the weights: give it a Clone.
type RangeTest struct {
	Min, Max float64                // rates of the first and the last step
	Steps    int                    // from 2
	Each     func(RangePoint) error // called after each step; may be nil

	points  []RangePoint
	average float64 // exponential, from 0
	best    float64 // smallest smoothed loss
}

// RangePoint is one step of a RangeTest.
type RangePoint struct {
	Step     int     `json:"step"` // from 1
	Rate     float64 `json:"learning_rate"`
	Loss     float64 `json:"loss"` // of the batch, before the step
	Smoothed float64 `json:"smoothed_loss"`
}

// ErrRangeTested is the cause of the error that ends Fit in a RangeTest: after
// its last step, or when the smoothed loss exceeds four times the smallest.
var ErrRangeTested = errors.New("the learning rate range test is done")

const (
	// rangeMemory is the share of the average that stays from step to step: it
	// is over about ten steps.
	rangeMemory = 0.9
	// rangeExploded times the smallest loss is the end.
	rangeExploded = 4
)

// Validate returns an error that names the field out of its range.
func (r *RangeTest) Validate() error {
	if !(r.Min > 0 && r.Max > r.Min) || math.IsInf(r.Max, 0) {
		return errors.Errorf("learning rates: found %v to %v, expected the first above 0 and the second above it", r.Min, r.Max)
	}
	if r.Steps < 2 {
		return errors.Errorf("steps: found %d, expected from 2", r.Steps)
	}
	return nil
}

// Schedule is the Schedule of the test, on a solver with the learning rate Min.
func (r *RangeTest) Schedule(step, _ int) float64 {
	return math.Pow(r.Max/r.Min, float64(step)/float64(r.Steps-1))
}

// Step implements Hook.
func (r *RangeTest) Step(report StepReport) error {
	r.average = rangeMemory*r.average + (1-rangeMemory)*report.Loss
	n := len(r.points) + 1
	// The average begins at 0; this takes that out again (Kingma and Ba 2015,
	// https://arxiv.org/abs/1412.6980, section 3).
	p := RangePoint{n, report.Rate, report.Loss, r.average / (1 - math.Pow(rangeMemory, float64(n)))}
	r.points = append(r.points, p)
	if n == 1 || p.Smoothed < r.best {
		r.best = p.Smoothed
	}
	if r.Each != nil {
		if err := r.Each(p); err != nil {
			return err
		}
	}
	if n >= r.Steps || p.Smoothed > rangeExploded*r.best {
		return ErrRangeTested
	}
	return nil
}

// Epoch implements Hook.
func (r *RangeTest) Epoch(EpochReport) error { return nil }

// Points returns the steps made.
func (r *RangeTest) Points() []RangePoint { return append([]RangePoint(nil), r.points...) }

// Suggest returns the rate where the smoothed loss fell most steeply over the
// logarithm of the rate. The average lags by some steps, so the loss itself
// fell most steeply at a slightly smaller rate. The first steps, too few for an
// average, do not count. It is an error if the loss never fell.
func (r *RangeTest) Suggest() (float64, error) {
	best, rate := -1e-9*r.best, 0.0 // less is rounding
	for i := 5; i+1 < len(r.points); i++ {
		before, after := r.points[i-1], r.points[i+1]
		if slope := (after.Smoothed - before.Smoothed) / math.Log(after.Rate/before.Rate); slope < best {
			best, rate = slope, r.points[i].Rate
		}
	}
	if rate == 0 {
		return 0, errors.Errorf("range of learning rates: the loss did not fall in %d steps; take more, or a lower first rate", len(r.points))
	}
	return rate, nil
}
