package train_test

import (
	"math"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// ratedSolvers returns a solver of each rule with factors.
func ratedSolvers(factors map[string]float64) map[string]*train.Solver {
	return map[string]*train.Solver{
		"sgd":      {Rule: train.SGD{}, LearningRate: 0.02, Factors: factors},
		"momentum": {Rule: train.Momentum{Momentum: 0.9}, LearningRate: 0.02, WeightDecay: 1e-3, Factors: factors},
		"adam":     {Rule: train.Adam{}, LearningRate: 0.002, Factors: factors},
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
		quarter.LearningRate /= 4
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
		if layered.Name() != kind || layered.State().Steps != 3 {
			t.Errorf("%s: found name %s and state of %d steps", kind, layered.Name(), layered.State().Steps)
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
		one := newTrainer(t, small(), through, model.Layers("fc*"), 16, ratedSolvers(factors)[kind])
		must(t, one.Fit(t.Context(), data, train.Options{Epochs: 2}))
		first := newTrainer(t, small(), parted, model.Layers("fc*"), 16, ratedSolvers(factors)[kind])
		must(t, first.Fit(t.Context(), data, train.Options{Epochs: 1}))
		checkpoint, err := first.Checkpoint()
		must(t, err)
		second := newTrainer(t, small(), parted, model.Layers("fc*"), 16, ratedSolvers(factors)[kind])
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

// TestLayerFactors matches patterns with layers.
func TestLayerFactors(t *testing.T) {
	rate := func(pattern string, factor float64) train.LayerRate {
		return train.LayerRate{Pattern: pattern, Factor: factor}
	}
	got, err := train.LayerFactors(small(), model.Layers("conv2", "fc*"), rate("conv*2", 0.1), rate("fc1", 2))
	must(t, err)
	if len(got) != 2 || got["conv2"] != 0.1 || got["fc1"] != 2 {
		t.Errorf("found factors %v", got)
	}
	for says, rates := range map[string][]train.LayerRate{
		"conv1 is frozen":       {rate("conv*", 0.1)},
		"no layer has":          {rate("fc9", 0.1)},
		"another one has given": {rate("fc1", 0.1), rate("fc*", 0.2)},
		"factor 0":              {rate("fc1", 0)},
		"factor NaN":            {rate("fc1", math.NaN())},
		"factor +Inf":           {rate("fc1", math.Inf(1))},
		"syntax error":          {rate("fc[", 1)},
	} {
		if _, err := train.LayerFactors(small(), model.Layers("conv2", "fc*"), rates...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: found error %v, expected it to say %q", rates, err, says)
		}
	}
	trainer := &train.Solver{Rule: train.SGD{}, LearningRate: 1, Factors: map[string]float64{"conv1": 2}}
	net, err := model.Build(smallnet.Of(small(), initial(t, small())), model.Last(1))
	must(t, err)
	if _, err := train.New(net, trainer, 1); err == nil || !strings.Contains(err.Error(), "not trained") {
		t.Errorf("a factor of a frozen layer: found error %v", err)
	}
}

func TestParseLayerRates(t *testing.T) {
	if r, err := train.ParseLayerRates("conv*=0.01", "fc1=2"); err != nil || len(r) != 2 || r[0] != (train.LayerRate{Pattern: "conv*", Factor: 0.01}) {
		t.Errorf("found %+v, %v, expected conv* and 0.01, and another", r, err)
	}
	for _, text := range []string{"", "fc1", "fc1=", "fc1=much", "=="} {
		if r, err := train.ParseLayerRates(text); err == nil || !strings.Contains(err.Error(), "LAYER=FACTOR") {
			t.Errorf("%q: found %+v, %v, expected an error that says what is expected", text, r, err)
		}
	}
}

func FuzzLayerRates(f *testing.F) {
	for _, s := range []string{"fc2=1", "fc*=0.1", "=", "fc[=1", "*=1e-3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rate, err := train.ParseLayerRates(text)
		if err != nil {
			return
		}
		factors, err := train.LayerFactors(model.DeepMNIST(), model.All(), rate...)
		if err == nil && len(factors) == 0 {
			t.Errorf("%q: found neither factors nor an error", text)
		}
		for layer, factor := range factors {
			if !(factor > 0) || math.IsInf(factor, 0) {
				t.Errorf("%q: found the factor %v of %s", text, factor, layer)
			}
		}
	})
}
