package model_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// TestVariablesAndConstants makes sure that trained weights, and no other,
// are variables; that a frozen one is a constant that holds the very tensor;
// and that Grad refuses it.
func TestVariablesAndConstants(t *testing.T) {
	for _, test := range []struct {
		selection model.Selection
		trained   string
		grads     string // the nodes that compute gradients, and no other does
	}{
		{model.Last(1), "fc2/W fc2/b", "loss dx, fc2 dW, fc2 db"},
		{model.Last(2), "fc1/W fc1/b fc2/W fc2/b", "loss dx, fc2 dW, fc2 db, fc2 dx, drop2 dx, fc1 dz, fc1 dW, fc1 db"},
		{model.All(), "conv1/W conv1/b fc1/W fc1/b fc2/W fc2/b",
			"loss dx, fc2 dW, fc2 db, fc2 dx, drop2 dx, fc1 dz, fc1 dW, fc1 db, fc1 dx, drop1 dx, conv1 dz, conv1 dW, conv1 db"},
		{model.Layers("fc1"), "fc1/W fc1/b", "loss dx, fc2 dx, drop2 dx, fc1 dz, fc1 dW, fc1 db"},
		{model.Layers("conv*", "fc2"), "conv1/W conv1/b fc2/W fc2/b",
			"loss dx, fc2 dW, fc2 db, fc2 dx, drop2 dx, fc1 dz, fc1 dx, drop1 dx, conv1 dz, conv1 dW, conv1 db"},
		{model.None(), "", ""},
	} {
		w := mustInit(t, small(), 1)
		net := mustBuild(t, small(), w, test.selection, model.Batch(4))
		trained := strings.Fields(test.trained)
		if got := net.TrainedWeights(); !slices.Equal(got, trained) {
			t.Errorf("%s: found trained weights %v, expected %v", test.selection, got, trained)
		}
		var names []string
		for _, n := range net.Trainable() {
			names = append(names, n.Name())
		}
		if !slices.Equal(names, trained) {
			t.Errorf("%s: found trainable nodes %v, expected %v", test.selection, names, trained)
		}
		if both := append(net.TrainedWeights(), net.FrozenWeights()...); len(both) != len(w.Names()) {
			t.Errorf("%s: found trained and frozen weights %v, expected each weight once", test.selection, both)
		}
		var s *step
		if len(trained) > 0 {
			s = newStep(t, net) // checks the hashes
		}
		if got := gradientNodes(net); got != test.grads {
			t.Errorf("%s: found gradient nodes %q, expected %q", test.selection, got, test.grads)
		}
		for _, name := range trained {
			n := net.Node(name)
			if !n.IsVar() || n.Value() != gorgonia.Value(w.Get(name)) || n.Deriv() == nil {
				t.Errorf("%s: %s is not a variable that holds its own tensor and has a derivative", test.selection, name)
			}
		}
		for _, name := range net.FrozenWeights() {
			n := net.Node(name)
			o, ok := n.Op().(*graphop.Operator)
			if !ok || o.Constant() != w.Get(name) || n.IsVar() || n.Deriv() != nil {
				t.Errorf("%s: %s is not a constant that holds its own tensor, without a derivative", test.selection, name)
				continue
			}
			if s == nil {
				continue
			}
			if _, err := gorgonia.Grad(s.loss, n); err == nil || !strings.Contains(err.Error(), name) || len(err.Error()) > 200 {
				t.Errorf("%s: Grad towards %s: found error %v, expected a short one that names it", test.selection, name, err)
			}
		}
		if net.Node("fc9/W") != nil {
			t.Errorf("%s: found a node of a weight that is not there", test.selection)
		}
	}
}

// TestFrozenConvolutionInBetween makes sure that a frozen convolution lets the
// gradient through to a trained one below, and computes none for itself.
func TestFrozenConvolutionInBetween(t *testing.T) {
	s := newStep(t, mustBuild(t, model.DeepMNIST(), mustInit(t, model.DeepMNIST(), 1), model.Layers("conv1"), model.Batch(2)))
	const want = "loss dx, fc2 dx, drop dx, fc1 dz, fc1 dx, conv2 dz, conv2 dx, conv1 dz, conv1 dW, conv1 db"
	if got := gradientNodes(s.net); got != want {
		t.Errorf("found gradient nodes %q, expected %q", got, want)
	}
}

