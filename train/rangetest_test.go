package train_test

import (
	"math"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// TestRangeTest runs the test on a real network: exponential rates, an end by
// steps or by explosion, and a suggestion where the loss fell.
func TestRangeTest(t *testing.T) {
	data, _ := sample(t, 320)
	for _, test := range []struct {
		max      float64
		explodes bool
	}{{0.5, false}, {1e4, true}} {
		r := &train.RangeTest{Min: 1e-4, Max: test.max, Steps: 60}
		must(t, r.Validate())
		trainer := newTrainer(t, small(), initial(t, small()), model.All(), 16, train.NewSGD(1e-4))
		err := trainer.Fit(t.Context(), data, train.Options{Epochs: 4, Schedule: r.Schedule, Hook: r})
		points := r.Points()
		if test.explodes != (len(points) < 60) || !errors.Is(err, train.ErrRangeTested) && !(test.explodes && errors.Is(err, train.ErrDiverged)) {
			t.Errorf("to %v: found %d steps and error %v", test.max, len(points), err)
		}
		for i, p := range points {
			if want := 1e-4 * math.Pow(test.max/1e-4, float64(i)/59); math.Abs(p.Rate/want-1) > 1e-9 || p.Step != i+1 {
				t.Errorf("step %d: found %+v, expected the rate %v", i+1, p, want)
			}
		}
		rate, err := r.Suggest()
		must(t, err)
		if !(rate > 1e-3 && rate < 1) {
			t.Errorf("to %v: found the suggestion %v", test.max, rate)
		}
	}
}

// TestRangeTestFormula feeds a known loss: a smoothed constant is that constant
// from the first step on, a fall is found where it is, and none is an error.
func TestRangeTestFormula(t *testing.T) {
	flat := &train.RangeTest{Min: 0.001, Max: 1, Steps: 20}
	fall := &train.RangeTest{Min: 0.001, Max: 1, Steps: 100}
	for step := range 20 {
		err := flat.Step(train.StepReport{Loss: 2, Rate: 0.001 * flat.Schedule(step, 0)})
		if (err != nil) != (step == 19) {
			t.Errorf("step %d: found error %v", step+1, err)
		}
	}
	for _, p := range flat.Points() {
		if math.Abs(p.Smoothed-2) > 1e-12 {
			t.Errorf("found the average %v of a loss that is always 2", p.Smoothed)
		}
	}
	if _, err := flat.Suggest(); err == nil {
		t.Error("a loss that did not fall: found no error")
	}
	for step := range 50 {
		loss := 2.0
		if step >= 40 {
			loss = 1
		}
		must(t, fall.Step(train.StepReport{Loss: loss, Rate: 0.001 * fall.Schedule(step, 0)}))
	}
	if rate, err := fall.Suggest(); err != nil || math.Abs(math.Log(rate/fall.Points()[40].Rate)) > 0.1 {
		t.Errorf("found %v and error %v, expected the rate of step 41, %v", rate, err, fall.Points()[40].Rate)
	}
	if err := fall.Step(train.StepReport{Loss: 100}); !errors.Is(err, train.ErrRangeTested) {
		t.Errorf("an explosion: found error %v", err)
	}
	for _, wrong := range []train.RangeTest{{Min: 0, Max: 1, Steps: 5}, {Min: 1, Max: 1, Steps: 5}, {Min: 1, Max: math.Inf(1), Steps: 5}, {Min: math.NaN(), Max: 1, Steps: 5}, {Min: 1, Max: 2, Steps: 1}} {
		if wrong.Validate() == nil {
			t.Errorf("%+v: found no error", wrong)
		}
	}
}
