package transfer_test

import (
	"context"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// The networks and sets of these tests.
var (
	small   = smallnet.Digits
	initial = smallnet.Init
	sample  = smallnet.Sample
	must    = smallnet.Must
)

// checkTraining fails unless Retrain's result is true: the frozen weights have
// the bytes they had before, the trained ones have moved, each weight is one or
// the other, and all are finite. Every test of Retrain calls it, by retrain.
func checkTraining(t testing.TB, result *transfer.Result, before, after *model.Weights) {
	t.Helper()
	if !result.FrozenIdentical {
		t.Error("found FrozenIdentical false")
	}
	for _, name := range after.Names() {
		trained, frozen := slices.Contains(result.Trained, name), slices.Contains(result.Frozen, name)
		moved := after.Hash(name) != before.Hash(name)
		if trained == frozen || moved != trained {
			t.Errorf("%s: found trained %t, frozen %t, moved %t", name, trained, frozen, moved)
		}
		if slices.ContainsFunc(after.Get(name).Float32s(), func(x float32) bool { return x-x != 0 }) {
			t.Errorf("%s holds NaN or Inf", name)
		}
	}
}

// retrain retrains fresh weights, checks them and returns them.
func retrain(t testing.TB, spec model.Spec, data dataset.Examples, opt transfer.Options) (*model.Weights, *transfer.Result) {
	t.Helper()
	w := initial(t, spec)
	opt.Solver = &train.Solver{Rule: train.Momentum{Momentum: 0.9}, LearningRate: 0.02, WeightDecay: 1e-3}
	opt.Batch, opt.Seed = 32, 5
	result, err := transfer.Retrain(t.Context(), smallnet.Of(spec, w), data, opt)
	must(t, err)
	checkTraining(t, result, initial(t, spec), w)
	return w, result
}

// difference returns the largest difference of two sets of weights, relative
// to the largest weight of each tensor.
func difference(a, b *model.Weights) float64 {
	worst := 0.0
	for _, name := range a.Names() {
		scale, d := 0.0, 0.0
		v := b.Get(name).Float32s()
		for i, x := range a.Get(name).Float32s() {
			scale = max(scale, math.Abs(float64(v[i])))
			d = max(d, math.Abs(float64(x)-float64(v[i])))
		}
		if d != 0 { // a tensor of zeros that stays has no scale
			worst = max(worst, d/scale)
		}
	}
	return worst
}

// TestCutIsTheWhole makes sure that training the head on what the frozen trunk
// gave once makes the steps of the whole graph: above the cut dropout is drawn
// alike, below it there is none, and early stopping sees the same losses.
func TestCutIsTheWhole(t *testing.T) {
	data, validation := sample(t, 150, 40)
	for _, test := range []struct {
		selection model.Selection
		cut       int
		trained   string
	}{
		{model.Last(1), 10, "fc2/W fc2/b"},
		{model.Last(2), 7, "fc1/W fc1/b fc2/W fc2/b"},
		{model.Last(3), 3, "conv2/W conv2/b fc1/W fc1/b fc2/W fc2/b"},
		{model.Layers("fc1"), 7, "fc1/W fc1/b"},
		{model.Layers("conv2", "fc2"), 3, "conv2/W conv2/b fc2/W fc2/b"},
		{model.All(), 0, "conv1/W conv1/b conv2/W conv2/b fc1/W fc1/b fc2/W fc2/b"},
	} {
		var losses [2][]float64
		run := func(i int) (*model.Weights, *transfer.Result) {
			inputs := []int{}
			opt := transfer.Options{Select: test.selection, NoCache: i == 1}
			opt.Start = func(trainer *train.Trainer) error { inputs = trainer.Net().InputShape(); return nil }
			opt.Train = train.Options{Epochs: 3, Validation: validation, Patience: 3, Hook: &epochs{losses: &losses[i]}}
			w, result := retrain(t, small(), data, opt)
			want := []int{1, 28, 28}
			if shapes, _ := small().Shapes(); i == 0 && test.cut > 0 {
				want = shapes[test.cut-1]
			}
			if !slices.Equal(inputs, want) {
				t.Errorf("%s: found a graph with input %v, expected %v", test.selection, inputs, want)
			}
			return w, result
		}
		cut, result := run(0)
		whole, _ := run(1)
		if got := strings.Join(result.Trained, " "); got != test.trained {
			t.Errorf("%s: found %s trained, expected %s", test.selection, got, test.trained)
		}
		d := difference(cut, whole)
		t.Logf("%s: largest difference %.1e", test.selection, d)
		if !(d <= 1e-5) {
			t.Errorf("%s: the weights differ by %g, expected at most 1e-5", test.selection, d)
		}
		if len(losses[0]) != 6 {
			t.Fatalf("%s: found losses %v, expected six", test.selection, losses[0])
		}
		for i, l := range losses[0] {
			if math.Abs(l-losses[1][i]) > 1e-5*l {
				t.Errorf("%s: found losses %v with the cut and %v without", test.selection, losses[0], losses[1])
				break
			}
		}
	}
}

// epochs is a train.Hook that keeps each epoch's losses and calls stop, if
// any, after a step.
type epochs struct {
	losses *[]float64
	stop   func(train.StepReport)
}

func (e *epochs) Step(r train.StepReport) error {
	if e.stop != nil {
		e.stop(r)
	}
	return nil
}

func (e *epochs) Epoch(r train.EpochReport) error {
	if e.losses != nil {
		*e.losses = append(*e.losses, r.Loss, r.Validation.Loss)
	}
	return nil
}

// TestRetrainTwice makes sure that the same seed gives the same bits.
func TestRetrainTwice(t *testing.T) {
	data, _ := sample(t, 70, 10)
	opt := transfer.Options{Select: model.Last(2), Train: train.Options{Epochs: 2}}
	a, first := retrain(t, small(), data, opt)
	b, second := retrain(t, small(), data, opt)
	if d := difference(a, b); d != 0 {
		t.Errorf("the weights differ by %g, expected the same", d)
	}
	first.SecondsFeatures, second.SecondsFeatures = 0, 0
	if !reflect.DeepEqual(first, second) {
		t.Errorf("found %+v, then %+v", first, second)
	}
}

// TestRetrainCancelled makes sure that a Retrain that ends early, by its
// context or an error of its caller's, says so and leaves whole weights.
func TestRetrainCancelled(t *testing.T) {
	data, _ := sample(t, 70, 10)
	full := errors.New("the disk is full")
	for reason, test := range map[string]struct {
		set   func(opt *transfer.Options, cancel func())
		cause error
		moved bool
	}{
		"before": {func(_ *transfer.Options, cancel func()) { cancel() }, context.Canceled, false},
		"in the pass through the trunk": {func(opt *transfer.Options, cancel func()) {
			opt.Progress = func(done, of int) { cancel() }
		}, context.Canceled, false},
		"at the start": {func(opt *transfer.Options, _ func()) {
			opt.Start = func(*train.Trainer) error { return full }
		}, full, false},
		"after two steps": {func(opt *transfer.Options, cancel func()) {
			opt.Train.Hook = &epochs{stop: func(r train.StepReport) {
				if r.Step == 2 {
					cancel()
				}
				if r.Step > 2 {
					t.Errorf("found step %d after the context was cancelled", r.Step)
				}
			}}
		}, context.Canceled, true},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		opt := transfer.Options{Select: model.Last(2), Batch: 16, Solver: train.NewSGD(0.1), Train: train.Options{Epochs: 1}}
		test.set(&opt, cancel)
		w := initial(t, small())
		result, err := transfer.Retrain(ctx, smallnet.Of(small(), w), data, opt)
		cancel()
		if errors.Cause(err) != test.cause {
			t.Errorf("%s: found error %v, expected %v", reason, err, test.cause)
		}
		if test.moved {
			checkTraining(t, result, initial(t, small()), w)
		} else if d := difference(w, initial(t, small())); d != 0 {
			t.Errorf("%s: the weights differ by %g, expected the same", reason, d)
		}
	}
}

func TestRetrainRefuses(t *testing.T) {
	data, _ := sample(t, 20, 10)
	good := func() transfer.Options {
		return transfer.Options{Select: model.Last(1), Solver: train.NewSGD(0.1), Train: train.Options{Epochs: 1}}
	}
	for reason, test := range map[string]struct {
		set   func(opt *transfer.Options)
		cause error
	}{
		"no selection":      {func(opt *transfer.Options) { opt.Select = model.Selection{} }, model.ErrSelection},
		"no such layer":     {func(opt *transfer.Options) { opt.Select = model.Layers("fc9") }, model.ErrSelection},
		"nothing to train":  {func(opt *transfer.Options) { opt.Select = model.None() }, nil},
		"no epochs":         {func(opt *transfer.Options) { opt.Train.Epochs = 0 }, nil},
		"no learning rate":  {func(opt *transfer.Options) { opt.Solver = &train.Solver{Rule: train.SGD{}} }, nil},
		"a batch below 0":   {func(opt *transfer.Options) { opt.Batch = -1 }, nil},
		"patience for none": {func(opt *transfer.Options) { opt.Train.Patience = 1 }, nil},
		"no solver":         {func(opt *transfer.Options) { opt.Solver = nil }, nil},
	} {
		for _, noCache := range []bool{false, true} {
			w, opt := initial(t, small()), good()
			test.set(&opt)
			opt.NoCache = noCache
			_, err := transfer.Retrain(t.Context(), smallnet.Of(small(), w), data, opt)
			if err == nil || test.cause != nil && errors.Cause(err) != test.cause {
				t.Errorf("%s: found error %v", reason, err)
			}
			if d := difference(w, initial(t, small())); d != 0 {
				t.Errorf("%s: the weights differ by %g, expected the same", reason, d)
			}
		}
	}
	for _, noCache := range []bool{false, true} { // a head of five for ten digits
		opt := good()
		opt.NoCache = noCache
		five, err := withFive(small(), initial(t, small()), model.All(), 1)
		must(t, err)
		_, err = transfer.Retrain(t.Context(), five, data, opt)
		if errors.Cause(err) != train.ErrData || !strings.Contains(err.Error(), "the network has 5 classes") {
			t.Errorf("labels outside the head: found error %v", err)
		}
	}
}
