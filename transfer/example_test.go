package transfer_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
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

	n := &model.Network{Spec: small(), Weights: pretrained, Prep: digits.Prep}
	n, err = transfer.WithClasses(n, digits.Classes, model.Last(2), 1)
	check(err)
	result, err := transfer.Retrain(context.Background(), n, digits, transfer.Options{
		Select: model.Last(2),
		Solver: train.NewMomentum(0.02, 0.9),
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

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
