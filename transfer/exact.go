package transfer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/logistic"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// ExactTolerance is the share of the objective by which it may be above the
// optimum where Exact takes that as reached.
const ExactTolerance = logistic.Tolerance

// ExactOptions says how Exact works.
type ExactOptions struct {
	WeightDecay float64         // l2, from 0: half of it times the squared norm of the weights, not the biases, is added to the loss
	Iterations  int             // at most; 2000 when 0
	Features    feature.Options // of the frozen layers
	// ClassWeights are factors on the loss of an example, by its class: see
	// train.BalancedWeights. Nil for 1.
	ClassWeights []float64
	Kept         Kept                   // outputs that stay as they are
	Iteration    func(r ExactIteration) // called after each iteration; may be nil
}

// ExactIteration is where Exact is after an iteration.
type ExactIteration = logistic.Iteration

// ExactResult is what Exact did.
type ExactResult struct {
	Result
	Converged    bool    `json:"converged"` // Objective is at the optimum
	Gap          float64 `json:"gap"`       // how far, at most, Objective is above the optimum
	Iterations   int     `json:"iterations"`
	Evaluations  int     `json:"-"`              // of the loss and its gradient: passes over the features
	Objective    float64 `json:"objective"`      // what was minimised: TrainingLoss and the penalty
	GradientNorm float64 `json:"gradient_norm"`  // Euclidean, of Objective, at the weights as they are in the network
	Seconds      float64 `json:"seconds_solver"` // without the features
}

// String says for people how the search went.
func (r ExactResult) String() string {
	return fmt.Sprintf("lbfgs: %d iterations in %.1f s   gap at most %.1e, gradient norm %.1e", r.Iterations, r.Seconds, r.Gap, r.GradientNorm)
}

// ErrNotExact is the cause of Exact's error for a network whose last layer is
// neither a dense one that gives the logits nor a 1×1 convolution that does, of an
// image of one pixel: then there is no convex problem.
var ErrNotExact = errors.New("the last layer has no exact optimum")

// Exact trains the last layer alone, in place, to the optimum. On frozen
// features that layer is multinomial logistic regression, a convex problem with
// one minimum, which needs neither a learning rate nor an order of the
// examples: all of them are one batch for L-BFGS (Liu and Nocedal, "On the
// limited memory BFGS method for large scale optimization", 1989), which is
// gonum's, on features that are standardised inside, and then for Newton's
// method, which proves how far the minimum can still be. The weights that the
// layer holds do not matter, but for those that are Kept: it begins at 0.
//
// What is minimised is the mean cross-entropy plus WeightDecay/2·‖W‖², the loss
// whose gradient train.SGD and train.Momentum follow with the same decay, but
// without the dropout that a head may have: dropout is a regulariser of
// stochastic training, and WeightDecay takes its place. scikit-learn's
// LogisticRegression(C) on N examples has its minimum where this has it for
// WeightDecay = 1/(C·N), with class_weight="balanced" for ClassWeights of
// train.BalancedWeights. Without decay, classes that can be separated have
// their minimum at infinity; Exact then ends on the way, where the loss is
// below 1e-6.
//
// When ctx is done it stops with ctx's error, and the network holds the best so far. So
// it does when Iterations are not enough, or float32 weights cannot hold the
// optimum, which is no error: see Converged and Gap.
func Exact(ctx context.Context, n *model.Network, data dataset.Examples, opt ExactOptions) (result *ExactResult, err error) {
	if !(opt.WeightDecay >= 0) || math.IsInf(opt.WeightDecay, 0) {
		return nil, errors.Errorf("weight decay: found %v, expected a number from 0", opt.WeightDecay)
	}
	if opt.Iterations < 0 {
		return nil, errors.Errorf("iterations: found %d, expected from 1, or 0 for 2000", opt.Iterations)
	}
	if opt.Iterations == 0 {
		opt.Iterations = 2000
	}
	if n != nil { // a reason to refuse it comes before the trunk runs
		if _, err := exactLayer(n.Spec); err != nil {
			return nil, err
		}
	}
	h, err := NewHead(ctx, n, data, Options{Select: model.Last(1), CacheMemory: opt.Features.CacheMemory,
		CacheDir: opt.Features.CacheDir, Warn: opt.Features.Warn, Progress: opt.Features.Progress, Kept: opt.Kept})
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := h.Close(); err == nil {
			err = closeErr
		}
	}()
	layer, err := h.lastLayer()
	if err != nil {
		return nil, err
	}
	loss, err := layer.loss(h.Data, logistic.Terms{L2: opt.WeightDecay, Weights: opt.ClassWeights, Kept: opt.Kept.Outputs})
	if err != nil {
		return nil, err
	}
	start := time.Now()
	r, err := loss.Minimise(ctx, layer.kernel, layer.bias, logistic.Options{Iterations: opt.Iterations, Iteration: opt.Iteration})
	if errors.Is(err, logistic.ErrNotFinite) {
		return nil, errors.Wrap(train.ErrDiverged, err.Error())
	}
	if err != nil && !errors.Is(err, ctx.Err()) {
		return nil, errors.Wrap(err, "read the examples")
	}
	layer.write()
	if changed := h.checkFrozen(); changed != nil {
		return nil, changed
	}
	if err := h.finishKept(ctx, opt.Kept); err != nil {
		return nil, err
	}
	if err := h.checkOutputs(); err != nil {
		return nil, err
	}
	result = &ExactResult{Result: h.Result, Converged: r.Converged, Gap: r.Gap, Iterations: r.Iterations, Evaluations: r.Evaluations,
		Objective: r.Objective, GradientNorm: r.GradientNorm, Seconds: time.Since(start).Seconds()}
	result.TrainingLoss = &r.Loss
	result.Stuck = train.Stuck(r.Loss, train.ChanceLoss(h.Data, opt.ClassWeights))
	return result, err
}

