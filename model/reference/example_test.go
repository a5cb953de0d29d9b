package reference_test

import (
	"fmt"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/reference"
	"gorgonia.org/tensor"
)

// Gorgonia's own operators, and the gradient towards the last layer alone.
func Example() {
	spec := model.Spec{Input: []int{2}, Layers: []model.Layer{
		{Name: "fc1", Kind: model.Dense{Out: 2}},
		{Name: "relu", Kind: model.ReLU{}},
		{Name: "fc2", Kind: model.Dense{Out: 2}},
	}}
	w := model.NewWeights()
	for _, layer := range []string{"fc1", "fc2"} { // each swaps two numbers
		w.SetValues(layer+"/W", []int{2, 2}, []float32{0, 1, 1, 0})
		w.SetValues(layer+"/b", []int{2}, []float32{0, 0})
	}
	net, err := reference.Build(spec, w, 2, tensor.Float64)
	check(err)
	check(net.SetImages([]float32{1, 2, 3, 4})) // [2,2]
	check(net.SetLabels([]int{0, 1}))
	check(net.Grad("fc2/W"))
	check(net.Run())

	logits, err := net.Logits()
	check(err)
	gradient, err := net.Gradient("fc2/W")
	check(err)
	fmt.Println("logits:", logits)
	fmt.Printf("gradient towards fc2/W: %.4f\n", gradient)
	_, err = net.Gradient("fc1/W")
	fmt.Println(err)
	// Output:
	// logits: [1 2 3 4]
	// gradient towards fc2/W: [-0.1932 0.1932 0.0379 -0.0379]
	// reference: found no gradient towards "fc1/W": name it to Grad
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
