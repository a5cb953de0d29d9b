package transfer

import (
	"context"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// Follow begins a training by a recipe: it returns the examples to train on, data
// without what is kept for validation, and the options of Retrain that the recipe
// decides. The caller selects the layers.
func Follow(r *train.Recipe, data *dataset.Set) (*dataset.Set, Options, error) {
	if r == nil || data == nil {
		return nil, Options{}, errors.Wrap(train.ErrData, "follow: found no recipe or no examples")
	}
	solver, err := r.NewSolver()
	if err != nil {
		return nil, Options{}, err
	}
	rest, opt, err := r.Begin(data)
	return rest, Options{Batch: r.Batch, Solver: solver, Seed: r.Seed, Train: opt}, err
}

// FindRate tests a range of learning rates on the layers that opt.Select selects,
// and returns the one at which the loss fell most steeply: see train.RangeTest.
// opt.Train and the solver's learning rate are the test's. The network's weights
// are afterwards what they were.
func FindRate(ctx context.Context, n *model.Network, data dataset.Examples, opt Options, test *train.RangeTest) (float64, error) {
	if n == nil || data == nil || test == nil {
		return 0, errors.Wrap(train.ErrData, "find a learning rate: found no network, no examples or no test")
	}
	if err := test.Validate(); err != nil {
		return 0, err
	}
	if opt.Solver = opt.Solver.New(); opt.Solver != nil {
		opt.Solver.LearningRate = test.Min
	}
	if err := opt.Solver.Validate(); err != nil {
		return 0, err
	}
	perEpoch := max(1, (data.Len()+opt.batch()-1)/opt.batch())
	opt.Train = train.Options{Epochs: test.Steps/perEpoch + 1, Schedule: test.Schedule, Hook: test}
	layers, err := opt.Select.Resolve(n.Spec)
	if err != nil {
		return 0, err
	}
	trained := Only(n.Weights, layers...)
	before := trained.Clone()
	defer func() {
		for _, name := range trained.Names() {
			copy(trained.Get(name).Float32s(), before.Get(name).Float32s())
		}
	}()
	_, err = Retrain(ctx, n, data, opt)
	if !errors.Is(err, train.ErrRangeTested) && !errors.Is(err, train.ErrDiverged) {
		return 0, err
	}
	rate, unknown := test.Suggest()
	if unknown != nil && errors.Is(err, train.ErrDiverged) {
		return 0, err
	}
	return rate, unknown
}

// among returns the factors of these layers.
func among(factors map[string]float64, layers []string) map[string]float64 {
	own := map[string]float64{}
	for layer, factor := range factors {
		if slices.Contains(layers, layer) {
			own[layer] = factor
		}
	}
	return own
}