// gradientNodes lists the operators that compute gradients, in the order in
// which they were added.
func gradientNodes(net *model.Net) string {
	var names []string
	for _, n := range net.Scope().Graph().AllNodes() {
		if _, ok := n.Op().(*graphop.Operator); ok && strings.Contains(n.Name(), " d") {
			names = append(names, n.Name())
		}
	}
	return strings.Join(names, ", ")
}

// TestSteps makes sure that layers are fused as documented, and that dropout
// is in the graph above the cut only.
func TestSteps(t *testing.T) {
	overlapping := small()
	overlapping.Layers[2].Kind = model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{1}}
	overlapping.Layers[3].Kind = model.Dropout{}
	for _, test := range []struct {
		spec  model.Spec
		train model.Selection
		steps string
		masks string
	}{
		{model.DeepMNIST(), model.Last(2), "[[conv1 relu1 pool1] [conv2 relu2 pool2] [fc1 relu3] [drop] [fc2]]", "drop"},
		{model.DeepMNIST(), model.Last(1), "[[conv1 relu1 pool1] [conv2 relu2 pool2] [fc1 relu3] [drop] [fc2]]", "drop"},
		{model.DeepMNIST(), model.None(), "[[conv1 relu1 pool1] [conv2 relu2 pool2] [fc1 relu3] [fc2]]", ""},
		{small(), model.All(), "[[conv1 relu1 pool1] [drop1] [fc1 relu2] [drop2] [fc2]]", "drop1 drop2"},
		{small(), model.Layers("fc1"), "[[conv1 relu1 pool1] [drop1] [fc1 relu2] [drop2] [fc2]]", "drop1 drop2"},
		{small(), model.Last(1), "[[conv1 relu1 pool1] [fc1 relu2] [drop2] [fc2]]", "drop2"},
		{small(), model.None(), "[[conv1 relu1 pool1] [fc1 relu2] [fc2]]", ""},
		{overlapping, model.All(), "[[conv1 relu1] [pool1] [fc1 relu2] [drop2] [fc2]]", "drop2"},
	} {
		net := mustBuild(t, test.spec, mustInit(t, test.spec, 1), test.train, model.Batch(2))
		var steps [][]string
		for _, s := range net.Steps() {
			steps = append(steps, s.Layers)
		}
		if got := fmt.Sprint(steps); got != test.steps {
			t.Errorf("%s: found steps %s, expected %s", test.train, got, test.steps)
		}
		if last := net.Steps()[len(steps)-1].Node; last != net.Logits() {
			t.Errorf("%s: the last step is not the logits", test.train)
		}
		var masks []string
		for _, m := range net.Masks() {
			masks = append(masks, m.Layer)
		}
		if got := strings.Join(masks, " "); got != test.masks {
			t.Errorf("%s: found masks %q, expected %q", test.train, got, test.masks)
		}
	}
}

func TestBuildErrors(t *testing.T) {
	w := mustInit(t, small(), 1)
	for _, n := range []int{-1, 0, 1<<16 + 1} {
		if _, err := model.Build(smallnet.Of(small(), w), model.None(), model.Batch(n)); err == nil || !strings.Contains(err.Error(), "batch: found") {
			t.Errorf("a batch of %d: found error %v", n, err)
		}
	}
	cut := cutOf(t, small(), "fc2")
	_, err := model.Build(smallnet.Of(small(), w), model.All(), model.HeadOf(cut))
	wantError(t, "a trained layer that is left out", err, model.ErrSelection, `"conv1"`)
	_, err = model.Build(smallnet.Of(small(), w), model.Last(1), model.TrunkOf(cut))
	wantError(t, "a trained trunk", err, model.ErrSelection, `"fc2"`)
	_, err = model.Build(smallnet.Of(small(), w), model.None(), model.TrunkOf(model.Cut{}))
	wantError(t, "another network's cut", err, model.ErrSpec, `"conv1"`)
	_, err = model.Build(smallnet.Of(small(), w), model.None(), model.TrunkOf(cutOf(t, small(), "conv1")))
	wantError(t, "an empty trunk", err, model.ErrSpec, "empty trunk")
	_, err = model.Build(nil, model.All())
	wantError(t, "no network", err, model.ErrNetwork)
	_, err = model.Build(smallnet.Of(model.Spec{}, w), model.All())
	wantError(t, "an invalid spec", err, model.ErrSpec)
}

