package dataset_test

import (
	"fmt"

	"github.com/lastlayer/lastlayer/dataset"
)

// Keep the digits that a network is to learn anew, and take the first batch of them.
func Example() {
	train, test, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train.Len(), test.Len(), train.Shape, train.Classes)

	keep, err := dataset.ParseClasses("5-9")
	if err != nil {
		fmt.Println(err)
		return
	}
	train, err = train.Filter(keep)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train.Len(), train.Classes)

	const seed = 1
	batches, err := dataset.NewBatches(train.Len(), 64, seed)
	if err != nil {
		fmt.Println(err)
		return
	}
	indices, last := batches.Next()
	x := make([]float32, len(indices)*28*28) // [64,1,28,28]
	train.Gather(x, indices)
	fmt.Println(len(indices), last, "of", batches.PerEpoch(), "batches")
	fmt.Printf("background %.3f\n", x[0])

	_, err = train.Filter(dataset.Classes{"3"})
	fmt.Println(err)

	// Output:
	// 2000 500 [1 28 28] [0 1 2 3 4 5 6 7 8 9]
	// 1000 [5 6 7 8 9]
	// 64 false of 16 batches
	// background -0.424
	// sample/train: there is no class 3, expected some of 5, 6, 7, 8, 9: bad class
}

func ExamplePreset() {
	prep, err := dataset.Preset("caffe", []int{3, 224, 224})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(prep.Photo)
	fmt.Println(prep.Scale, prep.Photo.Mean, prep.Photo.Std)
	// Output:
	// the middle of photos whose shorter side becomes 256 (bilinear, BGR)
	// 1 [103.939 116.779 123.68] [1 1 1]
}
