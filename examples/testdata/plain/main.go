// The frame of docs/answer.md's lines in plain Gorgonia: batches of real digits
// before them, what came out behind them.
package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

type batch struct{ images, labels *tensor.Dense } // [50,1,28,28], [50,5]

func main() {
	data, _, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		panic(err)
	}
	if data, err = data.Filter(dataset.Classes{"5", "6", "7", "8", "9"}); err != nil {
		panic(err)
	}
	w, err := model.Init(model.DeepMNIST(), rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		panic(err)
	}
	pretrained, hash := w.Get("conv1/W"), w.Hash("conv1/W")
	var batches []batch
	for i := range 60 { // three epochs of twenty batches
		images, labels, indices := make([]float32, 50*784), make([]float32, 50*5), make([]int, 50)
		for k := range indices {
			indices[k] = 7 * (50*i + k) % data.Len()
			labels[5*k+data.Label(indices[k])] = 1
		}
		data.Gather(images, indices)
		batches = append(batches, batch{
			tensor.New(tensor.WithShape(50, 1, 28, 28), tensor.WithBacking(images)),
			tensor.New(tensor.WithShape(50, 5), tensor.WithBacking(labels)),
		})
	}
	losses := plain(pretrained, batches)
	var mean float32
	for _, l := range losses[40:] {
		mean += l / 20
	}
	fmt.Printf("loss %.2f to %.2f, frozen bytes the same: %t\n", losses[0], mean, w.Hash("conv1/W") == hash)
}

// plain returns the loss of each batch.
func plain(pretrained *tensor.Dense, batches []batch) (losses []float32) {
	// the snippet
	return losses
}
