package model_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// small is a network with a dropout layer below and one above fc1.
func small() model.Spec {
	return model.Spec{
		Input: []int{1, 8, 8},
		Layers: []model.Layer{
			{Name: "conv1", Kind: model.Conv{Out: 4, Kernel: model.Sides{3}, Stride: model.Sides{1}, Pad: model.Sides{1}}}, // [4,8,8]
			{Name: "relu1", Kind: model.ReLU{}},
			{Name: "pool1", Kind: model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{2}}}, // [4,4,4]
			{Name: "drop1", Kind: model.Dropout{Rate: 0.25}},
			{Name: "fc1", Kind: model.Dense{Out: 6}},
			{Name: "relu2", Kind: model.ReLU{}},
			{Name: "drop2", Kind: model.Dropout{Rate: 0.5}},
			{Name: "fc2", Kind: model.Dense{Out: 3}},
		},
	}
}

func mustInit(t *testing.T, spec model.Spec, seed uint64) *model.Weights {
	t.Helper()
	w, err := model.Init(spec, newRand(seed))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func mustBuild(t *testing.T, spec model.Spec, w *model.Weights, train model.Selection, opts ...model.Option) *model.Net {
	t.Helper()
	net, err := model.Build(smallnet.Of(spec, w), train, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// step is a net with a loss, the gradients of its trained weights, and a
// machine.
type step struct {
	net    *model.Net
	loss   *gorgonia.Node
	labels []int
	grads  map[string]*gorgonia.Node
	vm     gorgonia.VM
}

func newStep(t *testing.T, net *model.Net) *step {
	t.Helper()
	n := net.Scope().Capacity()
	labels := tensor.New(tensor.WithShape(n), tensor.Of(tensor.Int))
	g := net.Scope().Graph()
	node := gorgonia.NewVector(g, tensor.Int, gorgonia.WithShape(n), gorgonia.WithName("labels"), gorgonia.WithValue(labels))
	loss, err := graphop.CrossEntropy(net.Scope(), "loss", net.Logits(), node, nil)
	if err != nil {
		t.Fatal(err)
	}
	grads, err := gorgonia.Grad(loss, net.Trainable()...)
	if err != nil {
		t.Fatal(err)
	}
	s := &step{net: net, loss: loss, labels: labels.Ints(), grads: map[string]*gorgonia.Node{}}
	for i, name := range net.TrainedWeights() {
		s.grads[name] = grads[i]
	}
	if err := net.CheckNodes(); err != nil {
		t.Fatal(err)
	}
	s.vm = gorgonia.NewTapeMachine(g)
	t.Cleanup(func() { s.vm.Close() })
	return s
}

// run computes loss, logits and gradients of a random batch, the same for the
// same seed and shapes.
func (s *step) run(t *testing.T, seed uint64) {
	t.Helper()
	rng := newRand(seed)
	fillImages(s.net.Images(), rng)
	for i := range s.labels {
		s.labels[i] = rng.IntN(s.net.Spec().Classes())
	}
	for _, m := range s.net.Masks() {
		fillMask(m.Values, m.Rate, m.Layer)
	}
	run(t, s.vm)
}

func fillImages(images []float32, rng *rand.Rand) {
	for i := range images {
		images[i] = float32(rng.NormFloat64())
	}
}

// fillMask draws a mask that depends on the layer alone.
func fillMask(values []float32, rate float64, layer string) {
	rng := newRand(uint64(len(layer)) + uint64(layer[len(layer)-1]))
	for i := range values {
		values[i] = 0
		if rng.Float64() >= rate {
			values[i] = float32(1 / (1 - rate))
		}
	}
}

func run(t *testing.T, vm gorgonia.VM) {
	t.Helper()
	vm.Reset()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
}

// evaluate returns the net's output for the images that are in its input.
func evaluate(t *testing.T, net *model.Net) []float32 {
	t.Helper()
	vm := gorgonia.NewTapeMachine(net.Scope().Graph())
	defer vm.Close()
	run(t, vm)
	return values(net.Logits())
}

// values returns a copy of the values of a node after a run.
func values(n *gorgonia.Node) []float32 {
	return slices.Clone(n.Value().Data().([]float32))
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// difference returns the largest |got − want|, relative to the largest |want|
// when that is above floor.
func difference(got []float32, want []float64, floor float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	scale, worst := floor, 0.0
	for i, w := range want {
		scale = math.Max(scale, math.Abs(w))
		worst = math.Max(worst, math.Abs(float64(got[i])-w)) // NaN stays
	}
	return worst / scale
}

// wantError fails the test unless err has that cause and says all of says.
func wantError(t *testing.T, reason string, err, cause error, says ...string) {
	t.Helper()
	if err == nil || errors.Cause(err) != cause {
		t.Errorf("%s: found error %v, expected the cause %q", reason, err, cause)
		return
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%s: found error %q, expected it to say %q", reason, err, s)
		}
	}
}
