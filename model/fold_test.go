package model_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// steps returns which layers each node computes.
func steps(net *model.Net) string {
	var list [][]string
	for _, s := range net.Steps() {
		list = append(list, s.Layers)
	}
	return fmt.Sprint(list)
}

// TestFold makes sure that a frozen batch normalisation is computed in the node
// of the frozen layer below it, and what follows with it, where nothing trained
// is below and nothing else reads between.
func TestFold(t *testing.T) {
	tapped := residual() // bn2 and add1 read conv2
	tapped.Layers[5].Inputs = []string{"conv2", "bn2"}
	flat := model.Spec{Input: []int{5}, Layers: []model.Layer{
		{Name: "fc1", Kind: model.Dense{Out: 4}}, {Name: "bn", Kind: model.BatchNorm{}}, {Name: "relu", Kind: model.ReLU{}}, {Name: "fc2", Kind: model.Dense{Out: 3}},
	}}
	conv := func(kernel int) model.Conv {
		return model.Conv{Out: 4, Kernel: model.Sides{kernel}, Stride: model.Sides{1}, Pad: model.Sides{kernel / 2}}
	}
	stretched := model.Spec{Input: []int{2, 4, 4}, Layers: []model.Layer{ // the addition is of [4,1,1] and [4,4,4]
		{Name: "conv1", Kind: conv(3)}, {Name: "pool", Kind: model.GlobalAveragePool{}}, {Name: "conv2", Kind: conv(1)},
		{Name: "add", Kind: model.Add{}, Inputs: []string{"conv2", "conv1"}}, {Name: "fc", Kind: model.Dense{Out: 3}},
	}}
	for _, test := range []struct {
		reason string
		spec   model.Spec
		train  model.Selection
		steps  string
	}{
		{"all frozen", residual(), model.None(), "[[conv1 bn1 relu1] [conv2 bn2 add1 relu2] [conv3] [down add2 silu] [pool] [fc]]"},
		{"fc trained", residual(), model.Last(1), "[[conv1 bn1 relu1] [conv2 bn2 add1 relu2] [conv3] [down add2 silu] [pool] [drop] [fc]]"},
		{"a convolution trained", residual(), model.Layers("conv2"), "[[conv1 bn1 relu1] [conv2] [bn2] [add1 relu2] [conv3] [down] [add2] [silu] [pool] [drop] [fc]]"},
		{"a normalisation trained", residual(), model.Layers("bn2"), "[[conv1 bn1 relu1] [conv2] [bn2] [add1 relu2] [conv3] [down] [add2] [silu] [pool] [drop] [fc]]"},
		{"one path trained", residual(), model.Layers("down"), "[[conv1 bn1 relu1] [conv2 bn2 add1 relu2] [conv3] [down] [add2] [silu] [pool] [drop] [fc]]"},
		{"two readers", tapped, model.None(), "[[conv1 bn1 relu1] [conv2] [bn2] [add1 relu2] [conv3] [down add2 silu] [pool] [fc]]"},
		{"an addition that stretches", stretched, model.None(), "[[conv1] [pool] [conv2] [add] [fc]]"},
		{"dense", flat, model.None(), "[[fc1 bn relu] [fc2]]"},
	} {
		w := mustInit(t, test.spec, 4)
		net := mustBuild(t, test.spec, w, test.train, model.Batch(2))
		if got := steps(net); got != test.steps {
			t.Errorf("%s: found steps %s, expected %s", test.reason, got, test.steps)
		}
		if err := net.CheckNodes(); err != nil {
			t.Errorf("%s: %v", test.reason, err)
		}
		for _, info := range net.Describe() {
			folded := info.Kind == "batchnorm" && info.Node != info.Name
			if info.Folded != folded || folded && info.Enters != "constant" {
				t.Errorf("%s: found %+v", test.reason, info)
			}
		}
	}
}

// TestFoldIsExact compares the logits of a folded graph with those of one where
// all is trained, and nothing folded: they are the same bytes, also after the
// weights have changed.
func TestFoldIsExact(t *testing.T) {
	spec := residual()
	spec.Layers = slices.DeleteFunc(spec.Layers, func(l model.Layer) bool { return l.Name == "drop" })
	w := mustInit(t, spec, 4)
	lively(w)
	whole, folded := mustBuild(t, spec, w, model.All(), model.Batch(3)), mustBuild(t, spec, w, model.None(), model.Batch(3))
	if _, err := folded.ShareMemory(); err != nil {
		t.Fatal(err)
	}
	before := w.Clone()
	fillImages(whole.Images(), newRand(6))
	copy(folded.Images(), whole.Images())
	for range 2 {
		want, got := evaluate(t, whole), evaluate(t, folded)
		if !sameBits(got, want) {
			t.Fatalf("found logits %v folded, %v not", got, want)
		}
		for _, name := range w.Names() {
			if w.Hash(name) != before.Hash(name) {
				t.Errorf("%s was written to", name)
			}
		}
		w.Get("bn2/scale").Float32s()[1], w.Get("bn1/mean").Float32s()[0] = -2, 0.7
		before = w.Clone()
	}
}

// TestBatchUpTo: a graph that only runs forward takes as many examples as asked
// for, or as its layers' outputs have room for.
func TestBatchUpTo(t *testing.T) {
	t.Cleanup(func() { _ = model.SetThreads(0) })
	wide := small()
	wide.Input = []int{1, 512, 512}
	w := mustInit(t, wide, 1)
	for _, test := range []struct {
		spec    model.Spec
		w       *model.Weights
		most    int
		threads int
		want    int
	}{
		{small(), mustInit(t, small(), 1), 250, 4, 250},
		{wide, w, 250, 1, 63}, // conv1 with relu1 and pool1 gives [4,256,256], fc1 [6], a MiB together
		{wide, w, 250, 4, 60},
		{wide, w, 250, 80, 80},
		{wide, w, 300, 300, 255},
		{wide, w, 7, 4, 7},
	} {
		if err := model.SetThreads(test.threads); err != nil {
			t.Fatal(err)
		}
		net := mustBuild(t, test.spec, test.w, model.None(), model.BatchUpTo(test.most))
		if net.Batch() != test.want {
			t.Errorf("found a batch of %d, expected %d of at most %d on %d threads", net.Batch(), test.want, test.most, test.threads)
		}
		again, err := net.ForEvaluation(test.most)
		if err != nil || again.Batch() != test.want {
			t.Errorf("for evaluation: found error %v and a batch of %d, expected %d", err, again.Batch(), test.want)
		}
	}
	_, err := model.Build(smallnet.Of(small(), mustInit(t, small(), 1)), model.Last(1), model.BatchUpTo(8))
	if !errors.Is(err, model.ErrSelection) {
		t.Errorf("trained: found error %v, expected ErrSelection", err)
	}
	for _, n := range []int{0, -1} {
		if _, err := model.Build(smallnet.Of(small(), mustInit(t, small(), 1)), model.None(), model.BatchUpTo(n)); err == nil {
			t.Errorf("batch up to %d: found no error", n)
		}
	}
}