// checkOutputs runs the head on the first examples, to see that what it computes
// in float32 is finite: the search is in float64.
func (h *Head) checkOutputs() error {
	net, err := h.Net.ForEvaluation(min(h.Data.Len(), h.Net.Batch()))
	if err != nil {
		return err
	}
	e, err := train.NewEvaluator(net)
	if err != nil {
		return err
	}
	defer e.Close()
	first := make([]int, net.Batch())
	for i := range first {
		first[i] = i
	}
	_, err = e.Logits(h.Data, first)
	return err
}

// lastLayer is the layer that gives the logits: a dense one, or a convolution of
// 1×1 that sees one pixel, which is the same on [F].
type lastLayer struct {
	kernel, bias []float32 // [F,K], [K]
	conv         []float32 // [K,F,1,1]: what kernel is a copy of; nil for a dense layer
}

// exactLayer returns the layer of a network that gives the logits, with nothing
// behind it that changes a number, dropout apart.
func exactLayer(spec model.Spec) (model.Layer, error) {
	last, err := spec.OutputLayer()
	if err != nil {
		return last, err
	}
	at := slices.IndexFunc(spec.Layers, func(l model.Layer) bool { return l.Name == last.Name })
	for _, l := range spec.Layers[at+1:] {
		switch l.Kind.(type) {
		case model.Flatten, model.Dropout:
		default:
			return last, errors.Wrapf(ErrNotExact, "layer %q (%s): expected nothing behind %q, the layer that gives the logits", l.Name, l.Kind, last.Name)
		}
	}
	shapes, err := spec.Shapes()
	if err != nil {
		return last, err
	}
	switch kind := last.Kind.(type) {
	case model.Dense:
		if !kind.NoBias {
			return last, nil
		}
	case model.Conv:
		in := spec.Input
		if i := slices.IndexFunc(spec.Layers, func(l model.Layer) bool { return l.Name == spec.InputsOf(at)[0] }); i >= 0 {
			in = shapes[i]
		}
		if !kind.NoBias && kind.Groups <= 1 && slices.Equal(in[1:], []int{1, 1}) && slices.Equal(shapes[at][1:], in[1:]) && kind.Pad.IsZero() {
			return last, nil
		}
	}
	return last, errors.Wrapf(ErrNotExact, "layer %q (%s): expected a dense layer with a bias that gives the logits, or such a 1×1 convolution of an image of one pixel", last.Name, last.Kind)
}

