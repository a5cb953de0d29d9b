package feature_test

import (
	"context"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Networks and sets for these tests.
var (
	small   = smallnet.Digits
	initial = smallnet.Init
	sample  = smallnet.Sample
	must    = smallnet.Must
)

// TestFeatures makes sure that the trunk's output equals the uncut graph's at the cut,
// for every example, and that labels are kept.
func TestFeatures(t *testing.T) {
	data, _ := sample(t, 300, 10) // more than one batch of the trunk
	spec := small()
	w := initial(t, spec)
	whole, err := model.Build(smallnet.Of(spec, w), model.None(), model.Batch(300))
	must(t, err)
	must(t, whole.Load(data, all(data)))
	machine := gorgonia.NewTapeMachine(whole.Scope().Graph())
	defer machine.Close()
	must(t, machine.RunAll())
	for _, test := range []struct {
		selection model.Selection
		cut       int
		layer     string // the last layer below the cut that has a node
		shape     []int
	}{
		{model.Last(1), 10, "relu3", []int{24}},
		{model.Last(2), 7, "pool2", []int{6, 7, 7}},
		{model.Last(3), 3, "pool1", []int{4, 14, 14}},
	} {
		trunk, err := feature.NewTrunk(smallnet.Of(spec, w), test.selection)
		must(t, err)
		var progress []int
		got, err := trunk.Features(t.Context(), data, feature.Options{Progress: func(done, of int) { progress = append(progress, done, of) }})
		must(t, err)
		if len(trunk.Cut().Trunk) != test.cut || !slices.Equal(got.ExampleShape(), test.shape) || got.Len() != 300 {
			t.Fatalf("%s: found cut %d and %d features of shape %v, expected %d, 300 and %v", test.selection, len(trunk.Cut().Trunk), got.Len(), got.ExampleShape(), test.cut, test.shape)
		}
		if !slices.Equal(progress, []int{250, 300, 300, 300}) {
			t.Errorf("%s: found progress %v, expected 250 and 300 of 300", test.selection, progress)
		}
		i := slices.IndexFunc(whole.Steps(), func(s model.Step) bool { return slices.Contains(s.Layers, test.layer) })
		want := whole.Steps()[i].Node.Value().Data().([]float32)
		size := len(want) / 300
		for i := range 300 {
			if d := largest(got.Row(i), want[i*size:(i+1)*size]); !(d <= 1e-5) {
				t.Fatalf("%s: row %d differs by %g from the whole graph's, expected at most 1e-5", test.selection, i, d)
			}
			if got.Label(i) != data.Label(i) {
				t.Errorf("%s: example %d has label %d, expected %d", test.selection, i, got.Label(i), data.Label(i))
			}
		}
		pick := []int{299, 0, 251, 0}
		dst := make([]float32, len(pick)*size)
		got.Gather(dst, pick)
		for i, index := range pick {
			if !slices.Equal(dst[i*size:(i+1)*size], got.Row(index)) {
				t.Errorf("%s: Gather at %d is not row %d", test.selection, i, index)
			}
		}
		got.ExampleShape()[0] = 0
		if got.ExampleShape()[0] == 0 {
			t.Errorf("%s: ExampleShape is not a copy", test.selection)
		}
	}
}

func all(data dataset.Examples) []int {
	indices := make([]int, data.Len())
	for i := range indices {
		indices[i] = i
	}
	return indices
}

// largest returns the largest difference between two lists of the same length.
func largest(a, b []float32) float64 {
	d := float32(0)
	for i, x := range a {
		d = max(d, x-b[i], b[i]-x)
	}
	return float64(d)
}

// TestEmptyTrunk makes sure that examples pass through unchanged if the lowest layer is
// trained.
func TestEmptyTrunk(t *testing.T) {
	data, _ := sample(t, 20, 10)
	for _, selection := range []model.Selection{model.All(), model.Layers("conv1")} {
		trunk, err := feature.NewTrunk(smallnet.Of(small(), initial(t, small())), selection)
		must(t, err)
		got, err := trunk.Features(t.Context(), data, feature.Options{Progress: func(int, int) { t.Error("found progress of nothing") }})
		must(t, err)
		if len(trunk.Cut().Trunk) != 0 || got.Examples != dataset.Examples(data) || got.Source != "" {
			t.Errorf("%s: found trunk %v and %T from %q, expected none and the data itself", selection, trunk.Cut().Trunk, got.Examples, got.Source)
		}
	}
}

func TestTrunkRefuses(t *testing.T) {
	data, _ := sample(t, 20, 10)
	spec := small()
	_, err := feature.NewTrunk(smallnet.Of(spec, model.NewWeights()), model.Last(1))
	if errors.Cause(err) != model.ErrWeights {
		t.Errorf("no weights: found error %v", err)
	}
	_, err = feature.NewTrunk(smallnet.Of(spec, initial(t, spec)), model.Layers("fc9"))
	if errors.Cause(err) != model.ErrSelection {
		t.Errorf("no such layer: found error %v", err)
	}
	trunk, err := feature.NewTrunk(smallnet.Of(spec, initial(t, spec)), model.Last(1))
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := trunk.Features(ctx, data, feature.Options{}); errors.Cause(err) != context.Canceled {
		t.Errorf("cancelled: found error %v", err)
	}
	if _, err := trunk.Features(t.Context(), wide{data}, feature.Options{}); errors.Cause(err) != train.ErrData {
		t.Errorf("another shape: found error %v", err)
	}
}

// wide are examples that report a wrong shape.
type wide struct{ dataset.Examples }

func (wide) ExampleShape() []int { return []int{1, 14, 56} }
