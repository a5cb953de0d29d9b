package train

import (
	"math"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TraceLine is one instruction of a step that was looked at while it ran, or,
// with the kind "update", what the solver did to one parameter.
type TraceLine struct {
	Node     string   `json:"node"`
	Kind     string   `json:"kind"`
	Backward bool     `json:"backward"`
	Inputs   [][]int  `json:"inputs,omitempty"`
	Output   []int    `json:"output"`
	Seconds  float64  `json:"seconds,omitempty"`
	Norm     float64  `json:"norm"`               // Euclidean, of the value; of an update, of the change
	Gradient *float64 `json:"gradient,omitempty"` // norm of the loss's gradient towards this value, where there is one
}

// Trace makes one step as Step does, and returns it instruction by
// instruction, so that a person can follow a batch through the program and
// back.
func (t *Trainer) Trace(data dataset.Examples, indices []int) ([]TraceLine, StepReport, error) {
	if err := t.check(); err != nil {
		return nil, StepReport{}, err
	}
	forward := t.neededForLoss()
	nodes := map[string]*gorgonia.Node{}
	for _, n := range t.net.Scope().Graph().AllNodes() {
		nodes[n.Name()] = n
	}
	size := t.usedSizes(nodes, len(indices))
	var lines []TraceLine
	t.net.Scope().Observe(func(e graphop.Event) {
		line := TraceLine{Node: e.Node, Kind: e.Kind, Output: e.Output.Shape(), Seconds: e.Elapsed.Seconds(), Norm: norm(e.Output, size(nodes[e.Node]))}
		for _, shape := range e.Inputs {
			line.Inputs = append(line.Inputs, shape)
		}
		line.Backward = !forward[nodes[e.Node].ID()]
		lines = append(lines, line)
	})
	before := t.copyTrained()
	report, err := t.Step(data, indices)
	t.net.Scope().Observe(nil)
	if err != nil {
		return nil, report, err
	}
	for i := range lines {
		if d := nodes[lines[i].Node].Deriv(); d != nil && d.Value() != nil {
			g := norm(d.Value(), size(d))
			lines[i].Gradient = &g
		}
	}
	for _, name := range t.net.TrainedWeights() {
		w, old := t.net.Weights().Get(name), before[name]
		var change float64
		for i, v := range w.Float32s() {
			change += float64(v-old[i]) * float64(v-old[i])
		}
		g := norm(t.net.Node(name).Deriv().Value(), len(old))
		lines = append(lines, TraceLine{Node: name, Kind: "update", Backward: true, Output: w.Shape(), Norm: math.Sqrt(change), Gradient: &g})
	}
	return lines, report, checkTrace(lines)
}

// checkTrace returns an error that names the first value that is not finite: the
// loss need not be.
func checkTrace(lines []TraceLine) error {
	for _, l := range lines {
		sum := l.Norm
		if l.Gradient != nil {
			sum += *l.Gradient
		}
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			return errors.Wrapf(ErrNotFinite, "%s (%s): the value, its gradient or its change is not finite: weights are too large; train again with a smaller learning rate", l.Node, l.Kind)
		}
	}
	return nil
}

func (t *Trainer) copyTrained() map[string][]float32 {
	copies := map[string][]float32{}
	for _, name := range t.net.TrainedWeights() {
		copies[name] = append([]float32(nil), t.net.Weights().Get(name).Float32s()...)
	}
	return copies
}

// usedSizes returns a function that tells how many numbers of a node's value a
// run with that many rows writes: of [N,...] the rows in use, since those
// beyond hold what a larger batch left there; of a weight and its gradient all.
func (t *Trainer) usedSizes(nodes map[string]*gorgonia.Node, rows int) func(*gorgonia.Node) int {
	whole := map[*gorgonia.Node]bool{}
	for _, n := range t.net.Trainable() {
		whole[n], whole[n.Deriv()] = true, true
	}
	for _, n := range nodes {
		if o, ok := n.Op().(*graphop.Operator); ok && o.Constant() != nil {
			whole[n] = true
		}
	}
	return func(n *gorgonia.Node) int {
		if whole[n] || n.Dims() == 0 {
			return n.Shape().TotalSize()
		}
		return n.Shape().TotalSize() / t.net.Scope().Capacity() * rows
	}
}

// norm returns the Euclidean norm of the first n numbers of v.
func norm(v gorgonia.Value, n int) float64 {
	switch v := v.(type) {
	case *tensor.Dense:
		var sum float64
		for _, x := range v.Float32s()[:n] {
			sum += float64(x) * float64(x)
		}
		return math.Sqrt(sum)
	case *gorgonia.F32:
		return math.Abs(float64(*v))
	}
	return math.NaN()
}
