package feature_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

// Features are examples for your own training loop.
func ExampleTrunk() {
	weights, err := model.Init(small(), rand.New(rand.NewPCG(1, 2)))
	check(err)
	digits, _, err := dataset.Open("sample", dataset.Options{})
	check(err)
	trunk, err := feature.NewTrunk(smallnet.Of(small(), weights), model.Last(1))
	check(err)
	defer trunk.Close()
	features, err := trunk.Features(context.Background(), digits, feature.Options{})
	check(err)
	defer features.Close()
	fmt.Println(digits.Len(), "images of", digits.ExampleShape())
	fmt.Println(features.Len(), "features of", features.ExampleShape())
	fmt.Println("the head begins with", trunk.Cut().Head[0])
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
