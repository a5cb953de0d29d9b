package main

import (
	"context"
	"fmt"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"slices"
	"sort"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// way is one way to retrain the last layers, with a trainer and weights of its
// own so that it can be run beside the others.
type way struct {
	name    string
	trainer *train.Trainer
	weights *model.Weights
	data    dataset.Examples // images, or the features behind the cut
	release func() error     // gives the features back
	putBack []string         // weights that are restored after each step
	old     *model.Weights   // where they are saved before it
	times   []float64        // seconds of each step that was timed
}

// firstOf are the first n examples: explain looks at one batch, and the trunk
// need not run over all the others.
type firstOf struct {
	dataset.Examples
	n int
}

func (f firstOf) Len() int { return f.n }

// explainSeed is where the dropout masks come from: the same for every way.
const explainSeed = 1

// explainRate is the learning rate of the steps that are compared.
const explainRate = 0.02

// ways returns the ways to compare, the one asked for, the last n layers,
// among them: everything; everything with the old weights put back; the FC
// layers; the last layer; and the restricted ones with the cut.
func ways(ctx context.Context, m *model.Network, data dataset.Examples, batch, n int) ([]*way, error) {
	data = firstOf{data, batch}
	all, err := newWay(ctx, m, data, batch, "whole network", model.All(), false)
	if err != nil {
		return nil, err
	}
	back, err := newWay(ctx, m, data, batch, fmt.Sprintf("whole, all but last %d put back", n), model.All(), false)
	if err != nil {
		return nil, err
	}
	restricted, err := model.Last(n).Resolve(m.Spec)
	if err != nil {
		return nil, usage(err)
	}
	for _, l := range m.Spec.Weighted() {
		if !slices.Contains(restricted, l.Name) {
			back.putBack = append(back.putBack, l.Name+"/W", l.Name+"/b")
		}
	}
	back.old = m.Weights.Clone()
	list := []*way{all, back}
	counts := []int{denseLayers(m.Spec), n, 1}
	sort.Sort(sort.Reverse(sort.IntSlice(counts)))
	for _, cut := range []bool{false, true} {
		for _, k := range slices.Compact(slices.Clone(counts)) {
			w, err := newWay(ctx, m, data, batch, lastName(k, cut), model.Last(k), cut)
			if err != nil {
				return nil, err
			}
			list = append(list, w)
		}
	}
	return list, nil
}

// lastName names the way that trains the last k layers.
func lastName(k int, cut bool) string {
	name := fmt.Sprintf("last %d layers", k)
	if k == 1 {
		name = "last layer"
	}
	if cut {
		name += ", cut"
	}
	return name
}

func denseLayers(spec model.Spec) int {
	n := 0
	for _, l := range spec.Weighted() {
		if l.Kind == model.Dense {
			n++
		}
	}
	return n
}

func newWay(ctx context.Context, m *model.Network, data dataset.Examples, batch int, name string, selection model.Selection, cut bool) (*way, error) {
	w := &way{name: name, weights: m.Weights.Clone(), data: data, release: func() error { return nil }}
	from := 0
	if cut {
		trunk, err := feature.NewTrunk(smallnet.Of(m.Spec, w.weights), selection)
		if err != nil {
			return nil, err
		}
		defer trunk.Close()
		features, err := trunk.Features(ctx, data, feature.Options{})
		if err != nil {
			return nil, err
		}
		w.data, w.release = features, features.Close
		from = trunk.Cut()
	}
	net, err := model.Build(smallnet.Of(m.Spec, w.weights), selection, model.Batch(batch), model.Layers(from, len(m.Spec.Layers)))
	if err != nil {
		return nil, err
	}
	w.trainer, err = train.New(net, train.NewMomentum(explainRate, 0.9), explainSeed)
	return w, err
}

// step makes one training step, and puts the old weights back where this way
// does so: the first idea of the question.
func (w *way) step(indices []int) error {
	for _, name := range w.putBack {
		copy(w.old.Get(name).Float32s(), w.weights.Get(name).Float32s())
	}
	if _, err := w.trainer.Step(w.data, indices); err != nil {
		return err
	}
	for _, name := range w.putBack {
		copy(w.weights.Get(name).Float32s(), w.old.Get(name).Float32s())
	}
	return nil
}

// plan returns what a step of this way consists of: the trainer's, and the
// bytes that saving the old weights and putting them back reads and writes.
func (w *way) plan() train.Plan {
	p := w.trainer.Plan()
	for _, name := range w.putBack {
		p.Bytes += 2 * (4 + 4) * int64(len(w.weights.Get(name).Float32s()))
	}
	return p
}

// closeAll frees the machines and the features.
func closeAll(list []*way) error {
	var first error
	for _, w := range list {
		for _, release := range []func() error{w.trainer.Close, w.release} {
			if err := release(); err != nil && first == nil {
				first = err
			}
		}
	}
	return first
}

// timeSteps times rounds steps of every way, in turn so that all meet the same
// machine.
func timeSteps(ctx context.Context, list []*way, indices []int, rounds int, progress func(done int)) error {
	for round := range rounds {
		for _, w := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			start := time.Now()
			if err := w.step(indices); err != nil {
				return err
			}
			w.times = append(w.times, time.Since(start).Seconds())
		}
		progress(round + 1)
	}
	return nil
}

// median returns the median of the timed steps.
func (w *way) median() float64 {
	sorted := slices.Sorted(slices.Values(w.times))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
