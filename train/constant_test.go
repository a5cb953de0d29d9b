package train_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// TestConstantWeights holds a net with that promise to the bytes of one without. The one
// without sees a change of its weights.
func TestConstantWeights(t *testing.T) {
	w := smallnet.Init(t, model.DeepMNIST())
	n := smallnet.Of(model.DeepMNIST(), w)
	logits := func(options ...model.Option) func() []float32 {
		net, err := model.Build(n, model.None(), append(options, model.Batch(2))...)
		smallnet.Must(t, err)
		e, err := train.NewEvaluator(net)
		smallnet.Must(t, err)
		t.Cleanup(func() { smallnet.Must(t, e.Close()) })
		images := smallnet.NewNoise(2, 1, 28, 28)
		return func() []float32 {
			y, err := e.Logits(images, []int{0, 1})
			smallnet.Must(t, err)
			return slices.Clone(y)
		}
	}
	plain, constant := logits(), logits(model.ConstantWeights())
	before := plain()
	for range 2 {
		if !slices.Equal(constant(), before) {
			t.Error("constant weights: found other logits")
		}
	}
	kernels := w.Get("conv2/W").Float32s()
	kernels[rand.New(rand.NewPCG(1, 1)).IntN(len(kernels))] += 1
	if slices.Equal(plain(), before) {
		t.Error("a changed weight: found the logits before, expected others")
	}
}
