package train_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// TestRestrictedGradient makes sure that leaving layers out of the gradient
// changes nothing about the others': every bit is that of the whole one.
func TestRestrictedGradient(t *testing.T) {
	data, _ := sample(t, 40)
	spec := small()
	for _, selection := range []model.Selection{model.Last(1), model.Last(2), model.Last(3), model.Layers("fc1"), model.Layers("conv2", "fc2")} {
		whole := untrained(t, spec, initial(t, spec), model.All(), 16, momentum())
		part := untrained(t, spec, initial(t, spec), selection, 16, momentum())
		for step := range 3 { // of which the third is a smaller batch
			indices := upTo(40)[16*step : min(16*(step+1), 40)]
			a, err := whole.Gradients(data, indices)
			must(t, err)
			b, err := part.Gradients(data, indices)
			must(t, err)
			if a != b {
				t.Errorf("%s: found %+v, expected %+v", selection, b, a)
			}
			for _, name := range part.Net().TrainedWeights() {
				if !sameBits(gradient(t, part, name), gradient(t, whole, name)) {
					t.Errorf("%s, step %d: the gradient towards %s has other bits than the whole one's", selection, step+1, name)
				}
			}
		}
	}
}

// TestOldWeightsBack makes sure that the first idea of the question, to train
// all and put the old convolutions back after each step, gives the same dense
// layers as naming those alone to the gradient.
func TestOldWeightsBack(t *testing.T) {
	data, _ := sample(t, 40)
	spec := small()
	for name, solver := range solvers() {
		old := initial(t, spec)
		whole := untrained(t, spec, initial(t, spec), model.All(), 16, solver)
		part := newTrainer(t, spec, initial(t, spec), model.Last(2), 16, solvers()[name])
		for step := range 4 {
			indices := upTo(40)[8*step : 8*step+16]
			_, err := whole.Step(data, indices)
			must(t, err)
			if whole.Net().Weights().Hash("conv1/W") == old.Hash("conv1/W") {
				t.Fatalf("%s: training all has not moved conv1/W", name)
			}
			for _, conv := range part.Net().FrozenWeights() {
				copy(whole.Net().Weights().Get(conv).Float32s(), old.Get(conv).Float32s())
			}
			_, err = part.Step(data, indices)
			must(t, err)
			wantSame(t, name, part.Net().Weights(), whole.Net().Weights())
		}
	}
}

// TestGradientsAreThoseOfOneRun makes sure that gradients do not add up over
// runs, and that Gradients alone moves nothing.
func TestGradientsAreThoseOfOneRun(t *testing.T) {
	data, _ := sample(t, 16)
	spec := withoutDropout()
	w := initial(t, spec)
	trainer := untrained(t, spec, w, model.All(), 16, train.NewSGD(1))
	_, err := trainer.Gradients(data, upTo(16))
	must(t, err)
	first := gradient(t, trainer, "fc1/W")
	_, err = trainer.Gradients(data, upTo(16))
	must(t, err)
	if !sameBits(gradient(t, trainer, "fc1/W"), first) {
		t.Error("the second run's gradient towards fc1/W has other bits")
	}
	wantSame(t, "Gradients", w, initial(t, spec))
	_, err = trainer.Step(data, upTo(16))
	must(t, err)
	start := initial(t, spec).Get("fc1/W").Float32s()
	for i, x := range w.Get("fc1/W").Float32s() {
		if x != start[i]-first[i] {
			t.Fatalf("fc1/W at %d: found %g after a step at rate 1, expected %g less %g", i, x, start[i], first[i])
		}
	}
}
