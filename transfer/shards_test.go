package transfer_test

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

// TestShardsTrainTheSame retrains on a folder of photos and on the feature files of
// any number of shards: the weights, what was seen and the metrics of the test images
// are the same, by steps and by the exact head.
func TestShardsTrainTheSame(t *testing.T) {
	folder, dir := t.TempDir(), t.TempDir()
	for i := range 60 {
		img := image.NewGray(image.Rect(0, 0, 30, 20))
		for at := range img.Pix {
			img.Pix[at] = uint8(at * (i%3 + 3) * (at*i%7 + 1))
		}
		path := filepath.Join(folder, []string{"a", "a b", "a-b"}[i%3], fmt.Sprintf("%02d.png", i))
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		f, err := os.Create(path)
		must(t, err)
		must(t, png.Encode(f, img))
		must(t, f.Close())
	}
	spec := model.Spec{Input: []int{3, 16, 16}, Layers: []model.Layer{
		{Name: "conv", Kind: model.Conv{Out: 4, Kernel: model.Sides{3}, Stride: model.Sides{2}}},
		{Name: "drop", Kind: model.Dropout{Rate: 0.2}},
		{Name: "fc", Kind: model.Dense{Out: 2}},
	}}
	n := smallnet.Of(spec, smallnet.Init(t, spec))
	var err error
	n.Prep, err = dataset.Preset("torchvision", spec.Input)
	must(t, err)
	n.Classes = []string{"x", "y"}
	trunk, err := feature.NewTrunk(n, model.Last(1))
	must(t, err)
	defer trunk.Close()

	type result struct {
		steps, exact *model.Network
		metrics      train.Metrics
	}
	run := func(data, test *dataset.Set, source feature.Source) (r result) {
		t.Helper()
		recipe := train.Recipe{Epochs: 3, Batch: 8, Rate: 0.02, Schedule: "cosine", Solver: "momentum", Momentum: 0.9, Seed: 4, Validation: 0.2}
		adapted, fitted, held, err := transfer.Adapt(n, data, test, transfer.Adaptation{Trained: model.Last(1), Seed: 3})
		must(t, err)
		r.steps, r.exact = adapted, adapted.Clone()
		rest, opt, err := transfer.Follow(&recipe, fitted)
		must(t, err)
		opt.Select = model.Last(1)
		found, err := transfer.Retrain(t.Context(), r.steps, rest, opt)
		must(t, err)
		if found.Features != source {
			t.Errorf("found features from %s, expected %s", found.Features, source)
		}
		r.metrics, err = transfer.Evaluate(t.Context(), r.steps, held, opt)
		must(t, err)
		_, err = transfer.Exact(t.Context(), r.exact, fitted, transfer.ExactOptions{WeightDecay: 1e-2})
		must(t, err)
		return r
	}
	data, test, err := dataset.Open(folder, dataset.Options{Shape: spec.Input, Prep: n.Prep})
	must(t, err)
	want := run(data, test, feature.Memory)
	for _, of := range []int{1, 4} {
		for i := 1; i <= of; i++ {
			_, err := trunk.WriteShare(t.Context(), filepath.Join(dir, fmt.Sprintf("%d-of-%d", i, of)), folder, feature.Shard{Index: i, Of: of}, dataset.Options{})
			must(t, err)
		}
		shards, err := feature.Open(filepath.Join(dir, fmt.Sprintf("*-of-%d", of)))
		must(t, err)
		defer shards.Close()
		data, test, err := shards.Sets(folder, n, model.Last(1), dataset.Options{})
		must(t, err)
		found := run(data, test, feature.Files)
		if d := difference(found.steps.Weights, want.steps.Weights); d != 0 {
			t.Errorf("%d shards, by steps: the weights differ by %g, expected the same", of, d)
		}
		if d := difference(found.exact.Weights, want.exact.Weights); d != 0 {
			t.Errorf("%d shards, exact: the weights differ by %g, expected the same", of, d)
		}
		if !slices.Equal(found.steps.Seen.Sums, want.steps.Seen.Sums) || found.metrics.Loss != want.metrics.Loss || found.metrics.Correct != want.metrics.Correct {
			t.Errorf("%d shards: found %v of other images seen, expected %v", of, found.metrics, want.metrics)
		}
	}
}
