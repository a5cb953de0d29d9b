package transfer_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
)

// The dense layers of a network for ten digits are trained anew for five of
// them. The convolutions run once over the images.
func Example() {
	pretrained, err := model.Init(small(), rand.New(rand.NewPCG(1, 2))) // or from a file
	check(err)
	digits, _, err := dataset.Open("sample", dataset.Options{})
	check(err)
	digits, err = digits.Filter(dataset.Classes{"5", "6", "7", "8", "9"})
	check(err)

	spec, weights, err := transfer.NewHead(small(), pretrained, 5, 1)
	check(err)
	result, err := transfer.Retrain(context.Background(), spec, weights, digits, transfer.Options{
		Select: model.Last(2),
		Solver: &train.Momentum{LearningRate: 0.02, Momentum: 0.9},
		Train:  train.Options{Epochs: 1},
		Start: func(t *train.Trainer) error {
			net := t.Net()
			fmt.Println("each step runs on", net.InputShape())
			return nil
		},
	})
	check(err)
	fmt.Println("trained", result.Trained)
	fmt.Println("frozen", result.Frozen)
	fmt.Println("frozen bytes identical:", result.FrozenIdentical)
	// Output:
	// each step runs on [6 7 7]
	// trained [fc1/W fc1/b fc2/W fc2/b]
	// frozen [conv1/W conv1/b conv2/W conv2/b]
	// frozen bytes identical: true
}

// The convolutions of a network that PyTorch saved. Dense layers are left out,
// so NewHead would draw them afresh.
func ExampleImport() {
	spec := small()
	spec.Layers[4].Out = 8 // conv2, as in the file
	tensors, err := weightfile.ReadTensors("../testdata/peers/torch.safetensors")
	check(err)
	weights, report, err := transfer.Import(tensors, spec, transfer.ImportOptions{
		Layers: []string{"conv*"},
		Ignore: []string{"fc*"},
	})
	check(err)
	fmt.Println(weights.Names())
	fmt.Print(report)
	// Output:
	// [conv1/W conv1/b conv2/W conv2/b]
	// layout: torch (others come to the same for these layers)
	// taken  conv1/W  from "conv1.weight"  [4 1 5 5]
	// taken  conv1/b  from "conv1.bias"    [4]
	// taken  conv2/W  from "conv2.weight"  [8 4 3 3]
	// taken  conv2/b  from "conv2.bias"    [8]
	// ignored  "fc1.weight"
	// ignored  "fc1.bias"
	// ignored  "fc2.weight"
	// ignored  "fc2.bias"
	// missing  fc1/W
	// missing  fc1/b
	// missing  fc2/W
	// missing  fc2/b
}

// Features are examples for a loop of one's own.
func ExampleTrunk() {
	weights, err := model.Init(small(), rand.New(rand.NewPCG(1, 2)))
	check(err)
	digits, _, err := dataset.Open("sample", dataset.Options{})
	check(err)
	trunk, err := transfer.NewTrunk(small(), weights, model.Last(1))
	check(err)
	defer trunk.Close()
	features, err := trunk.Features(context.Background(), digits, transfer.FeatureOptions{})
	check(err)
	defer features.Close()
	fmt.Println(digits.Len(), "images of", digits.ExampleShape())
	fmt.Println(features.Len(), "features of", features.ExampleShape())
	fmt.Println("the head begins with", small().Layers[trunk.Cut()].Name)
	// Output:
	// 2000 images of [1 28 28]
	// 2000 features of [24]
	// the head begins with drop3
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
