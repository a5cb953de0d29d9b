package feature_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// TestVaryingExamples makes sure that images that change with each epoch are refused if
// the trunk would see them only once, whatever the options.
func TestVaryingExamples(t *testing.T) {
	data, _, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	spec := model.DeepMNIST()
	w, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	trunk, err := feature.NewTrunk(smallnet.Of(spec, w), model.Last(1))
	if err != nil {
		t.Fatal(err)
	}
	defer trunk.Close()
	varying := dataset.NewAugmented(data, dataset.Augmentation{Shift: true}, 1)
	for _, opt := range []feature.Options{{}, {CacheMemory: 1}, {CacheDir: t.TempDir()}} {
		if _, err := trunk.Features(context.Background(), varying, opt); errors.Cause(err) != feature.ErrCache {
			t.Errorf("%v: found the error %v, expected one whose cause is ErrCache", opt, err)
		}
	}
}
