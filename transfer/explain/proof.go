package explain

import (
	"context"
	"math"
	"slices"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// Cost is what a step of one way takes.
type Cost struct {
	Name    string     `json:"name"`
	Seconds float64    `json:"seconds_per_step"` // median of the steps that were timed; 0 for none
	Plan    train.Plan `json:"plan"`
}

// Proof is the result of one step in each way, from the same weights, batch and
// dropout.
type Proof struct {
	Trained         []string           `json:"trained"`
	LargestChange   float64            `json:"largest_change"`     // of a trained weight in the step
	Differences     map[string]float64 `json:"largest_difference"` // of a trained weight between the restricted step and each other way
	FrozenIdentical map[string]bool    `json:"frozen_identical"`   // by hash, after each way
}

// Costs returns what a step of each way takes.
func (c *Comparison) Costs() []Cost {
	var costs []Cost
	for _, w := range c.ways {
		costs = append(costs, Cost{w.name, w.median(), w.plan()})
	}
	return costs
}

// plan returns what a step of this way consists of: the trainer's plan, and the bytes
// read and written to save the old weights and put them back.
func (w *way) plan() train.Plan {
	p := w.trainer.Plan()
	for _, name := range w.putBack {
		p.Bytes += 2 * (4 + 4) * int64(len(w.weights.Get(name).Float32s()))
	}
	return p
}

// median returns the median of the timed steps.
func (w *way) median() float64 {
	sorted := slices.Sorted(slices.Values(w.times))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Prove makes one step in every way that trains at least the layers asked for,
// and compares the trained weights with those of the restricted step. Call it
// before Time: the ways must begin at the same weights. progress, which may be nil,
// gets the number of steps made, one of each way.
func (c *Comparison) Prove(ctx context.Context, progress func(done int)) (Proof, error) {
	net := c.restricted.trainer.Net()
	p := Proof{Trained: net.TrainedWeights(), Differences: map[string]float64{}, FrozenIdentical: map[string]bool{}}
	for i, w := range c.ways {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		if err := w.step(c.indices); err != nil {
			return p, err
		}
		if progress != nil {
			progress(i + 1)
		}
	}
	p.LargestChange = difference(c.restricted.weights, c.original, p.Trained)
	for _, w := range c.ways {
		if len(w.trainer.Net().TrainedWeights()) < len(p.Trained) {
			continue // trains fewer layers: nothing to compare
		}
		p.Differences[w.name] = difference(w.weights, c.restricted.weights, p.Trained)
		identical := true
		for _, name := range net.FrozenWeights() {
			identical = identical && w.weights.Hash(name) == c.original.Hash(name)
		}
		p.FrozenIdentical[w.name] = identical
	}
	return p, nil
}

// difference returns the largest absolute difference of the named weights.
func difference(a, b *model.Weights, names []string) float64 {
	var largest float64
	for _, name := range names {
		y := b.Get(name).Float32s()
		for i, x := range a.Get(name).Float32s() {
			largest = math.Max(largest, math.Abs(float64(x)-float64(y[i])))
		}
	}
	return largest
}
