package train_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// overflowing returns finite weights whose outputs overflow.
func overflowing(t *testing.T) *model.Weights {
	w := initial(t, small())
	for _, name := range []string{"fc1/W", "fc2/W"} {
		for i := range w.Get(name).Float32s() {
			w.Get(name).Float32s()[i] *= 1e30
		}
	}
	must(t, w.Check(small()))
	return w
}

// TestOverflow runs finite weights whose outputs overflow by all that gives
// answers: an error that names the image, and no answer.
func TestOverflow(t *testing.T) {
	data, _ := sample(t, 30)
	network := smallnet.Of(small(), overflowing(t))
	network.Classes, network.Prep = data.Classes, data.Prep
	p, err := train.NewPredictor(network, 8)
	must(t, err)
	defer p.Close()
	e := p.Evaluator()
	_, logits := e.Logits(data, []int{5, 2})
	_, metrics := e.Evaluate(t.Context(), data)
	calls := 0
	answers := p.Each(t.Context(), data, func(int, train.Prediction) error { calls++; return nil })
	var digit dataset.Image28
	for y := 6; y < 22; y++ {
		digit[28*y+14] = 255
	}
	_, drawing := p.Digit(digit)
	for reason, err := range map[string]error{"example 5": logits, "example 0": metrics, "example 0: the network gives": answers, "at output": drawing} {
		wantError(t, reason, err, train.ErrNotFinite, reason, "too large", "smaller learning rate")
	}
	if calls > 0 {
		t.Errorf("found %d answers, expected none", calls)
	}
	trainer := untrained(t, small(), network.Weights, model.All(), 8, momentum())
	_, err = trainer.Step(data, upTo(8))
	wantError(t, "a step", err, train.ErrDiverged, "step 1: the loss is ")
	if !errors.Is(err, train.ErrNotFinite) {
		t.Error("ErrDiverged is no ErrNotFinite")
	}
	frozen := untrained(t, small(), overflowing(t), model.Last(1), 8, momentum())
	err = frozen.Fit(t.Context(), data, train.Options{Epochs: 1, Validation: data})
	wantError(t, "training", err, train.ErrDiverged, "step 1")
}

// TestLastStep makes steps of which the last alone leaves weights that are not
// finite, or finite ones that overflow: Fit says so, a Saver writes nothing.
func TestLastStep(t *testing.T) {
	data, _ := sample(t, 32)
	for _, test := range []struct {
		reason string
		rate   float64
		says   string
	}{{"infinite weights", 3e38, "weight "}, {"weights that overflow", 1e30, "after step 1: the loss is "}} {
		for _, patience := range []int{0, 1} {
			trainer := untrained(t, small(), initial(t, small()), model.All(), 32, &train.Solver{Rule: harsh{}, LearningRate: test.rate})
			opt := train.Options{Epochs: 1, Patience: patience}
			if patience > 0 {
				opt.Validation, test.says = data, ""
			}
			err := trainer.Fit(t.Context(), data, opt)
			if !errors.Is(err, train.ErrNotFinite) {
				t.Errorf("%s, patience %d: found error %v", test.reason, patience, err)
			}
			wantError(t, test.reason, err, nil, "1", test.says, "learning rate")
			if patience == 0 && errors.Cause(err) != error(train.ErrDiverged) {
				t.Errorf("%s: found error %v, expected ErrDiverged", test.reason, err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	trainer := untrained(t, small(), initial(t, small()), model.All(), 32, &train.Solver{Rule: harsh{}, LearningRate: 1e30})
	saver := &train.Saver{Path: path, Every: train.Interval{Steps: 1}, Warn: func(err error) { t.Errorf("warned of %v", err) }}
	saver.Start(trainer, smallnet.Of(small(), trainer.Net().Weights()))
	err := trainer.Fit(t.Context(), data, train.Options{Epochs: 3, Hook: saver})
	wantError(t, "Saver", err, train.ErrDiverged, "after step 1: the loss is ")
	if found, _ := filepath.Glob(path + "*"); found != nil {
		t.Errorf("found the files %v", found)
	}
}

// TestSolverOverflow lets a solver's memory overflow, by which Adam would stand
// still in silence.
func TestSolverOverflow(t *testing.T) {
	data, _ := sample(t, 32)
	trainer := untrained(t, small(), initial(t, small()), model.All(), 32, train.NewAdam(0.001))
	state := train.State{Steps: 1, Tensors: map[string][]float32{}}
	for _, name := range trainer.Net().TrainedWeights() {
		for _, kind := range []string{"mean", "variance"} {
			state.Tensors[kind+"/"+name] = make([]float32, len(trainer.Net().Weights().Get(name).Float32s()))
		}
	}
	state.Tensors["variance/fc2/b"][3] = float32(math.Inf(1))
	must(t, trainer.Solver().SetState(state))
	wantError(t, "Adam", trainer.Fit(t.Context(), data, train.Options{Epochs: 1}), train.ErrDiverged, "step 1: the solver's variance/fc2/b holds +Inf")
}

// harsh adds the learning rate to each weight, twice.
type harsh struct{}

func (harsh) Name() string       { return "harsh" }
func (harsh) Memories() []string { return nil }
func (harsh) Validate() error    { return nil }
func (harsh) Update(u train.Update) {
	for i := range u.W {
		u.W[i] = u.W[i] + u.Rate + u.Rate
	}
}
