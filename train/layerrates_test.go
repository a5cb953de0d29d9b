package train_test

import (
	"math"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// rated returns a solver of each kind with factors, and one without.
func ratedSolvers(factors map[string]float64) map[string]*train.LayerRates {
	return map[string]*train.LayerRates{
		"sgd": train.NewLayerRates(factors, func() train.Solver { return &train.SGD{LearningRate: 0.02} }),
		"momentum": train.NewLayerRates(factors, func() train.Solver {
			return &train.Momentum{LearningRate: 0.02, Momentum: 0.9, WeightDecay: 1e-3}
		}),
		"adam": train.NewLayerRates(factors, func() train.Solver { return &train.Adam{LearningRate: 0.002} }),
	}
}

// TestLayerRates makes sure that a layer moves as under a solver of its own
// rate, whatever the others do.
func TestLayerRates(t *testing.T) {
	for kind, layered := range ratedSolvers(map[string]float64{"fc1": 0.25, "fc3": 4}) {
		alone := ratedSolvers(nil)[kind]
		must(t, layered.Validate())
		got, want := params(), params()
		other := params()
		other[0].name, other[1].name = "fc2/W", "fc2/b" // beside it, without a factor
		plain := params()
		plain[0].name, plain[1].name = "fc2/W", "fc2/b"
		quarter := ratedSolvers(nil)[kind]
		quarter.SetRate(quarter.Rate() / 4)
		for step := range 3 {
			for _, p := range [][]*param{got, want, other, plain} {
				drawGradients(p, step)
			}
			must(t, layered.Step(valueGrads(got[0], got[1], other[0], other[1])))
			must(t, quarter.Step(valueGrads(want...)))
			must(t, alone.Step(valueGrads(plain...)))
		}
		for i := range got {
			if !sameBits(got[i].value.Float32s(), want[i].value.Float32s()) {
				t.Errorf("%s: %s is not as under a quarter of the rate", kind, got[i].name)
			}
			if !sameBits(other[i].value.Float32s(), plain[i].value.Float32s()) {
				t.Errorf("%s: %s is not as without factors", kind, other[i].name)
			}
		}
		if layered.Name() != kind || layered.Rate() != alone.Rate() || layered.State().Steps != 3 {
			t.Errorf("%s: found name %s, rate %v and state of %d steps", kind, layered.Name(), layered.Rate(), layered.State().Steps)
		}
	}
}

// TestLayerRatesState takes a training up again to the same bytes, and refuses
// another solver's state.
func TestLayerRatesState(t *testing.T) {
	factors := map[string]float64{"fc1": 0.25}
	data, _ := sample(t, 64)
	for kind := range ratedSolvers(factors) {
		through, parted := initial(t, small()), initial(t, small())
		one := newTrainer(t, small(), through, model.Train("fc*"), 16, ratedSolvers(factors)[kind])
		must(t, one.Fit(t.Context(), data, train.Options{Epochs: 2}))
		first := newTrainer(t, small(), parted, model.Train("fc*"), 16, ratedSolvers(factors)[kind])
		must(t, first.Fit(t.Context(), data, train.Options{Epochs: 1}))
		checkpoint, err := first.Checkpoint()
		must(t, err)
		second := newTrainer(t, small(), parted, model.Train("fc*"), 16, ratedSolvers(factors)[kind])
		must(t, second.Restore(checkpoint))
		must(t, second.Fit(t.Context(), data, train.Options{Epochs: 2}))
		wantSame(t, kind+" taken up again", parted, through, "fc1/W", "fc1/b", "fc2/W", "fc2/b")
	}
	layered := ratedSolvers(factors)["momentum"]
	before := layered.State()
	wrong := train.State{Steps: 1, Tensors: map[string][]float32{"velocity/fc2/W": {1}, "moment/fc1/W": {1}}}
	if err := layered.SetState(wrong); err == nil || len(layered.State().Tensors) != len(before.Tensors) {
		t.Errorf("another solver's state: found error %v and %v", err, layered.State())
	}
}

func TestLayerRatesValidate(t *testing.T) {
	for _, factor := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if err := ratedSolvers(map[string]float64{"fc1": factor})["momentum"].Validate(); err == nil {
			t.Errorf("factor %v: found no error", factor)
		}
	}
}
