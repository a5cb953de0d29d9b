package graphop_test

import (
	"fmt"

	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A layer with frozen weights, then a trained layer and a loss. Grad names the trained
// weights; the graph contains no other gradient.
func Example() {
	g := gorgonia.NewGraph()
	s := graphop.NewScope(g, 2)
	x := gorgonia.NewMatrix(g, tensor.Float32, gorgonia.WithName("x"), gorgonia.WithShape(2, 2),
		gorgonia.WithValue(tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float32{1, 2, 3, 4}))))
	labels := gorgonia.NewVector(g, tensor.Int, gorgonia.WithName("labels"), gorgonia.WithShape(2),
		gorgonia.WithValue(tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{0, 1}))))

	swap := tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float32{0, 1, 1, 0}))
	none := tensor.New(tensor.WithShape(2), tensor.Of(tensor.Float32))
	w1, err := graphop.Constant(s, "fc1/W", swap)
	check(err)
	b1, err := graphop.Constant(s, "fc1/b", none)
	check(err)
	w2 := gorgonia.NewMatrix(g, tensor.Float32, gorgonia.WithName("fc2/W"), gorgonia.WithShape(2, 2), gorgonia.WithValue(swap.Clone()))
	b2 := gorgonia.NewVector(g, tensor.Float32, gorgonia.WithName("fc2/b"), gorgonia.WithShape(2), gorgonia.WithValue(none.Clone()))

	h, err := graphop.Dense(s, "fc1", x, w1, b1, graphop.Rectify(), graphop.Wants{})
	check(err)
	logits, err := graphop.Dense(s, "fc2", h, w2, b2, graphop.Activation{}, graphop.Wants{Weights: true})
	check(err)
	loss, err := graphop.CrossEntropy(s, "loss", logits, labels, nil)
	check(err)
	grads, err := gorgonia.Grad(loss, w2, b2)
	check(err)

	vm := gorgonia.NewTapeMachine(g)
	defer vm.Close()
	check(vm.RunAll())
	fmt.Println("logits:", logits.Value().Data())
	fmt.Printf("loss: %.4f\n", loss.Value().Data())
	for i, n := range []*gorgonia.Node{w2, b2} {
		fmt.Printf("gradient towards %s: %.4f\n", n.Name(), grads[i].Value().Data())
	}
	fmt.Println("a derivative at fc1/W:", w1.Deriv() != nil)
	// Output:
	// logits: [1 2 3 4]
	// loss: 0.8133
	// gradient towards fc2/W: [-0.1932 0.1932 0.0379 -0.0379]
	// gradient towards fc2/b: [-0.2311 0.2311]
	// a derivative at fc1/W: false
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
