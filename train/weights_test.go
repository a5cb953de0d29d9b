package train_test

import (
	"math"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// TestBalancedWeights: what scikit-learn's compute_class_weight("balanced") has for
// these counts, and nothing for a class without examples.
func TestBalancedWeights(t *testing.T) {
	if got, want := train.BalancedWeights([]int{6, 0, 2, 4}), []float64{12. / 18, 1, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("found %v, expected %v", got, want)
	}
	for _, wrong := range [][]float64{{}, {1, 2}, {1, math.NaN(), 1}, {1, 1, -1}, {1, 1, math.Inf(1)}, {1e300, 1, 1}} {
		if train.CheckWeights(wrong, 3) == nil {
			t.Errorf("%v: found no error", wrong)
		}
	}
}

// TestClassWeights: a step on examples with weights moves the network as one on
// examples that come as often as their weight says.
func TestClassWeights(t *testing.T) {
	data, _ := sample(t, 40)
	spec, weights := withoutDropout(), []float64{1, 2, 0, 3, 1, 1, 1, 1, 1, 4}
	var often []int
	for i := range data.Len() {
		for range int(weights[data.Label(i)]) {
			often = append(often, i)
		}
	}
	share := float64(len(often)) / float64(data.Len())
	weighted := untrained(t, spec, initial(t, spec), model.All(), 40, train.NewSGD(0.5))
	var loss float64
	hook := hooks{epoch: func(r train.EpochReport) error { loss = r.Loss; return nil }}
	must(t, weighted.Fit(t.Context(), data, train.Options{Epochs: 1, ClassWeights: weights, Hook: hook}))
	repeated := untrained(t, spec, initial(t, spec), model.All(), len(often), train.NewSGD(0.5*share))
	r, err := repeated.Step(data, often)
	must(t, err)
	if math.Abs(r.Loss*share-loss) > 1e-5 {
		t.Errorf("found the loss %v, expected %v", loss, r.Loss*share)
	}
	for _, name := range weighted.Net().TrainedWeights() {
		want := repeated.Net().Weights().Get(name).Float32s()
		for i, v := range weighted.Net().Weights().Get(name).Float32s() {
			if math.Abs(float64(v-want[i])) > 1e-5 {
				t.Fatalf("%s: number %d: found %v, expected %v", name, i, v, want[i])
			}
		}
	}
	if err := weighted.Fit(t.Context(), data, train.Options{Epochs: 2, ClassWeights: weights[1:]}); err == nil {
		t.Error("found no error for a weight too few")
	}
}

// TestRecipeClassWeights: the weights of a recipe are of the images that are left to
// train on.
func TestRecipeClassWeights(t *testing.T) {
	data, _ := sample(t, 40)
	r := recipe()
	r.Weights, r.Validation = train.Balanced, 0.25
	must(t, r.Validate())
	rest, opt, err := r.Begin(data)
	must(t, err)
	if !slices.Equal(opt.ClassWeights, train.BalancedWeights(rest.Counts())) {
		t.Errorf("found %v", opt.ClassWeights)
	}
	if r.Weights = "nope"; r.Validate() == nil {
		t.Error("found no error for weights of another name")
	}
}

// TestKeptOutputs: no rule, momentum or decay moves outputs that are kept, and the
// others move as they do without.
func TestKeptOutputs(t *testing.T) {
	data, _ := sample(t, 40)
	spec := withoutDropout()
	for name, solver := range solvers() {
		solver.WeightDecay = 0.01
		all := untrained(t, spec, initial(t, spec), model.Last(1), 40, solver.New())
		solver.Kept = map[string]int{"fc2": 4}
		kept := untrained(t, spec, initial(t, spec), model.Last(1), 40, solver.New())
		_, err := all.Step(data, upTo(40))
		must(t, err)
		_, err = kept.Step(data, upTo(40))
		must(t, err)
		for _, part := range []string{"fc2/W", "fc2/b"} {
			before, free := initial(t, spec).Get(part).Float32s(), all.Net().Weights().Get(part).Float32s()
			for i, v := range kept.Net().Weights().Get(part).Float32s() {
				want := free[i]
				if i%10 < 4 {
					want = before[i]
				}
				if v != want && (i%10 < 4 || math.Abs(float64(v-want)) > 1e-6) {
					t.Fatalf("%s, %s, number %d: found %v, expected %v", name, part, i, v, want)
				}
			}
		}
	}
}
