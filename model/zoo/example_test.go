package zoo_test

import (
	"fmt"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
)

// A ResNet-18 for five classes, and what retraining its last block would train.
func Example() {
	spec, err := zoo.Spec("resnet18", 5, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(spec.Input, len(spec.Layers), "layers,", spec.Classes(), "classes")
	trained, err := model.Layers("layer4.1.*").Resolve(spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(trained)
	cut, err := spec.Cut(trained)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(cut.Trunk), "layers run once; the rest reads", cut.Features)
	// Output:
	// [3 224 224] 69 layers, 5 classes
	// [layer4.1.conv1 layer4.1.bn1 layer4.1.conv2 layer4.1.bn2]
	// 59 layers run once; the rest reads [{layer4.0.relu3 [512 7 7]}]
}
