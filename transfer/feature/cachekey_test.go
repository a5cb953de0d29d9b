package feature_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

// TestCacheKey makes sure that anything the features depend on gives a different file,
// and anything else finds the same one.
func TestCacheKey(t *testing.T) {
	data, other := sample(t, 30, 30)
	dir := t.TempDir()
	w := initial(t, small())
	features(t, trunk(t, w), data, 0, dir)
	changed := func(name string) *model.Weights {
		c := w.Clone()
		c.Get(name).Float32s()[0]++
		return c
	}
	prepared := *data
	prepared.Prep.Mean += 0.25
	padded := small()
	padded.Layers[4].Kind = model.Conv{Out: 6, Kernel: model.Sides{5}, Stride: model.Sides{1}, Pad: model.Sides{2}}
	paddedTrunk, err := feature.NewTrunk(smallnet.Of(padded, initial(t, padded)), model.Last(2))
	must(t, err)
	deeper, err := feature.NewTrunk(smallnet.Of(small(), w), model.Last(1))
	must(t, err)
	for _, test := range []struct {
		reason string
		trunk  *feature.Trunk
		data   *dataset.Set
		found  bool
	}{
		{"the same again", trunk(t, w.Clone()), data, true},
		{"another head", trunk(t, changed("fc1/W")), data, true},
		{"another kernel", trunk(t, changed("conv1/W")), data, false},
		{"another bias", trunk(t, changed("conv2/b")), data, false},
		{"another convolution", paddedTrunk, data, false},
		{"a deeper trunk", deeper, data, false},
		{"other data", trunk(t, w), other, false},
		{"other preprocessing", trunk(t, w), &prepared, false},
	} {
		if got := features(t, test.trunk, test.data, 0, dir); (got.source == feature.Disk) != test.found || (got.passes == 0) != test.found {
			t.Errorf("%s: found source %q after %d passes", test.reason, got.source, got.passes)
		}
	}
	if n := len(names(t, dir)); n != 7 {
		t.Errorf("found %d files, expected 7", n)
	}
}
