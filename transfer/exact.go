package transfer

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"gonum.org/v1/gonum/floats"
)

// ExactTolerance is the Euclidean norm of the gradient at which Exact takes
// the optimum as reached.
const ExactTolerance = 1e-5

// ExactOptions says how Exact goes about it.
type ExactOptions struct {
	WeightDecay float64                // l2, from 0: half of it times the squared norm of the weights, not the biases, is added to the loss
	Iterations  int                    // at most; 2000 when 0
	Features    FeatureOptions         // of the frozen layers
	Iteration   func(r ExactIteration) // told of each iteration; nil: nobody
}

// ExactIteration is where Exact is after an iteration.
type ExactIteration struct {
	Iteration, Of int
	Loss          float64 // with the penalty
	GradientNorm  float64
}

// ExactResult is what Exact did.
type ExactResult struct {
	Result
	Converged    bool // GradientNorm is below ExactTolerance
	Iterations   int
	Evaluations  int     // of the loss and its gradient: passes over the features
	Objective    float64 // what was minimised: TrainingLoss and the penalty
	GradientNorm float64 // Euclidean, of Objective, at the weights as they are in w
	Seconds      float64 // without the features
}

// Exact trains the last layer alone, in place, to the optimum. On frozen
// features that layer is multinomial logistic regression, a convex problem with
// one minimum, which needs neither a learning rate nor an order of the
// examples: all of them are one batch for L-BFGS (Liu and Nocedal, "On the
// limited memory BFGS method for large scale optimization", 1989), which is
// gonum's. It begins at the weights in w.
//
// What is minimised is the mean cross-entropy plus WeightDecay/2·‖W‖², the loss
// whose gradient train.SGD and train.Momentum follow with the same decay, but
// without the dropout that a head may have: dropout is a regulariser of
// stochastic training, and WeightDecay takes its place. scikit-learn's
// LogisticRegression(C) on N examples has its minimum where this has it for
// WeightDecay = 1/(C·N). Without decay, classes that can be separated have
// their minimum at infinity; Exact then ends on the way, where the gradient is
// as small as everywhere else.
//
// When ctx is done it stops with ctx's error, and w holds the best so far. So
// it does when Iterations are not enough, which is no error: see Converged.
func Exact(ctx context.Context, spec model.Spec, w *model.Weights, data dataset.Examples, opt ExactOptions) (result *ExactResult, err error) {
	if !(opt.WeightDecay >= 0) || math.IsInf(opt.WeightDecay, 0) {
		return nil, errors.Errorf("weight decay: found %v, expected a number from 0", opt.WeightDecay)
	}
	if opt.Iterations < 0 {
		return nil, errors.Errorf("iterations: found %d, expected from 1, or 0 for 2000", opt.Iterations)
	}
	if opt.Iterations == 0 {
		opt.Iterations = 2000
	}
	start := time.Now()
	c, err := cutBelow(ctx, spec, w, data, Options{Select: model.Last(1), CacheMemory: opt.Features.CacheMemory,
		CacheDir: opt.Features.CacheDir, Warn: opt.Features.Warn, Progress: opt.Features.Progress})
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := c.Close(); err == nil {
			err = closeErr
		}
	}()
	result = &ExactResult{Result: Result{Trained: lastWeights(spec), Features: c.data.Source, SecondsFeatures: time.Since(start).Seconds()}}
	for _, name := range w.Names() {
		if !slices.Contains(result.Trained, name) {
			result.Frozen = append(result.Frozen, name)
		}
	}
	loss, err := c.headLoss(spec, w, opt.WeightDecay)
	if err != nil {
		return nil, err
	}
	before := hashes(w, result.Frozen)
	start = time.Now()
	err = result.minimise(ctx, loss, spec, w, opt)
	result.Seconds = time.Since(start).Seconds()
	result.FrozenIdentical = slices.Equal(before, hashes(w, result.Frozen))
	return result, err
}

// trainingLoss returns the mean cross-entropy of the training examples where
// the cut leaves nothing but the last layer and its dropout.
func (c *cut) trainingLoss(spec model.Spec, w *model.Weights) (float64, error) {
	loss, err := c.headLoss(spec, w, 0)
	if err != nil {
		return 0, err
	}
	value, _ := loss.at(parametersOf(spec, w), make([]float64, loss.parameters()))
	return value, nil
}

// parametersOf returns W and b of the last layer as one vector.
func parametersOf(spec model.Spec, w *model.Weights) []float64 {
	var x []float64
	for _, name := range lastWeights(spec) {
		for _, v := range w.Get(name).Float32s() {
			x = append(x, float64(v))
		}
	}
	return x
}

// lastWeights returns the names of the last layer's weights.
func lastWeights(spec model.Spec) []string {
	layer := spec.Layers[len(spec.Layers)-1].Name
	return []string{layer + "/W", layer + "/b"}
}

// headLoss returns the loss as a function of the last layer, which must be all
// that the cut leaves but for dropout.
func (c *cut) headLoss(spec model.Spec, w *model.Weights, l2 float64) (*softmaxLoss, error) {
	classes := spec.Classes()
	if classes < 2 {
		return nil, errors.Wrapf(train.ErrData, "classes: found %d, expected 2 or more", classes)
	}
	if _, varies := c.data.Examples.(dataset.Varying); varies {
		return nil, errors.Wrapf(train.ErrData, "found examples that differ from one epoch to the next, expected others, such as *dataset.Copies")
	}
	if err := w.Check(spec); err != nil {
		return nil, err
	}
	features := len(w.Get(lastWeights(spec)[0]).Float32s()) / classes
	n := 1
	for _, side := range c.data.ExampleShape() {
		n *= side
	}
	if n != features || c.data.Len() == 0 {
		return nil, errors.Wrapf(train.ErrData, "found %d examples of %d numbers, expected some of %d", c.data.Len(), n, features)
	}
	for i := range c.data.Len() {
		if label := c.data.Label(i); label < 0 || label >= classes {
			return nil, errors.Wrapf(train.ErrData, "label of example %d: found %d, expected 0 to %d", i, label, classes-1)
		}
	}
	return newSoftmaxLoss(c.data, features, classes, l2), nil
}

// minimise takes the last layer in w to the minimum of loss.
func (r *ExactResult) minimise(ctx context.Context, loss *softmaxLoss, spec model.Spec, w *model.Weights, opt ExactOptions) error {
	search := &exactSearch{ctx: ctx, loss: loss, opt: opt, centred: loss.centre(),
		layer: make([]float64, loss.parameters()), gradient: make([]float64, loss.parameters())}
	x := parametersOf(spec, w)
	err := search.run(x)
	kernel, bias := w.Get(r.Trained[0]).Float32s(), w.Get(r.Trained[1]).Float32s()
	for i, v := range x {
		rounded := float32(v)
		if i < len(kernel) {
			kernel[i] = rounded
		} else {
			bias[i-len(kernel)] = rounded
		}
		x[i] = float64(rounded)
	}
	objective, trainingLoss := loss.at(x, search.gradient)
	r.Objective, r.TrainingLoss = objective, &trainingLoss
	r.GradientNorm = floats.Norm(search.gradient, 2)
	r.Converged = r.GradientNorm <= ExactTolerance
	r.Iterations, r.Evaluations = search.iterations, search.evaluations
	return err
}
