package explain

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/typednil"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// Comparison is several ways to retrain a network's last layers, each with its own
// trainer and weights, to be run side by side. Close it when it is no longer needed.
type Comparison struct {
	original   *model.Weights
	last       int // layers that restricted trains
	ways       []*way
	restricted *way // the last layers, without the cut
	cut        *way // and with it
	indices    []int
}

// way is one way to retrain.
type way struct {
	name    string
	head    *transfer.Head
	trainer *train.Trainer
	weights *model.Weights
	putBack []string       // weights that are restored after each step
	old     *model.Weights // where they are saved before the step
	times   []float64      // seconds of each step that was timed
}

// firstOf are the first n examples: one batch is looked at, and the trunk need
// not run over all the others.
type firstOf struct {
	dataset.Examples
	n int
}

func (f firstOf) Len() int { return f.n }

// seed is where the dropout masks come from: the same for every way.
const seed = 1

// learningRate is that of the steps that are compared.
const learningRate = 0.02

// Compare sets up the ways to retrain the last n layers, on the first batch examples
// of data, or fewer if a step would take more than about 2 GiB: see Comparison.Batch.
// The ways are: everything; everything with the old weights put back; the last n
// layers, all dense layers, and the last layer; and these three with the cut. The
// network itself does not change. The error's cause is model.ErrNetwork, model.ErrSelection
// or one of transfer.NewHead's.
func Compare(ctx context.Context, n *model.Network, data dataset.Examples, last, batch int) (c *Comparison, err error) {
	if n == nil {
		return nil, errors.Wrap(model.ErrNetwork, "compare: found no network")
	}
	restricted, err := model.Last(last).Resolve(n.Spec)
	if err != nil {
		return nil, err
	}
	if typednil.Is(data) || data.Len() == 0 {
		return nil, errors.Wrap(train.ErrData, "compare: found no examples, expected at least one")
	}
	if batch < 1 {
		return nil, errors.Errorf("compare: batch: found %d, expected from 1", batch)
	}
	fits, err := mostExamples(ctx, n, data)
	if err != nil {
		return nil, err
	}
	batch = min(batch, data.Len(), fits)
	data = firstOf{data, batch}
	c = &Comparison{original: n.Weights, last: last, indices: make([]int, batch)}
	for i := range c.indices {
		c.indices[i] = i
	}
	defer func() {
		if err != nil {
			_ = c.Close() // the error that is returned came first
			c = nil
		}
	}()
	add := func(name string, selection model.Selection, cut bool) (*way, error) {
		w, err := newWay(ctx, n, data, batch, name, selection, cut)
		if err == nil {
			c.ways = append(c.ways, w)
		}
		return w, err
	}
	if _, err := add("whole network", model.All(), false); err != nil {
		return c, err
	}
	back, err := add(fmt.Sprintf("whole, all but last %d put back", last), model.All(), false)
	if err != nil {
		return c, err
	}
	for _, name := range back.head.Net.TrainedWeights() {
		if !slices.Contains(restricted, model.LayerOf(name)) {
			back.putBack = append(back.putBack, name)
		}
	}
	back.old = n.Weights.Clone()
	counts := []int{denseLayers(n.Spec), last, 1}
	sort.Sort(sort.Reverse(sort.IntSlice(counts)))
	for _, cut := range []bool{false, true} {
		for _, k := range slices.Compact(slices.Clone(counts)) {
			w, err := add(LastName(k, cut), model.Last(k), cut)
			switch {
			case err != nil:
				return c, err
			case k == last && cut:
				c.cut = w
			case k == last:
				c.restricted = w
			}
		}
	}
	return c, nil
}

// wayBytes is what the values of one way's graph may take.
const wayBytes = 2 << 30

