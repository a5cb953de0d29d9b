package transfer_test

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// TestFollowAndResume follows a recipe, breaks it off between two steps, and goes on
// from the checkpoint that it left: the weights are those of a training without a
// break.
func TestFollowAndResume(t *testing.T) {
	data, _ := sample(t, 100, 10)
	recipe := train.Recipe{Batch: 16, Epochs: 3, Solver: "adam", Rate: 0.01, Schedule: "cosine", Seed: 7, Validation: 0.2, Patience: 3}
	path := filepath.Join(t.TempDir(), "checkpoint")
	run := func(ctx context.Context, n *model.Network, change func(opt *transfer.Options)) error {
		r := recipe
		examples, opt, err := transfer.Follow(&r, data)
		must(t, err)
		opt.Select = model.Last(2)
		change(&opt)
		_, err = transfer.Retrain(ctx, n, examples, opt)
		return err
	}
	fresh := func() *model.Network {
		return &model.Network{Spec: small(), Weights: initial(t, small()), Classes: data.Classes, Prep: data.Prep}
	}
	whole := fresh()
	must(t, run(t.Context(), whole, func(*transfer.Options) {}))

	broken := fresh()
	ctx, stop := context.WithCancel(t.Context())
	settings, err := recipe.Settings()
	must(t, err)
	var told int
	err = run(ctx, broken, func(opt *transfer.Options) {
		opt.Train.Hook = &epochs{stop: func(r train.StepReport) {
			if told = r.Step; r.Step == 7 {
				stop()
			}
		}}
		opt.Saver = &train.Saver{Path: path, Every: train.Interval{Epochs: 100}, Settings: settings}
	})
	if !errors.Is(err, context.Canceled) || told != 7 {
		t.Fatalf("found %v after %d steps, expected the end of the context after 7", err, told)
	}
	from, err := train.Resume(path)
	must(t, err)
	if d := from.Recipe.Differences(recipe); d != nil {
		t.Errorf("found the differences %v, expected the same recipe", d)
	}
	must(t, run(t.Context(), from.Network, func(opt *transfer.Options) { opt.Resume = &from.Checkpoint }))
	if d := difference(from.Network.Weights, whole.Weights); d != 0 {
		t.Errorf("found a difference of %g from a training without a break", d)
	}
	recipe.Batch = 8
	if err := run(t.Context(), from.Network, func(opt *transfer.Options) { opt.Resume = &from.Checkpoint }); !errors.Is(err, train.ErrCheckpoint) {
		t.Errorf("another batch: found %v, expected ErrCheckpoint", err)
	}

	recipe.Solver = "nope"
	if _, _, err := transfer.Follow(&recipe, data); err == nil {
		t.Error("expected an error for an unknown solver")
	}
	if _, _, err := transfer.Follow(nil, data); !errors.Is(err, train.ErrData) {
		t.Errorf("found %v, expected ErrData", err)
	}
}

// TestFindRate finds a rate at which the small network learns, and leaves its
// weights as they were.
func TestFindRate(t *testing.T) {
	data, _ := sample(t, 200, 10)
	n := smallnet.Of(small(), initial(t, small()))
	before := n.Weights.Clone()
	opt := transfer.Options{Select: model.Last(2), Batch: 32, Solver: train.NewMomentum(0, 0.9), Seed: 1}
	test := &train.RangeTest{Min: 1e-4, Max: 10, Steps: 60}
	rate, err := transfer.FindRate(t.Context(), n, data, opt, test)
	must(t, err)
	if rate < 1e-4 || rate > 1 || len(test.Points()) < 10 {
		t.Errorf("found the rate %g after %d steps, expected one between", rate, len(test.Points()))
	}
	if d := difference(n.Weights, before); d != 0 {
		t.Errorf("the weights have changed by %g", d)
	}
	if opt.Solver.LearningRate != 0 {
		t.Errorf("the caller's solver has the rate %g now", opt.Solver.LearningRate)
	}
	low := &train.RangeTest{Min: 1e-12, Max: 1e-11, Steps: 5} // too few to tell
	if _, err := transfer.FindRate(t.Context(), n, data, opt, low); err == nil || !strings.Contains(err.Error(), "did not fall") {
		t.Errorf("found %v, expected that the loss did not fall", err)
	}
	if _, err := transfer.FindRate(t.Context(), n, data, opt, nil); !errors.Is(err, train.ErrData) {
		t.Errorf("no test: found %v, expected ErrData", err)
	}
	opt.Solver = nil
	if _, err := transfer.FindRate(t.Context(), n, data, opt, &train.RangeTest{Min: 1e-4, Max: 1, Steps: 9}); err == nil {
		t.Error("expected an error without a solver")
	}
}

// TestStagesLayerRates: each stage has the factors of the layers that it trains.
func TestStagesLayerRates(t *testing.T) {
	data, _ := sample(t, 40, 10)
	var rates []int
	solver := train.NewAdam(0.01)
	solver.Factors = map[string]float64{"fc1": 0.1, "fc2": math.Pi}
	_, err := transfer.RetrainStages(t.Context(), smallnet.Of(small(), initial(t, small())), data, transfer.Options{Solver: solver, Batch: 20, Train: train.Options{Epochs: 1}},
		[]transfer.Stage{{Select: model.Last(1)}, {Select: model.Last(2)}}, func(_ int, opt *transfer.Options) error {
			rates = append(rates, len(opt.Solver.Factors))
			return nil
		})
	must(t, err)
	if len(rates) != 2 || rates[0] != 1 || rates[1] != 2 {
		t.Errorf("found %v factors in the stages, expected 1 and 2", rates)
	}
}
