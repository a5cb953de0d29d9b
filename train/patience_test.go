package train_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// mislabelled has its images' labels moved on by one, so that the better a
// network becomes, the larger its loss on them.
type mislabelled struct{ *dataset.Set }

func (m mislabelled) Label(i int) int { return (m.Set.Label(i) + 1) % 10 }

// TestPatience makes sure that Fit stops when the validation loss has not
// become smaller for so many epochs, and that the best weights are put back,
// then and when the epochs are over before.
func TestPatience(t *testing.T) {
	data, test := sample(t, 100)
	test, err := test.Limit(50, 1)
	must(t, err)
	spec := small()
	for _, run := range []struct {
		name             string
		validation       dataset.Examples
		patience, epochs int // of 4
		restored         bool
	}{
		{"no patience set", mislabelled{test}, 0, 4, false},
		{"one epoch", mislabelled{test}, 1, 2, true},
		{"two epochs", mislabelled{test}, 2, 3, true},
		{"the epochs are over first", mislabelled{test}, 9, 4, true},
		{"the last is the best", test, 1, 4, false},
	} {
		trainer := newTrainer(t, spec, initial(t, spec), model.All(), 32, momentum())
		var kept []*model.Weights
		var reports []train.EpochReport
		opt := train.Options{Epochs: 4, Validation: run.validation, Patience: run.patience, Hook: hooks{
			epoch: func(r train.EpochReport) error {
				kept = append(kept, trainer.Net().Weights().Clone())
				reports = append(reports, r)
				return nil
			},
		}}
		must(t, trainer.Fit(t.Context(), data, opt))
		if len(kept) != run.epochs {
			t.Fatalf("%s: found %d epochs, expected %d", run.name, len(kept), run.epochs)
		}
		best := run.epochs - 1
		if run.restored {
			best = 0
		}
		wantSame(t, run.name, trainer.Net().Weights(), kept[best])
		for i, r := range reports {
			if wantBest := i == 0 || run.validation == dataset.Examples(test); r.Best != wantBest {
				t.Errorf("%s: epoch %d: found best %t, loss %g", run.name, i+1, r.Best, r.Validation.Loss)
			}
		}
		if got := evaluate(t, trainer, run.validation); got.Correct != reports[best].Validation.Correct {
			t.Errorf("%s: found %d correct, expected the %d of epoch %d", run.name, got.Correct, reports[best].Validation.Correct, best+1)
		}
		must(t, trainer.Fit(t.Context(), data, opt)) // has nothing left to do
		wantSame(t, run.name+", once more", trainer.Net().Weights(), kept[best])
	}
}

// TestHookEndsTraining makes sure that a hook's error comes back, and that Fit
// goes on after it as if it had not stopped.
func TestHookEndsTraining(t *testing.T) {
	data, _ := sample(t, 40)
	spec := small()
	whole := newTrainer(t, spec, initial(t, spec), model.Last(1), 16, momentum())
	must(t, whole.Fit(t.Context(), data, train.Options{Epochs: 2}))

	enough := errors.New("enough")
	trainer := newTrainer(t, spec, initial(t, spec), model.Last(1), 16, momentum())
	epochs := 0
	opt := train.Options{Epochs: 2, Hook: hooks{
		step:  func(r train.StepReport) error { return map[int]error{2: enough, 3: enough}[r.Step] },
		epoch: func(r train.EpochReport) error { epochs++; return enough },
	}}
	for range 4 { // steps 2 and 3, epochs 1 and 2
		wantError(t, "the hook's error", trainer.Fit(t.Context(), data, opt), enough)
	}
	must(t, trainer.Fit(t.Context(), data, opt))
	if epochs != 2 {
		t.Errorf("found %d epochs, expected 2", epochs)
	}
	wantSame(t, "after the hook's errors", trainer.Net().Weights(), whole.Net().Weights())
}
