package model_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
)

// residual is a network whose layers have several readers and inputs: two
// residual blocks, with batch normalisation.
func residual() model.Spec {
	conv := func(stride int) model.Conv {
		return model.Conv{Out: 4, Kernel: model.Sides{3}, Stride: model.Sides{stride}, Pad: model.Sides{1}, NoBias: true}
	}
	return model.Spec{Input: []int{2, 8, 6}, Layers: []model.Layer{
		{Name: "conv1", Kind: conv(1)}, // [4,8,6]
		{Name: "bn1", Kind: model.BatchNorm{Eps: 1e-5}},
		{Name: "relu1", Kind: model.ReLU{}},
		{Name: "conv2", Kind: conv(1)},
		{Name: "bn2", Kind: model.BatchNorm{Eps: 1e-5}},
		{Name: "add1", Kind: model.Add{}, Inputs: []string{"bn2", "relu1"}},
		{Name: "relu2", Kind: model.ReLU{}},
		{Name: "conv3", Kind: conv(2)}, // [4,4,3]
		{Name: "down", Kind: model.Conv{Out: 4, Kernel: model.Sides{1}, Stride: model.Sides{2}}, Inputs: []string{"relu2"}},
		{Name: "add2", Kind: model.Add{}, Inputs: []string{"conv3", "down"}},
		{Name: "silu", Kind: model.SiLU{}},
		{Name: "pool", Kind: model.GlobalAveragePool{}}, // [4,1,1]
		{Name: "drop", Kind: model.Dropout{Rate: 0.25}},
		{Name: "fc", Kind: model.Dense{Out: 3}},
	}}
}

// lively gives statistics and scales values of their own.
func lively(w *model.Weights) {
	rng := newRand(9)
	for _, name := range w.Names() {
		if t := w.Get(name); t.Dims() == 1 {
			for i := range t.Float32s() {
				t.Float32s()[i] = float32(0.5 + rng.Float64())
			}
		}
	}
}

// TestResidualGradient holds the gradient of each weight to central
// differences of the loss.
func TestResidualGradient(t *testing.T) {
	spec := residual()
	w := mustInit(t, spec, 4)
	lively(w)
	s := newStep(t, mustBuild(t, spec, w, model.All(), model.Batch(3)))
	s.run(t, 5)
	if want := []string{"bn1/mean", "bn1/variance", "bn2/mean", "bn2/variance"}; !slices.Equal(s.net.FrozenWeights(), want) {
		t.Errorf("found frozen weights %v, expected %v", s.net.FrozenWeights(), want)
	}
	loss := func() float64 {
		s.run(t, 5)
		return float64(s.loss.Value().Data().(float32))
	}
	grads := map[string][]float32{}
	for name, g := range s.grads {
		grads[name] = values(g)
	}
	for name, g := range grads {
		largest := 0.0
		for _, v := range g {
			largest = math.Max(largest, math.Abs(float64(v)))
		}
		for i := 0; i < len(g); i += 1 + len(g)/5 {
			const h = 3e-3
			v := &w.Get(name).Float32s()[i]
			was := *v
			*v = was + h
			up := loss()
			*v = was - h
			down := loss()
			*v = was
			if d := math.Abs((up-down)/(2*h) - float64(g[i])); !(d <= 2e-3+0.02*largest) {
				t.Errorf("%s[%d]: found the gradient %g, central differences say %g", name, i, g[i], (up-down)/(2*h))
			}
		}
	}
}

// TestResidualCut cuts below each layer in turn: trunk and head, in graphs of
// their own, give the logits of the whole, whatever memory they share.
func TestResidualCut(t *testing.T) {
	spec := residual()
	w := mustInit(t, spec, 4)
	lively(w)
	whole := mustBuild(t, spec, w, model.None(), model.Batch(3))
	fillImages(whole.Images(), newRand(6))
	want := evaluate(t, whole)
	for _, test := range []struct {
		trained  string
		features string
	}{
		{"conv1", ""}, {"bn1", "conv1"}, {"conv2", "relu1"}, {"bn2", "relu1 conv2"}, {"conv3", "relu2 down"}, {"down", "relu2 conv3"}, {"fc", "pool"},
	} {
		cut := cutOf(t, spec, test.trained)
		var features []string
		for _, f := range cut.Features {
			features = append(features, f.Layer)
		}
		if got := strings.Join(features, " "); got != test.features {
			t.Errorf("%s trained: found features %q, expected %q", test.trained, got, test.features)
		}
		if len(cut.Trunk) == 0 {
			continue
		}
		trunk := mustBuild(t, spec, w, model.None(), model.Batch(3), model.TrunkOf(cut))
		if _, err := trunk.ShareMemory(); err != nil {
			t.Fatal(err)
		}
		copy(trunk.Images(), whole.Images())
		evaluate(t, trunk)
		head := mustBuild(t, spec, w, model.Layers(test.trained), model.Batch(3), model.HeadOf(cut))
		evaluation, err := head.ForEvaluation(3)
		if err != nil {
			t.Fatal(err)
		}
		if err := evaluation.Load(rowsOf{trunk.Result(3), trunk.OutputShape()}, []int{0, 1, 2}); err != nil {
			t.Fatal(err)
		}
		if got := evaluate(t, evaluation); difference(got, widened(want), 1) > 1e-6 {
			t.Errorf("%s trained: found logits %v, expected %v", test.trained, got, want)
		}
	}
}

func widened(v []float32) []float64 {
	wide := make([]float64, len(v))
	for i, x := range v {
		wide[i] = float64(x)
	}
	return wide
}

// rowsOf are examples made of rows.
type rowsOf struct {
	rows  []float32
	shape []int
}

func (r rowsOf) Len() int            { return len(r.rows) / product(r.shape) }
func (r rowsOf) ExampleShape() []int { return r.shape }
func (r rowsOf) Label(int) int       { return 0 }
func (r rowsOf) Gather(dst []float32, indices []int) {
	n := product(r.shape)
	for i, index := range indices {
		copy(dst[i*n:(i+1)*n], r.rows[index*n:])
	}
}
