package train_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/lastlayer/lastlayer/train"
)

// TestDiverged makes sure that an absurd learning rate is an error that names
// the step and the rate, and that the step that finds it moves nothing: the
// weights are finite.
func TestDiverged(t *testing.T) {
	data, _ := sample(t, 70)
	spec := small()
	for _, selection := range []model.Selection{model.All(), model.Last(2)} {
		for _, solver := range []*train.Solver{train.NewSGD(1e20), train.NewMomentum(1e20, 0.9), train.NewAdam(1e20)} {
			trainer := newTrainer(t, spec, initial(t, spec), selection, 32, solver)
			var kept *model.Weights
			err := trainer.Fit(t.Context(), data, train.Options{Epochs: 30, Hook: hooks{step: func(r train.StepReport) error {
				kept = trainer.Net().Weights().Clone()
				return nil
			}}})
			steps := solver.State().Steps
			wantError(t, solver.Name(), err, train.ErrDiverged, fmt.Sprintf("step %d: the loss is ", steps+1), "learning rate 1e+20", "try a smaller one")
			wantSame(t, solver.Name(), trainer.Net().Weights(), kept)
		}
	}
}

// odd are examples of any shape and labels.
type odd struct {
	shape  []int
	labels []int
}

func (o odd) Len() int            { return len(o.labels) }
func (o odd) ExampleShape() []int { return o.shape }
func (o odd) Label(i int) int     { return o.labels[i] }
func (o odd) Gather(dst []float32, indices []int) {
	for i := range dst {
		dst[i] = float32(i%7) / 7
	}
}

func TestFitRefuses(t *testing.T) {
	spec := small()
	image := []int{1, 28, 28}
	good := odd{image, []int{0, 9, 3}}
	for _, test := range []struct {
		reason string
		data   odd
		opt    train.Options
		cause  error
		says   string
	}{
		{"no epochs", good, train.Options{}, nil, "epochs: found 0, expected from 1"},
		{"fewer", good, train.Options{Epochs: -1}, nil, "epochs: found -1"},
		{"patience below 0", good, train.Options{Epochs: 1, Patience: -1, Validation: good}, nil, "patience: found -1"},
		{"patience for nothing", good, train.Options{Epochs: 1, Patience: 1}, nil, "patience: found 1, expected 0, or more and a validation set"},
		{"a label too large", odd{image, []int{0, 10}}, train.Options{Epochs: 1}, train.ErrData, "label of example 1: found 10, expected 0 to 9: the network has 10 classes"},
		{"a label below 0", odd{image, []int{-1}}, train.Options{Epochs: 1}, train.ErrData, "label of example 0: found -1"},
		{"another shape", odd{[]int{3, 28, 28}, []int{0}}, train.Options{Epochs: 1}, train.ErrData, "found shape [3 28 28], expected [1 28 28]"},
		{"the same size in another shape", odd{[]int{784}, []int{0}}, train.Options{Epochs: 1}, train.ErrData, "found shape [784]"},
		{"nothing", odd{image, nil}, train.Options{Epochs: 1}, train.ErrData, "found none"},
		{"validation", good, train.Options{Epochs: 1, Validation: odd{image, []int{0, 10}}}, train.ErrData, "validation: label of example 1: found 10"},
	} {
		w := initial(t, spec)
		trainer := untrained(t, spec, w, model.All(), 2, momentum())
		wantError(t, test.reason, trainer.Fit(t.Context(), test.data, test.opt), test.cause, test.says)
		wantSame(t, test.reason, w, initial(t, spec))
	}
	trainer := newTrainer(t, spec, initial(t, spec), model.All(), 2, momentum())
	must(t, trainer.Fit(t.Context(), good, train.Options{Epochs: 1}))
	err := trainer.Fit(t.Context(), odd{image, []int{0, 9}}, train.Options{Epochs: 2})
	wantError(t, "other examples in between", err, train.ErrData, "found 2, expected the 3 that Fit began with")
}

