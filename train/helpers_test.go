package train_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// small is a network for the sample: all that the question's has, with few
// channels.
func small() model.Spec {
	return model.Spec{
		Input: []int{1, 28, 28},
		Layers: []model.Layer{
			{Name: "conv1", Kind: model.Conv{Out: 4, Kernel: model.Sides{5}, Stride: model.Sides{1}, Pad: model.Sides{2}}}, // [4,28,28]
			{Name: "relu1", Kind: model.ReLU{}},
			{Name: "pool1", Kind: model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{2}}},                           // [4,14,14]
			{Name: "conv2", Kind: model.Conv{Out: 8, Kernel: model.Sides{5}, Stride: model.Sides{1}, Pad: model.Sides{2}}}, // [8,14,14]
			{Name: "relu2", Kind: model.ReLU{}},
			{Name: "pool2", Kind: model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{2}}}, // [8,7,7]
			{Name: "fc1", Kind: model.Dense{Out: 32}},                                            // [32]
			{Name: "relu3", Kind: model.ReLU{}},
			{Name: "drop", Kind: model.Dropout{Rate: 0.25}},
			{Name: "fc2", Kind: model.Dense{Out: 10}}, // [10]
		},
	}
}

// withoutDropout returns small with dropout at rate 0.
func withoutDropout() model.Spec {
	spec := small()
	spec.Layers[8].Kind = model.Dropout{}
	return spec
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sample returns n training images of the sample, balanced, and its test images.
func sample(t testing.TB, n int) (train, test *dataset.Set) {
	t.Helper()
	train, test, err := dataset.Open("sample", dataset.Options{})
	must(t, err)
	train, err = train.Limit(n, 1)
	must(t, err)
	return train, test
}

func initial(t testing.TB, spec model.Spec) *model.Weights {
	t.Helper()
	w, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	must(t, err)
	return w
}

// untrained returns a Trainer whose weights nothing watches.
func untrained(t testing.TB, spec model.Spec, w *model.Weights, selection model.Selection, batch int, solver *train.Solver) *train.Trainer {
	t.Helper()
	net, err := model.Build(smallnet.Of(spec, w), selection, model.Batch(batch))
	must(t, err)
	trainer, err := train.New(net, solver, 7)
	must(t, err)
	t.Cleanup(func() { must(t, trainer.Close()) })
	return trainer
}

// newTrainer returns a Trainer and watches its weights.
func newTrainer(t testing.TB, spec model.Spec, w *model.Weights, selection model.Selection, batch int, solver *train.Solver) *train.Trainer {
	t.Helper()
	trainer := untrained(t, spec, w, selection, batch, solver)
	watch(t, trainer.Net())
	return trainer
}

// watch fails the test at its end unless the frozen weights have the bytes
// they have now, the trained ones have moved, and all are finite. Every
// training test calls it, by newTrainer.
func watch(t testing.TB, net *model.Net) {
	t.Helper()
	before := net.Weights().Clone()
	t.Cleanup(func() {
		w := net.Weights()
		for _, name := range net.FrozenWeights() {
			if w.Hash(name) != before.Hash(name) {
				t.Errorf("%s is frozen and has changed", name)
			}
		}
		for _, name := range net.TrainedWeights() {
			if w.Hash(name) == before.Hash(name) {
				t.Errorf("%s is trained and has not moved", name)
			}
		}
		for _, name := range w.Names() {
			if slices.ContainsFunc(w.Get(name).Float32s(), func(x float32) bool { return x-x != 0 }) {
				t.Errorf("%s holds NaN or Inf", name)
			}
		}
	})
}

func momentum() *train.Solver { return train.NewMomentum(0.02, 0.9) }

// upTo returns 0..n-1.
func upTo(n int) []int {
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	return indices
}

// wantSame fails unless the named weights, all when none are named, have the
// same bits.
func wantSame(t testing.TB, reason string, got, want *model.Weights, names ...string) {
	t.Helper()
	if names == nil {
		names = want.Names()
	}
	for _, name := range names {
		if !sameBits(got.Get(name).Float32s(), want.Get(name).Float32s()) {
			t.Errorf("%s: %s has other bits", reason, name)
		}
	}
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// gradient returns a copy of the gradient that the last run made.
func gradient(t testing.TB, trainer *train.Trainer, weight string) []float32 {
	t.Helper()
	g, err := trainer.Net().Node(weight).Grad()
	must(t, err)
	return slices.Clone(g.Data().([]float32))
}

// wantError fails unless err has that cause, if any is given, and says all of
// says.
func wantError(t testing.TB, reason string, err, cause error, says ...string) {
	t.Helper()
	if err == nil || cause != nil && errors.Cause(err) != cause {
		t.Errorf("%s: found error %v, expected the cause %v", reason, err, cause)
		return
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%s: found error %q, expected it to say %q", reason, err, s)
		}
	}
}

// hooks are a train.Hook of two functions, either of which may be nil.
type hooks struct {
	step  func(train.StepReport) error
	epoch func(train.EpochReport) error
}

func (h hooks) Step(r train.StepReport) error {
	if h.step == nil {
		return nil
	}
	return h.step(r)
}

func (h hooks) Epoch(r train.EpochReport) error {
	if h.epoch == nil {
		return nil
	}
	return h.epoch(r)
}
