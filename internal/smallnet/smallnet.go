// Package smallnet makes the small networks and sets that the tests of several
// packages train.
package smallnet

import (
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
)

// Of returns a network of a spec and weights for it, without classes: all that
// model.Build needs.
func Of(spec model.Spec, w *model.Weights) *model.Network {
	return &model.Network{Spec: spec, Weights: w}
}

// Digits is a small network for the sample's ten digits, with dropout inside
// what Last leaves frozen, and above.
func Digits() model.Spec {
	return model.Spec{
		Input: []int{1, 28, 28},
		Layers: []model.Layer{
			{Name: "conv1", Kind: model.Conv{Out: 4, Kernel: model.Sides{5}, Stride: model.Sides{1}, Pad: model.Sides{2}}}, // [4,28,28]
			{Name: "relu1", Kind: model.ReLU{}},
			{Name: "pool1", Kind: model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{2}}}, // [4,14,14]
			{Name: "drop1", Kind: model.Dropout{Rate: 0.25}},
			{Name: "conv2", Kind: model.Conv{Out: 6, Kernel: model.Sides{3}, Stride: model.Sides{1}, Pad: model.Sides{1}}}, // [6,14,14]
			{Name: "relu2", Kind: model.ReLU{}},
			{Name: "pool2", Kind: model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{2}}}, // [6,7,7]
			{Name: "drop2", Kind: model.Dropout{Rate: 0.2}},
			{Name: "fc1", Kind: model.Dense{Out: 24}}, // [24]
			{Name: "relu3", Kind: model.ReLU{}},
			{Name: "drop3", Kind: model.Dropout{Rate: 0.5}},
			{Name: "fc2", Kind: model.Dense{Out: 10}}, // [10]
		},
	}
}

// Residual is a network for the sample whose layers have several readers and
// inputs, with batch normalisation, of six layers with weights.
func Residual() model.Spec {
	conv := func(out, stride int) model.Conv {
		return model.Conv{Out: out, Kernel: model.Sides{3}, Stride: model.Sides{stride}, Pad: model.Sides{1}, NoBias: true}
	}
	return model.Spec{Input: []int{1, 28, 28}, Layers: []model.Layer{
		{Name: "conv1", Kind: conv(4, 2)}, // [4,14,14]
		{Name: "bn1", Kind: model.BatchNorm{Eps: 1e-5}},
		{Name: "relu1", Kind: model.ReLU{}},
		{Name: "conv2", Kind: conv(4, 1)},
		{Name: "bn2", Kind: model.BatchNorm{Eps: 1e-5}},
		{Name: "add1", Kind: model.Add{}, Inputs: []string{"bn2", "relu1"}},
		{Name: "relu2", Kind: model.ReLU{}},
		{Name: "conv3", Kind: conv(8, 2)}, // [8,7,7]
		{Name: "down", Kind: model.Conv{Out: 8, Kernel: model.Sides{1}, Stride: model.Sides{2}}, Inputs: []string{"relu2"}},
		{Name: "add2", Kind: model.Add{}, Inputs: []string{"conv3", "down"}},
		{Name: "relu3", Kind: model.ReLU{}},
		{Name: "pool", Kind: model.GlobalAveragePool{}}, // [8,1,1]
		{Name: "drop", Kind: model.Dropout{Rate: 0.25}},
		{Name: "fc", Kind: model.Dense{Out: 10}}, // [10]
	}}
}

// Init returns fresh weights, the same for every call.
func Init(t testing.TB, spec model.Spec) *model.Weights {
	t.Helper()
	w, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	Must(t, err)
	return w
}

// Sample returns n training and m test images of the sample, balanced.
func Sample(t testing.TB, n, m int) (train, test *dataset.Set) {
	t.Helper()
	train, test, err := dataset.Open("sample", dataset.Options{})
	Must(t, err)
	train, err = train.Limit(n, 1)
	Must(t, err)
	test, err = test.Limit(m, 1)
	Must(t, err)
	return train, test
}

// Must ends the test with the error, if there is one.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
