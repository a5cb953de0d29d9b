package graphop_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// input is one input of an operator: float32 values, or labels.
type input struct {
	shape  tensor.Shape
	values []float32
	labels []int
	grad   bool // it gets a gradient
	rows   bool // it has one row per row of the batch; the first input and labels always do
}

// row returns the number of values in one row of the batch.
func (in input) row() int { return in.shape.TotalSize() / in.shape[0] }

func (in input) array() array {
	a := zeros(in.shape...)
	for i, v := range in.values {
		a.v[i] = float64(v)
	}
	return a
}

// random returns normally distributed values.
func random(rng *rand.Rand, grad bool, shape ...int) input {
	in := input{shape: shape, grad: grad}
	in.values = normal(rng, in.shape.TotalSize())
	return in
}

func normal(rng *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(rng.NormFloat64())
	}
	return values
}

type buildFunc func(s *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error)

// rig is a graph of one operator with all its gradients.
type rig struct {
	scope  *graphop.Scope
	inputs []input
	in     []*gorgonia.Node
	y, dy  *gorgonia.Node
	grads  []*gorgonia.Node // one per input, nil if it has none
	vm     gorgonia.VM
}

// result is a copy of the output of one run.
type result struct {
	y     []float32
	grads [][]float32
}

// newRig builds the operator with inputs whose first side is the capacity.
func newRig(t *testing.T, inputs []input, build buildFunc) *rig {
	t.Helper()
	g := gorgonia.NewGraph()
	r := &rig{scope: graphop.NewScope(g, inputs[0].shape[0]), inputs: inputs}
	var wrt gorgonia.Nodes
	for i, in := range inputs {
		r.in = append(r.in, variable(g, string(rune('a'+i)), in))
		if in.grad {
			wrt = append(wrt, r.in[i])
		}
	}
	var err error
	if r.y, err = build(r.scope, r.in); err != nil {
		t.Fatal(err)
	}
	if r.y.IsScalar() {
		r.dy = gorgonia.NewScalar(g, tensor.Float32, gorgonia.WithName("dy"))
	} else {
		r.dy = gorgonia.NewTensor(g, tensor.Float32, r.y.Dims(), gorgonia.WithShape(r.y.Shape()...), gorgonia.WithName("dy"))
	}
	grads, err := gorgonia.Backpropagate(gorgonia.Nodes{r.y}, gorgonia.Nodes{r.dy}, wrt)
	if err != nil {
		t.Fatal(err)
	}
	r.grads = make([]*gorgonia.Node, len(inputs))
	for i, in := range inputs {
		if in.grad {
			r.grads[i], grads = grads[0], grads[1:]
		}
	}
	r.vm = gorgonia.NewTapeMachine(g)
	t.Cleanup(func() { r.vm.Close() })
	return r
}

// variable adds an input to the graph that shares the memory of in.
func variable(g *gorgonia.ExprGraph, name string, in input) *gorgonia.Node {
	var t *tensor.Dense
	if in.labels != nil {
		t = tensor.New(tensor.WithShape(in.shape...), tensor.WithBacking(in.labels))
	} else {
		t = tensor.New(tensor.WithShape(in.shape...), tensor.WithBacking(in.values))
	}
	return gorgonia.NewTensor(g, t.Dtype(), len(in.shape), gorgonia.WithShape(in.shape...), gorgonia.WithName(name), gorgonia.WithValue(t))
}

// run runs the graph with the gradient dy and copies the results. It fails the test if
// an input was overwritten.
func (r *rig) run(t *testing.T, dy []float32) result {
	t.Helper()
	before := make([]input, len(r.inputs))
	for i, in := range r.inputs {
		before[i] = input{values: slices.Clone(in.values), labels: slices.Clone(in.labels)}
	}
	if err := r.try(dy); err != nil {
		t.Fatal(err)
	}
	for i, in := range r.inputs {
		if !sameBits(in.values, before[i].values) || !slices.Equal(in.labels, before[i].labels) {
			t.Fatalf("input %d was written to", i)
		}
	}
	out := result{y: values(r.y), grads: make([][]float32, len(r.grads))}
	for i, g := range r.grads {
		if g != nil {
			out.grads[i] = values(g)
		}
	}
	return out
}

// try runs the graph.
func (r *rig) try(dy []float32) error {
	var err error
	if r.dy.IsScalar() {
		err = gorgonia.Let(r.dy, dy[0])
	} else {
		err = gorgonia.Let(r.dy, tensor.New(tensor.WithShape(r.dy.Shape()...), tensor.WithBacking(dy)))
	}
	if err != nil {
		return err
	}
	r.vm.Reset()
	return r.vm.RunAll()
}

// values returns a copy of the values of a node after a run.
func values(n *gorgonia.Node) []float32 {
	if n.IsScalar() {
		return []float32{n.Value().Data().(float32)}
	}
	return slices.Clone(n.Value().Data().([]float32))
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// same fails the test unless two results are bit-identical.
func same(t *testing.T, what string, got, want result) {
	t.Helper()
	if !sameBits(got.y, want.y) {
		t.Errorf("%s: the outputs differ", what)
	}
	for i := range want.grads {
		if !sameBits(got.grads[i], want.grads[i]) {
			t.Errorf("%s: the gradients towards input %d differ", what, i)
		}
	}
}

// difference returns the largest |got − want|, relative to the largest |want| if that
// is above 1. NaN in only one of them counts as infinite.
func difference(got []float32, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	scale, worst := 1.0, 0.0
	for i, w := range want {
		if math.IsNaN(w) != (got[i] != got[i]) {
			return math.Inf(1)
		}
		if math.IsNaN(w) || float64(got[i]) == w {
			continue
		}
		scale = math.Max(scale, math.Abs(w))
		worst = math.Max(worst, math.Abs(float64(got[i])-w))
	}
	return worst / scale
}
