package model_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/lastlayer/lastlayer/model"
)

// A network is built with its last layer trained. The selection is a value,
// given before there is a graph; everything it does not select is a constant.
func Example() {
	spec := model.Spec{
		Input: []int{1, 8, 8},
		Layers: []model.Layer{
			{Name: "conv1", Kind: model.Conv{Out: 4, Kernel: model.Sides{3}, Stride: model.Sides{1}, Pad: model.Sides{1}}}, // [4,8,8]
			{Name: "relu1", Kind: model.ReLU{}},
			{Name: "pool1", Kind: model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{2}}}, // [4,4,4]
			{Name: "fc1", Kind: model.Dense{Out: 6}},                                             // [6]
			{Name: "relu2", Kind: model.ReLU{}},
			{Name: "fc2", Kind: model.Dense{Out: 3}}, // [3]
		},
	}
	weights, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	check(err)
	net, err := model.Build(&model.Network{Spec: spec, Weights: weights}, model.Last(1))
	check(err)

	for _, name := range weights.Names() {
		state := "frozen"
		if net.Node(name).IsVar() {
			state = "trained"
		}
		fmt.Printf("%-8s %-12s %s\n", name, fmt.Sprint(weights.Get(name).Shape()), state)
	}
	fmt.Println("gradients towards", net.TrainedWeights())
	// Output:
	// conv1/W  (4, 1, 3, 3) frozen
	// conv1/b  (4)          frozen
	// fc1/W    (64, 6)      frozen
	// fc1/b    (6)          frozen
	// fc2/W    (6, 3)       trained
	// fc2/b    (3)          trained
	// gradients towards [fc2/W fc2/b]
}

// A selection that matches nothing is an error that lists the layers.
func ExampleLayers() {
	_, err := model.Layers("classifier*").Resolve(model.DeepMNIST())
	fmt.Println(err)
	// Output:
	// pattern "classifier*" matches no layer with weights; there are: conv1, conv2, fc1, fc2: invalid selection of layers
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
