package transfer_test

import (
	"math"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// TestHeadOn puts a dense layer on layers inside a network with several paths,
// and retrains it: by steps, and to its optimum.
func TestHeadOn(t *testing.T) {
	data, _ := sample(t, 200, 10)
	spec := smallnet.Residual()
	n := &model.Network{Spec: spec, Weights: initial(t, spec), Classes: data.Classes, Prep: data.Prep}
	for _, test := range []struct {
		layer  string
		flat   bool
		layers int // in all
		kernel []int
	}{
		{"relu2", false, 7 + 3, []int{4, 10}},
		{"relu2", true, 7 + 2, []int{4 * 14 * 14, 10}},
		{"down", false, 8 + 3, []int{8, 10}}, // not conv3
		{"pool", false, 12 + 3, []int{8, 10}},
		{"fc", false, 14 + 1, []int{10, 10}},
	} {
		made, err := transfer.HeadOn(n, test.layer, test.flat, data.Classes, 1)
		must(t, err)
		if got := made.Weights.Get("head.fc/W").Shape(); len(made.Spec.Layers) != test.layers || got[0] != test.kernel[0] || got[1] != test.kernel[1] {
			t.Errorf("%s: found %d layers and the kernel %v, expected %d and %v", test.layer, len(made.Spec.Layers), got, test.layers, test.kernel)
		}
		for _, name := range made.Weights.Names() {
			if old := n.Weights.Get(name); old != nil && (made.Weights.Get(name) == old || made.Weights.Hash(name) != n.Weights.Hash(name)) {
				t.Errorf("%s: %s is no copy", test.layer, name)
			}
		}
		before := made.Weights.Clone()
		result, err := transfer.Retrain(t.Context(), made, data, transfer.Options{Select: model.Last(1), Solver: train.NewMomentum(0.02, 0.9), Train: train.Options{Epochs: 1}})
		must(t, err)
		checkTraining(t, result, before, made.Weights)
		exact, err := transfer.Exact(t.Context(), made, data, transfer.ExactOptions{WeightDecay: 0.01})
		must(t, err)
		if !exact.Converged || *exact.TrainingLoss > *result.TrainingLoss {
			t.Errorf("%s: found %+v, by steps the loss %v", test.layer, exact, *result.TrainingLoss)
		}
	}
	if _, err := transfer.HeadOn(n, "relu9", false, data.Classes, 1); !errors.Is(err, model.ErrSelection) || !strings.Contains(err.Error(), "relu1") {
		t.Errorf("no such layer: found error %v", err)
	}
	for _, classes := range []dataset.Classes{nil, {"a"}, {"a", "a"}} {
		if _, err := transfer.HeadOn(n, "pool", false, classes, 1); err == nil {
			t.Errorf("classes %v: found no error", classes)
		}
	}
}

// TestConvolutionalHead retrains a network whose logits are those of a 1×1
// convolution, averaged.
func TestConvolutionalHead(t *testing.T) {
	data, test := sample(t, 200, 50)
	spec := model.Spec{Input: []int{1, 28, 28}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv{Out: 6, Kernel: model.Sides{5}, Stride: model.Sides{2}}}, // [6,12,12]
		{Name: "relu1", Kind: model.ReLU{}},
		{Name: "drop", Kind: model.Dropout{Rate: 0.2}},
		{Name: "conv2", Kind: model.Conv{Out: 10, Kernel: model.Sides{1}, Stride: model.Sides{1}}},
		{Name: "relu2", Kind: model.ReLU{}},
		{Name: "pool", Kind: model.GlobalAveragePool{}},
		{Name: "flatten", Kind: model.Flatten{}}, // [10]
	}}
	n := &model.Network{Spec: spec, Weights: initial(t, spec), Classes: data.Classes, Prep: data.Prep}
	five, err := transfer.WithClasses(n, []string{"a", "b", "c", "d", "e"}, model.Last(1), 1)
	must(t, err)
	if five.Spec.Classes() != 5 {
		t.Errorf("found %d classes, expected 5", five.Spec.Classes())
	}
	before := n.Weights.Clone()
	result, err := transfer.Retrain(t.Context(), n, data, transfer.Options{Select: model.Last(1), Solver: train.NewMomentum(0.05, 0.9), Train: train.Options{Epochs: 2}})
	must(t, err)
	checkTraining(t, result, before, n.Weights)
	_, err = transfer.Evaluate(t.Context(), n, test, transfer.Options{Select: model.Last(1)})
	must(t, err)
	if _, err := transfer.Exact(t.Context(), n, data, transfer.ExactOptions{}); !errors.Is(err, transfer.ErrNotExact) {
		t.Errorf("exact: found error %v, expected ErrNotExact", err)
	}
}

// TestExactConvolutionalHead: a 1×1 convolution of the averaged image is a dense
// layer, and has its optimum.
func TestExactConvolutionalHead(t *testing.T) {
	data, _ := sample(t, 200, 50)
	spec := model.Spec{Input: []int{1, 28, 28}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv{Out: 6, Kernel: model.Sides{5}, Stride: model.Sides{2}}}, // [6,12,12]
		{Name: "relu1", Kind: model.ReLU{}},
		{Name: "pool", Kind: model.GlobalAveragePool{}}, // [6,1,1]
		{Name: "conv2", Kind: model.Conv{Out: 10, Kernel: model.Sides{1}, Stride: model.Sides{1}}},
		{Name: "flatten", Kind: model.Flatten{}}, // [10]
	}}
	n := &model.Network{Spec: spec, Weights: initial(t, spec), Classes: data.Classes, Prep: data.Prep}
	dense, err := transfer.HeadOn(n, "pool", false, data.Classes, 1)
	must(t, err)
	want, err := transfer.Exact(t.Context(), dense, data, transfer.ExactOptions{WeightDecay: 0.01})
	must(t, err)
	got, err := transfer.Exact(t.Context(), n, data, transfer.ExactOptions{WeightDecay: 0.01})
	must(t, err)
	if !got.Converged || math.Abs(got.Objective-want.Objective) > 1e-7 {
		t.Errorf("found %+v, the dense layer's is %+v", got, want)
	}
	m, err := transfer.Evaluate(t.Context(), n, data, transfer.Options{Select: model.Last(1)})
	must(t, err)
	if math.Abs(m.Loss-*got.TrainingLoss) > 1e-5 {
		t.Errorf("found the loss %v, evaluated %v", *got.TrainingLoss, m.Loss)
	}
}
