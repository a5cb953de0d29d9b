package foreign_test

import (
	"context"
	"fmt"
	"log"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/transfer/foreign"
)

// The convolutions of a network that PyTorch saved. Dense layers are left out,
// so transfer.WithClasses would draw them afresh.
func ExampleImport() {
	spec := smallnet.Digits()
	spec.Layers[4].Kind = model.Conv{Out: 8, Kernel: model.Sides{3}, Stride: model.Sides{1}, Pad: model.Sides{1}} // conv2, as in the file
	tensors, err := weightfile.ReadTensors("../../testdata/peers/torch.safetensors")
	check(err)
	weights, report, err := foreign.Import(tensors, spec, foreign.Options{
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

// A PyTorch checkpoint whose network the caller knows. Of a network that zoo has,
// Arch says it: foreign.Origin{Arch: "resnet18"}.
func ExampleOpen() {
	r, err := foreign.Open(context.Background(), "../../testdata/peers/torch/wrapped-zip.pt", foreign.OpenOptions{
		Origin: foreign.Origin{
			Spec: &model.Spec{Input: []int{1, 4, 4}, Layers: []model.Layer{
				{Name: "conv1", Kind: model.Conv{Out: 2, Kernel: model.Sides{3}, Stride: model.Sides{1}}},
				{Name: "bn1", Kind: model.BatchNorm{Eps: 1e-5}},
				{Name: "fc1", Kind: model.Dense{Out: 3}},
			}},
			Classes: []string{"left", "right", "neither"},
		},
	})
	check(err)
	fmt.Println(r.Network.Weights.Names())
	fmt.Println(r.Network.Classes)
	for _, note := range r.Notes {
		fmt.Println(note)
	}
	// Output:
	// [conv1/W conv1/b bn1/scale bn1/bias bn1/mean bn1/variance fc1/W fc1/b]
	// [left right neither]
	// the file does not say how its images are prepared: as by the preset "mnist"
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
