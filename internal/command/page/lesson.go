package page

import (
	"context"
	"encoding/hex"
	"math"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// The settings of a lesson, chosen so that a handful of samples per class is learnt
// within seconds.
const (
	epochs       = 20
	batch        = 32
	learningRate = 0.02
	mostCopies   = 16  // of a drawing, all altered except the first
	mostExamples = 640 // copies of all drawings together
	mostLast     = 2   // layers that may be trained

	photoRate  = 0.01 // of Adam, whose steps do not depend on how large a network's features are
	photoSteps = 200  // at least

	featureMemory = 256 << 20 // bytes; more goes to a mapped file
)

// lesson is the head of a network while it learns the samples. The layers
// below the cut ran over them once.
type lesson struct {
	model   *model.Network // its weights are trained in place
	pre     *model.Network // the network as loaded
	taught  int            // samples, without altered copies
	epochs  int
	head    *transfer.Head // Validation is what is measured: the drawings as drawn, photos held out
	trainer *train.Trainer
	batches *dataset.Batches // of single steps
}

// mostLayers returns how many of the network's last layers may be trained.
func mostLayers(spec model.Spec) int { return min(mostLast, len(spec.MainLayers())) }

// newLesson makes a new last layer for the classes and runs the frozen layers
// over the samples.
func newLesson(ctx context.Context, pre *model.Network, c classes, last int, seed uint64, features func(done, of int)) (*lesson, error) {
	if len(c) < 2 {
		return nil, errors.Wrapf(errClass, "found %d classes with samples, expected 2 or more", len(c))
	}
	if most := mostLayers(pre.Spec); last < 1 || last > most {
		return nil, errors.Wrapf(errClass, "last: found %d, expected 1 to %d", last, most)
	}
	examples, measured, err := c.sets(pre, seed)
	if err != nil {
		return nil, err
	}
	l := &lesson{pre: pre, taught: c.total(), epochs: epochs}
	opt := transfer.Options{Select: model.Last(last), Batch: batch, CacheMemory: featureMemory, Progress: features}
	if measured != nil { // not a nil set in an interface
		opt.Train.Validation = measured
	}
	if l.model, err = transfer.WithClasses(pre, c.names(), model.Last(last), seed); err != nil {
		return nil, err
	}
	solver, taught := train.NewMomentum(learningRate, 0.9), measured
	if pre.Prep.IsPhoto() {
		solver, taught = train.NewAdam(photoRate), examples
		l.taught = examples.Len()
	}
	l.model.Seen = pre.Seen.And(taught.Seen())
	if l.head, err = transfer.NewHead(ctx, l.model, examples, opt); err != nil {
		return nil, err
	}
	if l.batches, err = dataset.NewBatches(l.head.Data.Len(), min(batch, l.head.Data.Len()), seed); err != nil {
		return nil, err
	}
	if pre.Prep.IsPhoto() {
		l.epochs = max(epochs, (photoSteps+l.batches.PerEpoch()-1)/l.batches.PerEpoch())
	}
	l.trainer, err = l.head.Trainer(solver, seed)
	return l, err
}

// sets returns what is taught and what measures the training, nil for nothing: photos
// that are held out, or the drawings as drawn, whose altered copies are taught too.
func (c classes) sets(m *model.Network, seed uint64) (examples, measured *dataset.Set, err error) {
	if m.Prep.IsPhoto() {
		return c.photoSets(m)
	}
	if measured, err = c.drawingSet(1, m.Prep, seed); err != nil {
		return nil, nil, err
	}
	examples, err = c.drawingSet(max(1, min(mostCopies, mostExamples/c.total())), m.Prep, seed)
	return examples, measured, err
}

// held returns how many samples are held out.
func (l *lesson) held() int {
	if !l.model.Prep.IsPhoto() || l.head.Validation == nil {
		return 0
	}
	return l.head.Validation.Len()
}

func (l *lesson) close() error {
	if err := l.trainer.Close(); err != nil {
		return err
	}
	return l.head.Close()
}

// steps returns how many steps a whole training makes.
func (l *lesson) steps() int { return l.epochs * l.batches.PerEpoch() }

// fit trains until all epochs are done or ctx ends. That is no error: what was learnt
// so far is kept.
func (l *lesson) fit(ctx context.Context, hook train.Hook) (stopped bool, err error) {
	err = l.trainer.Fit(ctx, l.head.Data, train.Options{Epochs: l.epochs, Schedule: train.CosineRate, Hook: hook})
	if errors.Is(err, context.Canceled) {
		return true, nil
	}
	return false, err
}

// stepLayer is what one step did to a layer, with W and b taken together.
type stepLayer struct {
	Name     string   `json:"name"`
	Trained  bool     `json:"trained"`
	Gradient *float64 `json:"gradient"` // Euclidean norm; null where none is computed
	Change   float64  `json:"change"`   // Euclidean norm of the weights' difference
}

// stepResult is one step.
type stepResult struct {
	Step     int         `json:"step"`
	Examples int         `json:"examples"`
	Correct  int         `json:"correct"`
	Loss     float64     `json:"loss"`
	Seconds  float64     `json:"seconds"`
	Layers   []stepLayer `json:"layers"`
}

// step makes one step on the next batch. The trainer reports what it did to the
// trained layers; the frozen ones are compared with the network as loaded.
func (l *lesson) step() (stepResult, error) {
	indices, _ := l.batches.Next()
	start := time.Now()
	lines, report, err := l.trainer.Trace(l.head.Data, indices)
	if err != nil {
		return stepResult{}, err
	}
	result := stepResult{Step: report.Step, Examples: report.Examples, Correct: report.Correct, Loss: report.Loss, Seconds: time.Since(start).Seconds()}
	gradients, changes := map[string]float64{}, map[string]float64{} // squared, by layer
	for _, line := range lines {
		if line.Kind == "update" && line.Gradient != nil {
			layer := model.LayerOf(line.Node)
			gradients[layer] += *line.Gradient * *line.Gradient
			changes[layer] += line.Norm * line.Norm
		}
	}
	for _, layer := range l.model.Spec.MainLayers() {
		row := stepLayer{Name: layer.Name}
		if g, ok := gradients[layer.Name]; ok {
			norm := math.Sqrt(g)
			row.Trained, row.Gradient, row.Change = true, &norm, math.Sqrt(changes[layer.Name])
		} else {
			row.Change = l.distance(layer.Name)
		}
		result.Layers = append(result.Layers, row)
	}
	return result, nil
}

// distance returns the Euclidean norm of the difference between a layer's weights and
// those of the network as loaded.
func (l *lesson) distance(layer string) float64 {
	var sum float64
	for _, name := range l.model.Weights.Names() {
		if model.LayerOf(name) != layer {
			continue
		}
		before := l.pre.Weights.Get(name).Float32s()
		for i, x := range l.model.Weights.Get(name).Float32s() {
			sum += math.Pow(float64(x)-float64(before[i]), 2)
		}
	}
	return math.Sqrt(sum)
}

// hashed is a weight with the SHA-256 of its values, in hex.
type hashed struct {
	Name    string `json:"name"`
	Trained bool   `json:"trained"`
	Before  string `json:"before"`
	After   string `json:"after"`
}

// hashes returns the hashes of all weights, by name. A frozen weight's is that
// of the network as loaded.
func (l *lesson) hashes() map[string]string {
	sums := map[string]string{}
	for _, name := range l.trainer.Net().TrainedWeights() {
		sum := l.model.Weights.Hash(name)
		sums[name] = hex.EncodeToString(sum[:])
	}
	for _, name := range l.trainer.Net().FrozenWeights() {
		sum := l.pre.Weights.Hash(name)
		sums[name] = hex.EncodeToString(sum[:])
	}
	return sums
}

// compare returns the weights with their hashes before and now, and whether all
// frozen ones are the same.
func (l *lesson) compare(before map[string]string) (list []hashed, identical bool) {
	trained := map[string]bool{}
	for _, name := range l.trainer.Net().TrainedWeights() {
		trained[name] = true
	}
	identical = true
	for _, name := range l.model.Weights.Names() {
		sum := l.model.Weights.Hash(name)
		h := hashed{name, trained[name], before[name], hex.EncodeToString(sum[:])}
		identical = identical && (h.Trained || h.Before == h.After)
		list = append(list, h)
	}
	return list, identical
}
