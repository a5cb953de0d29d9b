package train_test

import (
	"math"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

func TestSchedules(t *testing.T) {
	for name, want := range map[string]map[int]float64{ // factor by step of 8
		"constant": {0: 1, 4: 1, 7: 1, 8: 1},
		"step":     {0: 1, 3: 1, 4: 0.1, 5: 0.1, 6: 0.01, 7: 0.01},
		"cosine":   {0: 1, 2: (1 + math.Sqrt2/2) / 2, 4: 0.5, 6: (1 - math.Sqrt2/2) / 2, 8: 0},
	} {
		schedule, err := train.ParseSchedule(name)
		must(t, err)
		for step, factor := range want {
			if got := schedule(step, 8); math.Abs(got-factor) > 1e-12 {
				t.Errorf("%s, step %d of 8: found %g, expected %g", name, step, got, factor)
			}
		}
		for step := range 7 {
			if schedule(step+1, 8) > schedule(step, 8) || !(schedule(step, 8) > 0) {
				t.Errorf("%s: found %g, then %g, expected no rise, and more than 0", name, schedule(step, 8), schedule(step+1, 8))
			}
		}
	}
	_, err := train.ParseSchedule("linear")
	wantError(t, "an unknown name", err, nil, `found "linear"`, "constant, step or cosine")
}

// TestFitFollowsTheSchedule makes sure that each step has the schedule's
// learning rate, and that the solver has its own again afterwards.
func TestFitFollowsTheSchedule(t *testing.T) {
	data, _ := sample(t, 40)
	spec := small()
	trainer := newTrainer(t, spec, initial(t, spec), model.Last(1), 16, train.NewSGD(0.5))
	var rates []float64
	err := trainer.Fit(t.Context(), data, train.Options{Epochs: 4, Schedule: train.CosineRate, Hook: hooks{
		step:  func(r train.StepReport) error { rates = append(rates, r.Rate); return nil },
		epoch: func(r train.EpochReport) error { rates = append(rates, r.Rate); return nil },
	}})
	must(t, err)
	step := 0
	for i, r := range rates {
		if i%4 == 3 { // the epoch's: its last step's
			step--
		}
		if want := 0.5 * train.CosineRate(step, 12); r != want {
			t.Errorf("report %d: found learning rate %g, expected %g", i, r, want)
		}
		step++
	}
	if len(rates) != 16 || trainer.Solver().LearningRate != 0.5 {
		t.Errorf("found %d reports and afterwards the rate %g, expected 16 and 0.5", len(rates), trainer.Solver().LearningRate)
	}
}
