package train_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// TestPlan compares the plan of small with what stands in the comments.
func TestPlan(t *testing.T) {
	// Forward, an image: conv1 28·28 pixels · 4 kernels · 25 taps, conv2
	// 14·14 · 8 · 4·25, fc1 392·32, fc2 32·10.
	const conv1, conv2, fc1, fc2 = 78400, 156800, 12544, 320
	for _, test := range []struct {
		selection    model.Selection
		with         string // derivatives, of weights and the nodes on the way
		loads        int    // images, labels, the dropout's mask, and the variables
		forward      int    // conv1, conv2, fc1, drop, fc2, loss, and the constants
		backward     int    // the gradients, and one more for each that a weight gets
		updated      int
		multiplyAdds int64
	}{
		// dloss = 1, loss dx, fc2 dW, fc2 db; both let go of.
		{model.Last(1), "fc2/W fc2/b fc2 loss", 5, 12, 4 + 2, 330, conv1 + conv2 + fc1 + fc2 + fc2},
		// and fc2 dx, drop dx, fc1 dz, fc1 dW, fc1 db.
		{model.Last(2), "fc1/W fc1/b fc1 drop fc2/W fc2/b fc2 loss", 7, 10, 9 + 4, 12906, conv1 + conv2 + 2*fc1 + 3*fc2},
		// and fc1 dx, conv2 dz, conv2 dW, conv2 db, conv2 dx, conv1 dz, conv1 dW, conv1 db.
		{model.All(), "conv1/W conv1/b conv1 conv2/W conv2/b conv2 fc1/W fc1/b fc1 drop fc2/W fc2/b fc2 loss", 11, 6, 17 + 8, 13818, 2*conv1 + 3*conv2 + 3*fc1 + 3*fc2},
		// A frozen fc2 above: it has no dW and db, the gradient passes through.
		{model.Layers("fc1"), "fc1/W fc1/b fc1 drop fc2 loss", 5, 12, 7 + 2, 12576, conv1 + conv2 + 2*fc1 + 2*fc2},
	} {
		trainer := untrained(t, small(), initial(t, small()), test.selection, 16, momentum())
		p := trainer.Plan()
		if got := strings.Join(p.WithDerivative, " "); got != test.with {
			t.Errorf("%s: found derivatives of %s, expected %s", test.selection, got, test.with)
		}
		if p.Loads != test.loads || p.Forward != test.forward || p.Backward != test.backward {
			t.Errorf("%s: found %d loads, %d forward, %d backward, expected %d, %d, %d", test.selection, p.Loads, p.Forward, p.Backward, test.loads, test.forward, test.backward)
		}
		if sum := p.Loads + p.Forward + p.Backward; p.Instructions != sum {
			t.Errorf("%s: the program has %d instructions, the plan tells of %d", test.selection, p.Instructions, sum)
		}
		if n := len(trainer.Net().TrainedWeights()); p.Updates != n || p.Updated != test.updated {
			t.Errorf("%s: found %d updates of %d numbers, expected %d of %d", test.selection, p.Updates, p.Updated, n, test.updated)
		}
		if p.MultiplyAdds != test.multiplyAdds {
			t.Errorf("%s: found %d multiply-adds, expected %d", test.selection, p.MultiplyAdds, test.multiplyAdds)
		}
		for _, name := range trainer.Net().FrozenWeights() {
			if !slices.Contains(p.WithoutDerivative, name) {
				t.Errorf("%s: %s is frozen, and not among those without a derivative: %v", test.selection, name, p.WithoutDerivative)
			}
		}
	}
}

// TestPlanBytes counts the bytes of a dense network: each number that a step
// reads or writes, once an operator.
func TestPlanBytes(t *testing.T) {
	spec := model.Spec{Input: []int{3}, Layers: []model.Layer{{Name: "fc", Kind: model.Dense{Out: 2}}}}
	// Batch 5. fc reads x 5·3, W 3·2, b 2, writes y 5·2: 33. The loss reads the
	// logits and writes the probabilities: 20. Its gradient reads those and
	// writes as many: 20. dW reads 15 and 10, writes 6: 31. db reads 10, writes
	// 2: 12. The solver, for each of 8 numbers: reads the value and the
	// gradient, writes the value, and reads and writes what it remembers.
	const operators = 33 + 20 + 20 + 31 + 12
	for _, test := range []struct {
		solver *train.Solver
		want   int64
	}{
		{train.NewSGD(0.1), 4 * (operators + 8*3)},
		{momentum(), 4 * (operators + 8*5)},
		{&train.Solver{Rule: train.Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, LearningRate: 0.1}, 4 * (operators + 8*7)},
	} {
		p := untrained(t, spec, initial(t, spec), model.All(), 5, test.solver).Plan()
		if p.Bytes != test.want {
			t.Errorf("%s: found %d bytes, expected %d", test.solver.Name(), p.Bytes, test.want)
		}
	}
}

// euclid is the norm that the tests compare with.
func euclid(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}