// TestStepRefuses makes sure that what Fit checks beforehand is an error in
// Step too, not a panic.
func TestStepRefuses(t *testing.T) {
	spec := small()
	w := initial(t, spec)
	trainer := untrained(t, spec, w, model.All(), 2, momentum())
	for reason, data := range map[string]struct {
		odd
		indices []int
	}{
		"a label": {odd{[]int{1, 28, 28}, []int{0, 10}}, []int{0, 1}},
		"none":    {odd{[]int{1, 28, 28}, []int{0, 1}}, nil},
		"three":   {odd{[]int{1, 28, 28}, []int{0, 1, 2}}, []int{0, 1, 2}},
	} {
		_, err := trainer.Step(data.odd, data.indices)
		wantError(t, reason, err, nil, "found")
		wantSame(t, reason, w, initial(t, spec))
	}
}

func TestNewRefuses(t *testing.T) {
	spec := small()
	net, err := model.Build(smallnet.Of(spec, initial(t, spec)), model.None())
	must(t, err)
	_, err = train.New(net, momentum(), 1)
	wantError(t, "nothing is trained", err, train.ErrNothingTrained)
	net, err = model.Build(smallnet.Of(spec, initial(t, spec)), model.Last(1))
	must(t, err)
	_, err = train.New(net, &train.Solver{Rule: train.SGD{}}, 1)
	wantError(t, "a solver without a learning rate", err, nil, "learning rate: found 0")
	_, err = train.New(net, nil, 1)
	wantError(t, "no solver", err, nil, "solver: found none")
	trainer, err := train.New(net, momentum(), 1)
	must(t, err)
	defer trainer.Close()
	_, err = train.New(net, momentum(), 1)
	wantError(t, "a net given twice", err, nil, "loss")
}

// TestFewExamples makes sure that fewer examples than a batch, one even, are
// trained on.
func TestFewExamples(t *testing.T) {
	for _, n := range []int{1, 3} {
		spec := withoutDropout()
		data := odd{[]int{1, 28, 28}, make([]int, n)}
		trainer := newTrainer(t, spec, initial(t, spec), model.Last(1), 64, momentum())
		var first, last train.EpochReport
		must(t, trainer.Fit(t.Context(), data, train.Options{Epochs: 20, Validation: data, Patience: 20, Hook: hooks{epoch: func(r train.EpochReport) error {
			if r.Epoch == 1 {
				first = r
			}
			last = r
			return nil
		}}}))
		if first.Examples != n || !(last.Loss < first.Loss/2) || last.Correct != n {
			t.Errorf("%d examples: found %+v, then %+v", n, first, last)
		}
	}
}

// TestOneClass makes sure that a network that can give one answer gives it, at
// no loss, and has nothing to learn.
func TestOneClass(t *testing.T) {
	spec, err := small().WithClasses(1)
	must(t, err)
	w := initial(t, spec)
	data, _ := sample(t, 40)
	zeros, err := data.Filter(dataset.Classes{"0"})
	must(t, err)
	trainer := untrained(t, spec, w, model.All(), 3, train.NewAdam(0.01))
	must(t, trainer.Fit(t.Context(), zeros, train.Options{Epochs: 2}))
	wantSame(t, "one class", w, initial(t, spec))
	m := evaluate(t, trainer, zeros)
	if m.Loss != 0 || m.Accuracy() != 1 || math.Signbit(m.Loss) {
		t.Errorf("found %+v, expected no loss and all correct", m)
	}
	wantError(t, "two classes", trainer.Fit(t.Context(), data, train.Options{Epochs: 3}), train.ErrData, "the network has 1 classes")
}

// TestStepsErrorIsTheOperators makes sure that an error of an operator speaks of
// the operator, and not of Gorgonia's instructions.
func TestStepsErrorIsTheOperators(t *testing.T) {
	spec := small()
	trainer := untrained(t, spec, initial(t, spec), model.All(), 2, momentum())
	_, err := trainer.Step(odd{[]int{1, 28, 28}, []int{0, 10}}, []int{0, 1})
	wantError(t, "a label too large", err, graphop.ErrInput, "label of row 1: found 10, expected 0 to 9")
	if err != nil && (strings.Contains(err.Error(), "PC ") || strings.Contains(err.Error(), "nstruction")) {
		t.Errorf("found %v, expected nothing of instructions", err)
	}
}
