package feature_test

import (
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

// single is one example of a set.
type single struct {
	dataset.Examples
	i int
}

func (single) Len() int                        { return 1 }
func (s single) Gather(dst []float32, _ []int) { s.Examples.Gather(dst, []int{s.i}) }

// TestResidualFeatures makes sure that an image's features have the same bytes alone
// and in a batch, on one thread and on two, with folded normalisations and additions.
func TestResidualFeatures(t *testing.T) {
	t.Cleanup(func() { must(t, model.SetThreads(0)) })
	data, _ := sample(t, 40, 10)
	n := smallnet.Of(smallnet.Residual(), initial(t, smallnet.Residual()))
	for _, name := range n.Weights.Names() {
		if v := n.Weights.Get(name); v.Dims() == 1 { // statistics and scales
			for i := range v.Float32s() {
				v.Float32s()[i] = 0.3 + float32(i%5)/4
			}
		}
	}
	for _, layer := range []string{"fc", "bn2"} { // one feature, and two
		var want []float32
		for _, threads := range []int{1, 2} {
			must(t, model.SetThreads(threads))
			trunk, err := feature.NewTrunk(n, model.Layers(layer))
			must(t, err)
			defer trunk.Close()
			all, err := trunk.Features(t.Context(), data, feature.Options{})
			must(t, err)
			defer all.Close()
			got, _ := all.Block(0, all.Len())
			if want == nil {
				want = slices.Clone(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s trained: other features on %d threads", layer, threads)
			}
			alone, err := trunk.Features(t.Context(), single{data, 17}, feature.Options{})
			must(t, err)
			defer alone.Close()
			if !slices.Equal(alone.Row(0), all.Row(17)) {
				t.Errorf("%s trained, %d threads: an image has other features alone", layer, threads)
			}
		}
	}
}
