package explain_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/explain"
)

// chain is smallnet's network of digits with dropout directly below its last layer
// alone: where there is more below, a whole network in training is another one than
// a frozen one.
func chain() model.Spec {
	spec := smallnet.Digits()
	spec.Layers = slices.DeleteFunc(spec.Layers, func(l model.Layer) bool { return l.Name == "drop1" || l.Name == "drop2" })
	return spec
}

// One step by each way to retrain the last layer, from the same weights: the
// trained ones come out the same.
func Example() {
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	data, _, err := dataset.Open("sample", dataset.Options{})
	check(err)
	n, err := model.New(chain(), data.Classes, data.Prep, rand.New(rand.NewPCG(1, 2))) // or from a file
	check(err)
	c, err := explain.Compare(context.Background(), n, data, 1, 16)
	check(err)
	defer c.Close()
	proof, err := c.Prove(context.Background(), nil)
	check(err)
	fmt.Println("trained:", proof.Trained)
	for _, cost := range c.Costs() {
		if difference, ok := proof.Differences[cost.Name]; ok {
			fmt.Printf("%s: largest difference %g, frozen weights identical: %v\n", cost.Name, difference, proof.FrozenIdentical[cost.Name])
		}
	}
	// Output:
	// trained: [fc2/W fc2/b]
	// whole network: largest difference 0, frozen weights identical: false
	// whole, all but last 1 put back: largest difference 0, frozen weights identical: true
	// last 2 layers: largest difference 0, frozen weights identical: false
	// last layer: largest difference 0, frozen weights identical: true
	// last 2 layers, cut: largest difference 0, frozen weights identical: false
	// last layer, cut: largest difference 0, frozen weights identical: true
}

// TestCompare: on a chain with dropout and on a network with several
// readers of a layer, every way makes the same step, at less cost the less it
// trains.
func TestCompare(t *testing.T) {
	data, _ := smallnet.Sample(t, 40, 10)
	for name, spec := range map[string]model.Spec{"chain": chain(), "residual": smallnet.Residual()} {
		n, err := model.New(spec, data.Classes, data.Prep, rand.New(rand.NewPCG(1, 2)))
		smallnet.Must(t, err)
		c, err := explain.Compare(t.Context(), n, data, 1, 16)
		smallnet.Must(t, err)
		defer c.Close()
		proof, err := c.Prove(t.Context(), nil)
		smallnet.Must(t, err)
		if len(proof.Differences) == 0 || proof.LargestChange == 0 {
			t.Errorf("%s: found the proof %+v, expected ways that are compared and a step that moves", name, proof)
		}
		for way, d := range proof.Differences {
			if d != 0 {
				t.Errorf("%s, %s: found a difference of %g, expected 0", name, way, d)
			}
		}
		for _, cut := range []bool{false, true} {
			if way := explain.LastName(1, cut); !proof.FrozenIdentical[way] {
				t.Errorf("%s, %s: frozen weights have moved, or are not compared", name, way)
			}
		}
		costs := c.Costs()
		last := costs[len(costs)-1].Plan.MultiplyAdds
		for _, cost := range costs[:len(costs)-1] {
			if cost.Plan.MultiplyAdds <= last {
				t.Errorf("%s: %s takes %d multiply-adds, expected more than the %d behind the cut", name, cost.Name, cost.Plan.MultiplyAdds, last)
			}
		}
		trace, err := c.Trace()
		smallnet.Must(t, err)
		if len(trace) == 0 {
			t.Errorf("%s: found an empty trace", name)
		}
	}
}
