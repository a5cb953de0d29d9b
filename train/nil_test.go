package train_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// TestNil hands nil, zero values, pointers to nothing and data of another shape
// to all that takes them: an error, no panic.
func TestNil(t *testing.T) {
	data, _ := sample(t, 20)
	w := initial(t, small())
	build := func(selection model.Selection) *model.Net {
		net, err := model.Build(smallnet.Of(small(), w), selection, model.Batch(4))
		must(t, err)
		return net
	}
	trainer := untrained(t, small(), w, model.All(), 4, momentum())
	network := smallnet.Of(small(), w)
	network.Classes, network.Prep = data.Classes, data.Prep
	predictor, err := train.NewPredictor(network, 4)
	must(t, err)
	evaluator := predictor.Evaluator()
	other := *data
	other.Shape = []int{28, 28, 1}
	var noSet *dataset.Set
	var noAdam *train.Adam
	var noTrainer *train.Trainer
	var noEvaluator *train.Evaluator
	var noPredictor *train.Predictor
	newTrainer := func(net *model.Net, s *train.Solver) error { _, err := train.New(net, s, 1); return err }
	newEvaluator := func(net *model.Net) error { _, err := train.NewEvaluator(net); return err }
	newPredictor := func(n *model.Network) error { _, err := train.NewPredictor(n, 4); return err }
	wrong := map[string]error{
		"New, no net":         newTrainer(nil, momentum()),
		"New, zero net":       newTrainer(&model.Net{}, momentum()),
		"New, no solver":      newTrainer(build(model.All()), nil),
		"New, zero solver":    newTrainer(build(model.All()), &train.Solver{}),
		"New, no rule":        newTrainer(build(model.All()), &train.Solver{Rule: noAdam, LearningRate: 1}),
		"New, used solver":    newTrainer(build(model.All()), trainer.Solver()),
		"NewEvaluator, none":  newEvaluator(nil),
		"NewEvaluator, zero":  newEvaluator(&model.Net{}),
		"NewEvaluator, other": newEvaluator(build(model.All())),
		"NewPredictor, none":  newPredictor(nil),
		"NewPredictor, zero":  newPredictor(&model.Network{}),
		"zero solver's Step":  new(train.Solver).Step(nil),
		"zero solver's state": new(train.Solver).SetState(train.State{}),
		"Saver not started":   new(train.Saver).Save(),
		"Saver of nothing":    func() error { s := &train.Saver{}; s.Start(nil, nil); return s.Save() }(),
		"no trainer's Fit":    noTrainer.Fit(t.Context(), data, train.Options{Epochs: 1}),
		"zero trainer's Fit":  new(train.Trainer).Fit(t.Context(), data, train.Options{Epochs: 1}),
		"no trainer, Restore": noTrainer.Restore(train.Checkpoint{}),
		"zero checkpoint":     trainer.Restore(train.Checkpoint{}),
		"Each, no function":   evaluator.Each(t.Context(), data, nil),
		"predict to nobody":   predictor.Each(t.Context(), data, nil),
		"no evaluator, Each":  noEvaluator.Each(t.Context(), data, func(int, []float32) {}),
		"no predictor, Each":  noPredictor.Each(t.Context(), data, func(int, train.Prediction) error { return nil }),
	}
	_, wrong["zero trainer's Checkpoint"] = new(train.Trainer).Checkpoint()
	_, _, wrong["no trainer's Trace"] = noTrainer.Trace(data, upTo(4))
	_, wrong["no predictor's Digit"] = noPredictor.Digit(dataset.Image28{})
	_, _, wrong["no predictor's Contents"] = noPredictor.Contents(t.Context(), nil, nil)
	_, wrong["zero predictor's Image"] = new(train.Predictor).Image(nil)
	_, wrong["Image of nothing"] = predictor.Image(nil)
	for reason, examples := range map[string]dataset.Examples{"nil": nil, "no set": noSet, "zero set": &dataset.Set{}, "another shape": &other} {
		_, wrong["Step, "+reason] = trainer.Step(examples, upTo(4))
		_, wrong["Gradients, "+reason] = trainer.Gradients(examples, upTo(4))
		_, _, wrong["Trace, "+reason] = trainer.Trace(examples, upTo(4))
		_, wrong["Logits, "+reason] = evaluator.Logits(examples, upTo(4))
		_, wrong["Evaluate, "+reason] = evaluator.Evaluate(t.Context(), examples)
		wrong["Each, "+reason] = evaluator.Each(t.Context(), examples, func(int, []float32) {})
		wrong["predict, "+reason] = predictor.Each(t.Context(), examples, func(int, train.Prediction) error { return nil })
		wrong["Fit, "+reason] = trainer.Fit(t.Context(), examples, train.Options{Epochs: 1})
		if reason != "nil" {
			wrong["Fit, validation, "+reason] = trainer.Fit(t.Context(), data, train.Options{Epochs: 1, Validation: examples})
		}
	}
	for reason, indices := range map[string][]int{"none": nil, "below": {-1}, "beyond": {20}, "too many": upTo(5)} {
		_, wrong["Step, indices "+reason] = trainer.Step(data, indices)
		_, wrong["Logits, indices "+reason] = evaluator.Logits(data, indices)
	}
	for reason, err := range wrong {
		if err == nil {
			t.Errorf("%s: found no error", reason)
		}
	}
	if !errors.Is(wrong["New, used solver"], train.ErrSolverUsed) {
		t.Errorf("a used solver: found error %v", wrong["New, used solver"])
	}
	for _, err := range []error{noTrainer.Close(), new(train.Trainer).Close(), noEvaluator.Close(), noPredictor.Close()} {
		must(t, err)
	}
	if train.Softmax(nil) != nil {
		t.Error("softmax of nothing: found something")
	}
	must(t, newTrainer(build(model.All()), trainer.Solver().New()))
	wantSame(t, "all refused", w, initial(t, small()))
}

// TestSetAfterBuild sets a weight after Build: whatever runs the net refuses to
// go on with the old tensor.
func TestSetAfterBuild(t *testing.T) {
	data, _ := sample(t, 20)
	w := initial(t, small())
	trainer := untrained(t, small(), w, model.All(), 4, momentum())
	net, err := trainer.Net().ForEvaluation(4)
	must(t, err)
	evaluator, err := train.NewEvaluator(net)
	must(t, err)
	defer evaluator.Close()
	w.SetValues("fc2/b", []int{10}, make([]float32, 10))
	_, step := trainer.Step(data, upTo(4))
	_, logits := evaluator.Logits(data, upTo(4))
	for _, err := range []error{step, logits, trainer.Fit(t.Context(), data, train.Options{Epochs: 1})} {
		wantError(t, "set after Build", err, model.ErrWeights, "fc2/b", "set after Build")
	}
}