// lastLayer returns the network's output layer, where that is all that is trained
// and nothing that changes a number is beside it in the head, dropout apart.
func (h *Head) lastLayer() (*lastLayer, error) {
	last, err := exactLayer(h.network.Spec)
	if err != nil {
		return nil, err
	}
	if trained := h.Net.TrainedLayers(); !slices.Equal(trained, []string{last.Name}) {
		return nil, errors.Wrapf(ErrNotExact, "found the trained layers %v, expected %q, the layer that gives the logits", trained, last.Name)
	}
	w := h.network.Weights
	layer := &lastLayer{kernel: w.Get(last.Name + "/W").Float32s(), bias: w.Get(last.Name + "/b").Float32s()}
	if _, is := last.Kind.(model.Conv); is {
		layer.conv = layer.kernel
		layer.kernel = transposed(layer.conv, len(layer.bias))
	}
	return layer, nil
}

// write puts the kernel where the network has it.
func (l *lastLayer) write() {
	if l.conv != nil {
		copy(l.conv, transposed(l.kernel, len(l.kernel)/len(l.bias)))
	}
}

// transposed returns a matrix of that many rows with its columns as rows.
func transposed(values []float32, rows int) []float32 {
	t := make([]float32, len(values))
	columns := len(values) / rows
	for i, v := range values {
		t[i%columns*rows+i/columns] = v
	}
	return t
}

// loss returns the loss on the features as a function of the layer.
func (l *lastLayer) loss(data dataset.Examples, terms logistic.Terms) (*logistic.Loss, error) {
	if _, varies := data.(dataset.Varying); varies {
		return nil, errors.Wrap(train.ErrData, "found examples that differ from one epoch to the next, expected others, such as *dataset.Copies")
	}
	classes := len(l.bias)
	if classes < 2 {
		return nil, errors.Wrapf(train.ErrData, "classes: found %d, expected 2 or more", classes)
	}
	features, n := len(l.kernel)/classes, size(data)
	if n != features || data.Len() == 0 {
		return nil, errors.Wrapf(train.ErrData, "found %d examples of %d numbers, expected some of %d", data.Len(), n, features)
	}
	for i := range data.Len() {
		if label := data.Label(i); label < 0 || label >= classes {
			return nil, errors.Wrapf(train.ErrData, "label of example %d: found %d, expected 0 to %d", i, label, classes-1)
		}
	}
	if err := train.CheckWeights(terms.Weights, classes); err != nil {
		return nil, err
	}
	return logistic.New(headRows{data}, features, classes, terms), nil
}

// headRows are examples as the head's input.
type headRows struct{ dataset.Examples }

// Block returns n rows where they lie in memory one after the other.
func (r headRows) Block(first, n int) ([]float32, bool) {
	if set, is := r.Examples.(*feature.Set); is {
		return set.Block(first, n)
	}
	return nil, false
}

// Read copies rows.
func (r headRows) Read(dst []float32, indices []int) error {
	return dataset.Read(r.Examples, dst, indices)
}

// trainingLoss returns the mean cross-entropy of the training examples, with these
// weights of the classes and without dropout, where the last layer alone is trained
// on features; nil elsewhere.
func (h *Head) trainingLoss(weights []float64) (*float64, error) {
	layer, err := h.lastLayer()
	if err != nil {
		return nil, nil // another layer is trained too, or it is no dense one
	}
	loss, err := layer.loss(h.Data, logistic.Terms{Weights: weights})
	if err != nil {
		return nil, err
	}
	value, err := loss.At(layer.kernel, layer.bias)
	if err != nil {
		return nil, err
	}
	return &value, nil
}
