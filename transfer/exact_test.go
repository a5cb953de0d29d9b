package transfer_test

import (
	"context"
	"math"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// exact takes the last layer of fresh weights to its optimum, checks them and
// returns them.
func exact(t *testing.T, data dataset.Examples, opt transfer.ExactOptions) (*model.Weights, *transfer.ExactResult) {
	t.Helper()
	w := initial(t, small())
	result, err := transfer.Exact(t.Context(), smallnet.Of(small(), w), data, opt)
	must(t, err)
	checkTraining(t, &result.Result, initial(t, small()), w)
	return w, result
}

// TestExact makes sure of an optimum: a small gradient, a loss that Evaluate
// finds too, and that no step along any of some directions lessens.
func TestExact(t *testing.T) {
	data, _ := sample(t, 400, 10)
	for _, decay := range []float64{0, 1e-3, 0.05} {
		iterations := 0
		w, result := exact(t, data, transfer.ExactOptions{WeightDecay: decay, Iteration: func(r transfer.ExactIteration) {
			if iterations++; r.Iteration != iterations || r.Of != 2000 {
				t.Errorf("found iteration %d of %d, expected %d of 2000", r.Iteration, r.Of, iterations)
			}
		}})
		if !result.Converged || !(result.GradientNorm < 1e-4) || result.Iterations != iterations || result.Evaluations < iterations {
			t.Errorf("decay %v: found %+v after %d iterations", decay, result, iterations)
		}
		objective := func(w *model.Weights) float64 {
			m, err := transfer.Evaluate(t.Context(), smallnet.Of(small(), w), data, transfer.Options{Select: model.Last(1)})
			must(t, err)
			for _, v := range w.Get("fc2/W").Float32s() {
				m.Loss += decay / 2 * float64(v) * float64(v)
			}
			return m.Loss
		}
		best := objective(w)
		if math.Abs(best-result.Objective) > 1e-6 || *result.TrainingLoss > result.Objective {
			t.Errorf("decay %v: found the objective %v and loss %v, Evaluate's is %v", decay, result.Objective, *result.TrainingLoss, best)
		}
		for i := 0; decay > 0 && i < 240; i += 7 {
			for _, step := range []float32{-0.1, 0.1} {
				other := w.Clone()
				other.Get("fc2/W").Float32s()[i] += step
				if there := objective(other); there < best-1e-7 {
					t.Errorf("decay %v, weight %d, step %v: found %v, below the optimum %v", decay, i, step, there, best)
				}
			}
		}
	}
}

// TestExactBeatsSteps holds the optimum against many epochs of momentum on the
// same loss, from above and close by.
func TestExactBeatsSteps(t *testing.T) {
	data, _ := sample(t, 400, 10)
	spec := small()
	spec.Layers[10].Kind = model.Dropout{}
	w := initial(t, spec)
	steps, err := transfer.Retrain(t.Context(), smallnet.Of(spec, w), data, transfer.Options{
		Select: model.Last(1), Solver: &train.Solver{Rule: train.Momentum{Momentum: 0.9}, LearningRate: 0.05, WeightDecay: 1e-2},
		Seed: 1, Train: train.Options{Epochs: 100, Schedule: train.CosineRate}})
	must(t, err)
	reached := *steps.TrainingLoss
	for _, v := range w.Get("fc2/W").Float32s() {
		reached += 1e-2 / 2 * float64(v) * float64(v)
	}
	_, result := exact(t, data, transfer.ExactOptions{WeightDecay: 1e-2})
	if gap := reached - result.Objective; gap < 0 || gap > 0.01 {
		t.Errorf("found %v, and %v by steps: expected a small gap from above", result.Objective, reached)
	}
}

// TestExactThreads makes sure that the number of threads changes no byte.
func TestExactThreads(t *testing.T) {
	data, _ := sample(t, 300, 10)
	defer func() { must(t, parallel.SetThreads(0)) }()
	must(t, parallel.SetThreads(1))
	one, _ := exact(t, data, transfer.ExactOptions{WeightDecay: 1e-3})
	must(t, parallel.SetThreads(2))
	two, _ := exact(t, data, transfer.ExactOptions{WeightDecay: 1e-3})
	for _, name := range one.Names() {
		if one.Hash(name) != two.Hash(name) {
			t.Errorf("%s depends on the number of threads", name)
		}
	}
}

// TestExactStops stops the search after three iterations, by its limit and by
// the context, which keeps what was learnt.
func TestExactStops(t *testing.T) {
	data, _ := sample(t, 300, 10)
	limited, result := exact(t, data, transfer.ExactOptions{Iterations: 3})
	if result.Converged || result.Iterations != 3 {
		t.Errorf("found %+v, expected 3 iterations and no optimum", result)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := initial(t, small())
	stopped, err := transfer.Exact(ctx, smallnet.Of(small(), w), data, transfer.ExactOptions{Iteration: func(r transfer.ExactIteration) {
		if r.Iteration == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || stopped == nil || *stopped.TrainingLoss != *result.TrainingLoss {
		t.Fatalf("found %+v and error %v, expected what 3 iterations learnt, %v", stopped, err, *result.TrainingLoss)
	}
	if difference(w, limited) != 0 || !stopped.FrozenIdentical {
		t.Error("the weights are not those of 3 iterations")
	}
}

func TestExactRefuses(t *testing.T) {
	data, _ := sample(t, 100, 10)
	for reason, change := range map[string]func(spec *model.Spec, w *model.Weights, opt *transfer.ExactOptions){
		"decay":      func(_ *model.Spec, _ *model.Weights, opt *transfer.ExactOptions) { opt.WeightDecay = math.NaN() },
		"iterations": func(_ *model.Spec, _ *model.Weights, opt *transfer.ExactOptions) { opt.Iterations = -1 },
		"not finite": func(_ *model.Spec, w *model.Weights, _ *transfer.ExactOptions) {
			w.Get("fc2/W").Float32s()[3] = float32(math.Inf(1))
		},
		"overflowing features": func(_ *model.Spec, w *model.Weights, _ *transfer.ExactOptions) {
			for _, name := range []string{"conv2/W", "fc1/W"} {
				for i := range w.Get(name).Float32s() {
					w.Get(name).Float32s()[i] *= 1e30
				}
			}
		},
		"label": func(spec *model.Spec, w *model.Weights, _ *transfer.ExactOptions) {
			two, err := spec.WithClasses(2)
			must(t, err)
			*spec = two
			*w = *initial(t, *spec)
		},
	} {
		spec, w, opt := small(), initial(t, small()), transfer.ExactOptions{}
		change(&spec, w, &opt)
		if _, err := transfer.Exact(t.Context(), smallnet.Of(spec, w), data, opt); err == nil {
			t.Errorf("%s: found no error", reason)
		}
	}
}