// TestTrunkAndHead makes sure that the layers below and above a cut, in graphs
// of their own, give the bits of the whole.
func TestTrunkAndHead(t *testing.T) {
	for _, spec := range []model.Spec{model.DeepMNIST(), small()} {
		w := mustInit(t, spec, 1)
		for _, last := range []int{1, 2} {
			trained, err := model.Last(last).Resolve(spec)
			if err != nil {
				t.Fatal(err)
			}
			cut := cutOf(t, spec, trained...)
			whole := mustBuild(t, spec, w, model.None(), model.Batch(4))
			trunk := mustBuild(t, spec, w, model.None(), model.Batch(4), model.TrunkOf(cut))
			head := mustBuild(t, spec, w, model.Last(last), model.Batch(4), model.HeadOf(cut))
			if len(head.Masks()) == 0 {
				t.Errorf("last %d: the head has no dropout", last)
			}
			evaluation, err := head.ForEvaluation(4)
			if err != nil {
				t.Fatal(err)
			}
			fillImages(whole.Images(), newRand(3))
			copy(trunk.Images(), whole.Images())
			features := evaluate(t, trunk)
			if product(evaluation.InputShape())*4 != len(features) {
				t.Fatalf("last %d: found input %v of the head, expected the trunk's %d features", last, evaluation.InputShape(), len(features)/4)
			}
			copy(evaluation.Images(), features)
			if !sameBits(evaluate(t, evaluation), evaluate(t, whole)) {
				t.Errorf("last %d: trunk and head give other logits than the whole", last)
			}
		}
	}
}

// TestNetsShareWeights makes sure that a graph for evaluation sees what
// training changes.
func TestNetsShareWeights(t *testing.T) {
	w := mustInit(t, small(), 1)
	net := mustBuild(t, small(), w, model.Last(1), model.Batch(2))
	evaluation, err := net.ForEvaluation(3)
	if err != nil {
		t.Fatal(err)
	}
	if evaluation.Scope().Capacity() != 3 || net.Weights() != evaluation.Weights() || len(evaluation.Masks()) != 0 {
		t.Error("found another graph than one for evaluation with the same weights")
	}
	fillImages(evaluation.Images(), newRand(1))
	before := evaluate(t, evaluation)
	net.Node("fc2/b").Value().Data().([]float32)[0]++
	after := evaluate(t, evaluation)
	if after[0] == before[0] || after[1] != before[1] {
		t.Errorf("found logits %v, then %v, expected the first of each row to change", before, after)
	}
}

// TestErrorsReachTheCaller makes sure that an operator's error can be told
// apart behind Gorgonia's machine.
func TestErrorsReachTheCaller(t *testing.T) {
	s := newStep(t, mustBuild(t, small(), mustInit(t, small(), 1), model.Last(1), model.Batch(2)))
	s.labels[1] = 7
	err := s.vm.RunAll()
	if err == nil || !strings.Contains(err.Error(), "label of row 1: found 7, expected 0 to 2") {
		t.Fatalf("found error %v, expected one that names row and label", err)
	}
	inner, ok := err.(interface{ Err() error }) // Gorgonia's machine wraps without Cause and Unwrap
	if !ok || errors.Cause(inner.Err()) != graphop.ErrInput {
		t.Errorf("found error %v, expected ErrInput behind Err()", err)
	}
}

// TestAllocation makes sure that a training step of the seed network reuses
// its memory.
func TestAllocation(t *testing.T) {
	s := newStep(t, mustBuild(t, model.DeepMNIST(), mustInit(t, model.DeepMNIST(), 1), model.All(), model.Batch(16)))
	s.run(t, 1)
	perStep := allocated(func() { run(t, s.vm) })
	t.Logf("%d bytes allocated a step", perStep)
	limit := uint64(64 << 10)
	if gemm.Name() == "gonum" {
		limit = 1 << 20 // gonum's product allocates by itself
	}
	if perStep >= limit {
		t.Errorf("found %d bytes allocated a step, expected less than %d", perStep, limit)
	}
}

// allocated returns how many bytes a step allocates once all is warm: the
// least of several windows, since a worker gets its scratch memory when it
// first gets work.
func allocated(step func()) uint64 {
	const windows, steps = 6, 3
	least := uint64(math.MaxUint64)
	for range windows {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range steps {
			step()
		}
		runtime.ReadMemStats(&after)
		least = min(least, (after.TotalAlloc-before.TotalAlloc)/steps)
	}
	return least
}