// mostExamples returns how many examples a step may take, judging by the values that
// the graph of the whole network has for one example, gradients included.
func mostExamples(ctx context.Context, n *model.Network, data dataset.Examples) (int, error) {
	one, err := newWay(ctx, n, firstOf{data, 1}, 1, "", model.All(), false)
	if err != nil {
		return 0, err
	}
	memory, err := one.head.Net.ShareMemory() // never run: only its size is asked for
	if closing := one.close(); err == nil {
		err = closing
	}
	return int(max(1, wayBytes/max(1, memory.Without))), err
}

// LastName names the way that trains the last k layers.
func LastName(k int, cut bool) string {
	name := fmt.Sprintf("last %d layers", k)
	if k == 1 {
		name = "last layer"
	}
	if cut {
		name += ", cut"
	}
	return name
}

// denseLayers returns how many dense layers the network ends in, at least one.
func denseLayers(spec model.Spec) int {
	n := 0
	for _, l := range spec.Layers {
		if _, ok := l.Kind.(model.Dense); ok {
			n++
		}
	}
	return max(1, n)
}

func newWay(ctx context.Context, n *model.Network, data dataset.Examples, batch int, name string, selection model.Selection, cut bool) (*way, error) {
	own := *n
	own.Weights = n.Weights.Clone()
	head, err := transfer.NewHead(ctx, &own, data, transfer.Options{Select: selection, Batch: batch, NoCache: !cut})
	if err != nil {
		return nil, err
	}
	w := &way{name: name, head: head, weights: own.Weights}
	if w.trainer, err = head.Trainer(train.NewMomentum(learningRate, 0.9), seed); err != nil {
		_ = head.Close() // the error that is returned came first
		return nil, err
	}
	return w, nil
}

// close frees the machine and the features.
func (w *way) close() error {
	err := w.trainer.Close()
	if closing := w.head.Close(); err == nil {
		err = closing
	}
	return err
}

// step makes one training step, and puts the old weights back if this way does.
func (w *way) step(indices []int) error {
	for _, name := range w.putBack {
		copy(w.old.Get(name).Float32s(), w.weights.Get(name).Float32s())
	}
	if _, err := w.trainer.Step(w.head.Data, indices); err != nil {
		return err
	}
	for _, name := range w.putBack {
		copy(w.weights.Get(name).Float32s(), w.old.Get(name).Float32s())
	}
	return nil
}

// Restricted returns the trainer of the last layers, without the cut.
func (c *Comparison) Restricted() *train.Trainer { return c.restricted.trainer }

// Batch returns how many examples a step takes.
func (c *Comparison) Batch() int { return len(c.indices) }

// Layers returns the layers as they are in the restricted graph, and of the one
// with the cut what it leaves out: the layers computed once.
func (c *Comparison) Layers() []model.LayerInfo {
	layers, behind := c.restricted.trainer.Net().Describe(), c.cut.trainer.Net().Describe()
	for i := range layers {
		layers[i].Cached = behind[i].Cached
	}
	return layers
}

// Time times rounds steps of every way, in turn, so that all run under the same
// conditions. progress, which may be nil, gets the number of steps made, of
// rounds times the number of ways.
func (c *Comparison) Time(ctx context.Context, rounds int, progress func(done int)) error {
	done := 0
	for range rounds {
		for _, w := range c.ways {
			if err := ctx.Err(); err != nil {
				return err
			}
			start := time.Now()
			if err := w.step(c.indices); err != nil {
				return err
			}
			w.times = append(w.times, time.Since(start).Seconds())
			if done++; progress != nil {
				progress(done)
			}
		}
	}
	return nil
}

// Trace follows one more step of the last layers, without the cut, instruction
// by instruction.
func (c *Comparison) Trace() ([]train.TraceLine, error) {
	lines, _, err := c.restricted.trainer.Trace(c.restricted.head.Data, c.indices)
	return lines, err
}

// Close frees the machines and the features.
func (c *Comparison) Close() error {
	var first error
	for _, w := range c.ways {
		if err := w.close(); first == nil {
			first = err
		}
	}
	return first
}
