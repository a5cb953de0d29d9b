package train_test

import (
	"context"
	"math"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// evaluate returns how well the trainer's network does on data.
func evaluate(t testing.TB, trainer *train.Trainer, data dataset.Examples) train.Metrics {
	t.Helper()
	net, err := trainer.Net().ForEvaluation(100)
	must(t, err)
	evaluator, err := train.NewEvaluator(net)
	must(t, err)
	defer evaluator.Close()
	m, err := evaluator.Evaluate(t.Context(), data)
	must(t, err)
	return m
}

// TestFitLearns trains on real digits, the whole network and then, from a
// fresh head, its last layer.
func TestFitLearns(t *testing.T) {
	data, test := sample(t, 2000)
	spec := small()
	w := initial(t, spec)
	for _, run := range []struct {
		selection model.Selection
		solver    *train.Solver
		want      float64
	}{
		{model.All(), momentum(), 0.93},
		{model.Last(1), train.NewAdam(0.01), 0.90},
	} {
		t.Run(run.selection.String(), func(t *testing.T) {
			trainer := newTrainer(t, spec, w, run.selection, 32, run.solver)
			before := evaluate(t, trainer, test)
			must(t, trainer.Fit(t.Context(), data, train.Options{Epochs: 4, Schedule: train.CosineRate}))
			after := evaluate(t, trainer, test)
			t.Logf("accuracy %.3f, then %.3f; loss %.3f, then %.3f", before.Accuracy(), after.Accuracy(), before.Loss, after.Loss)
			if !(after.Accuracy() >= run.want) || !(after.Loss < before.Loss) {
				t.Errorf("found accuracy %g and loss %g, expected from %g, and less than %g", after.Accuracy(), after.Loss, run.want, before.Loss)
			}
		})
		values := w.Get("fc2/W").Float32s()
		copy(values, initial(t, spec).Get("fc2/W").Float32s())
	}
}

// TestFitIsTheLoop makes sure that Fit does what its parts do one after the
// other: the batches of the seed, the smaller last one too, and one Step each.
func TestFitIsTheLoop(t *testing.T) {
	data, _ := sample(t, 70)
	spec := small()
	fit := newTrainer(t, spec, initial(t, spec), model.Last(2), 32, momentum())
	var steps []train.StepReport
	var epochs []train.EpochReport
	must(t, fit.Fit(t.Context(), data, train.Options{Epochs: 2, Hook: hooks{
		step:  func(r train.StepReport) error { steps = append(steps, r); return nil },
		epoch: func(r train.EpochReport) error { epochs = append(epochs, r); return nil },
	}}))

	loop := newTrainer(t, spec, initial(t, spec), model.Last(2), 32, momentum())
	batches, err := dataset.NewBatches(70, 32, 7)
	must(t, err)
	if len(steps) != 6 || len(epochs) != 2 {
		t.Fatalf("found reports of %d steps and %d epochs, expected 6 and 2", len(steps), len(epochs))
	}
	for i := range 6 {
		indices, last := batches.Next()
		r, err := loop.Step(data, indices)
		must(t, err)
		r.Of = 6
		if r != steps[i] || last != (r.Examples == 70-2*32) {
			t.Errorf("step %d: found %+v of Fit, expected %+v", i+1, steps[i], r)
		}
	}
	wantSame(t, "Fit and the loop", fit.Net().Weights(), loop.Net().Weights())
	for i, e := range epochs {
		correct, loss := 0, 0.0
		for _, s := range steps[3*i : 3*i+3] {
			correct, loss = correct+s.Correct, loss+s.Loss*float64(s.Examples)/70
		}
		if e.Epoch != i+1 || e.Of != 2 || e.Examples != 70 || e.Correct != correct || math.Abs(e.Loss-loss) > 1e-9 || e.Validation != nil {
			t.Errorf("found epoch %+v, expected number %d of 2, 70 examples, %d correct, loss %g", e, i+1, correct, loss)
		}
	}
}

// TestRaggedBatch makes sure that a batch smaller than the graph's gives what a
// graph of its size gives, though the larger one was filled before.
func TestRaggedBatch(t *testing.T) {
	data, _ := sample(t, 40)
	spec := withoutDropout()
	wide := untrained(t, spec, initial(t, spec), model.All(), 32, momentum())
	narrow := untrained(t, spec, initial(t, spec), model.All(), 5, momentum())
	_, err := wide.Gradients(data, upTo(32))
	must(t, err)
	got, err := wide.Gradients(data, upTo(5))
	must(t, err)
	want, err := narrow.Gradients(data, upTo(5))
	must(t, err)
	if math.Abs(got.Loss-want.Loss) > 1e-6 || got.Examples != 5 || got.Correct != want.Correct {
		t.Errorf("found %+v, expected %+v", got, want)
	}
	for _, name := range wide.Net().TrainedWeights() {
		a, b := gradient(t, wide, name), gradient(t, narrow, name)
		for i := range a {
			if math.Abs(float64(a[i]-b[i])) > 1e-6 {
				t.Errorf("%s at %d: found %g, expected %g", name, i, a[i], b[i])
				break
			}
		}
	}
}

// TestDeterminism makes sure that the weights depend on the seed, and neither
// on the run nor on the number of threads.
func TestDeterminism(t *testing.T) {
	data, _ := sample(t, 150)
	spec := small()
	fit := func(threads int, seed uint64) *model.Weights {
		t.Helper()
		must(t, parallel.SetThreads(threads))
		defer func() { must(t, parallel.SetThreads(0)) }()
		net, err := model.Build(smallnet.Of(spec, initial(t, spec)), model.All(), model.Batch(32))
		must(t, err)
		trainer, err := train.New(net, train.NewAdam(0.002), seed)
		must(t, err)
		defer trainer.Close()
		watch(t, net)
		must(t, trainer.Fit(t.Context(), data, train.Options{Epochs: 2}))
		return net.Weights()
	}
	first := fit(2, 1)
	wantSame(t, "the same seed", fit(2, 1), first)
	wantSame(t, "one thread", fit(1, 1), first)
	wantSame(t, "three threads", fit(3, 1), first)
	if other := fit(2, 2); other.Hash("fc1/W") == first.Hash("fc1/W") {
		t.Error("another seed: fc1/W has the same bits")
	}
}

// TestCancelAndGoOn makes sure that Fit stops between two steps, and that a
// further one goes on to what an uninterrupted one gives, wherever it stops:
// within an epoch, at its end, and in the evaluation.
func TestCancelAndGoOn(t *testing.T) {
	data, validation := sample(t, 70)
	validation, err := validation.Limit(20, 1)
	must(t, err)
	spec := small()
	options := train.Options{Epochs: 3, Schedule: train.CosineRate, Validation: validation, Patience: 3}
	var want []train.EpochReport
	whole := newTrainer(t, spec, initial(t, spec), model.Last(2), 32, momentum())
	withHook := options
	withHook.Hook = hooks{epoch: func(r train.EpochReport) error { want = append(want, r); return nil }}
	must(t, whole.Fit(t.Context(), data, withHook))

	for _, stop := range []int{1, 3, 4, 8, 9} {
		var got []train.EpochReport
		trainer := newTrainer(t, spec, initial(t, spec), model.Last(2), 32, momentum())
		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		interrupted := options
		interrupted.Hook = hooks{
			step: func(r train.StepReport) error {
				if steps++; r.Step == stop {
					cancel()
				}
				return nil
			},
			epoch: func(r train.EpochReport) error { got = append(got, r); return nil },
		}
		wantError(t, "cancelled", trainer.Fit(ctx, data, interrupted), context.Canceled)
		if steps != stop {
			t.Errorf("cancelled in step %d: found %d steps", stop, steps)
		}
		must(t, trainer.Fit(t.Context(), data, interrupted))
		if steps != 9 || len(got) != 3 {
			t.Fatalf("cancelled in step %d: found %d steps and %d epochs in all, expected 9 and 3", stop, steps, len(got))
		}
		wantSame(t, "cancelled", trainer.Net().Weights(), whole.Net().Weights())
		for i := range want {
			if got[i].Loss != want[i].Loss || got[i].Examples != 70 || got[i].Validation.Loss != want[i].Validation.Loss || got[i].Best != want[i].Best {
				t.Errorf("cancelled in step %d, epoch %d: found %+v, expected %+v", stop, i+1, got[i], want[i])
			}
		}
	}
}

// TestFitToTheEnd makes sure that a Fit with nothing left to do does nothing,
// and that more epochs go on.
func TestFitToTheEnd(t *testing.T) {
	data, _ := sample(t, 40)
	spec := small()
	parts := newTrainer(t, spec, initial(t, spec), model.Last(2), 16, momentum())
	must(t, parts.Fit(t.Context(), data, train.Options{Epochs: 1}))
	before := parts.Net().Weights().Clone()
	must(t, parts.Fit(t.Context(), data, train.Options{Epochs: 1}))
	wantSame(t, "nothing left to do", parts.Net().Weights(), before)
	must(t, parts.Fit(t.Context(), data, train.Options{Epochs: 3}))

	whole := newTrainer(t, spec, initial(t, spec), model.Last(2), 16, momentum())
	must(t, whole.Fit(t.Context(), data, train.Options{Epochs: 3}))
	wantSame(t, "1 and 2 more epochs, and 3", parts.Net().Weights(), whole.Net().Weights())
}
