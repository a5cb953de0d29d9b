package transfer_test

import (
	"context"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// TestFeatures makes sure that the trunk gives what the uncut graph gives at
// the cut, for every example, and that labels come along.
func TestFeatures(t *testing.T) {
	data, _ := sample(t, 300, 10) // more than the trunk takes at a time
	spec := small()
	w := initial(t, spec)
	whole, err := model.Build(spec, w, model.None(), model.Batch(300))
	must(t, err)
	evaluator := train.NewEvaluator(whole)
	defer evaluator.Close()
	_, err = evaluator.Logits(data, all(data))
	must(t, err)
	for _, test := range []struct {
		selection model.Selection
		cut       int
		layer     string // the last below the cut that makes a node
		shape     []int
	}{
		{model.Last(1), 10, "relu3", []int{24}},
		{model.Last(2), 7, "pool2", []int{6, 7, 7}},
		{model.Last(3), 3, "pool1", []int{4, 14, 14}},
	} {
		trunk, err := transfer.NewTrunk(spec, w, test.selection)
		must(t, err)
		var progress []int
		got, err := trunk.Features(t.Context(), data, transfer.FeatureOptions{Progress: func(done, of int) { progress = append(progress, done, of) }})
		must(t, err)
		if trunk.Cut() != test.cut || !slices.Equal(got.ExampleShape(), test.shape) || got.Len() != 300 {
			t.Fatalf("%s: found cut %d and %d features of shape %v, expected %d, 300 and %v", test.selection, trunk.Cut(), got.Len(), got.ExampleShape(), test.cut, test.shape)
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

// largest returns the largest difference of two lists of the same length.
func largest(a, b []float32) float64 {
	d := float32(0)
	for i, x := range a {
		d = max(d, x-b[i], b[i]-x)
	}
	return float64(d)
}

// TestEmptyTrunk makes sure that where the lowest layer is trained, examples
// are handed through.
func TestEmptyTrunk(t *testing.T) {
	data, _ := sample(t, 20, 10)
	for _, selection := range []model.Selection{model.All(), model.Train("conv1")} {
		trunk, err := transfer.NewTrunk(small(), initial(t, small()), selection)
		must(t, err)
		got, err := trunk.Features(t.Context(), data, transfer.FeatureOptions{Progress: func(int, int) { t.Error("found progress of nothing") }})
		must(t, err)
		if trunk.Cut() != 0 || got.Examples != dataset.Examples(data) || got.Source != "" {
			t.Errorf("%s: found cut %d and %T from %q, expected 0 and the data itself", selection, trunk.Cut(), got.Examples, got.Source)
		}
	}
}

func TestTrunkRefuses(t *testing.T) {
	data, _ := sample(t, 20, 10)
	spec := small()
	_, err := transfer.NewTrunk(spec, model.NewWeights(), model.Last(1))
	if errors.Cause(err) != model.ErrWeights {
		t.Errorf("no weights: found error %v", err)
	}
	_, err = transfer.NewTrunk(spec, initial(t, spec), model.Train("fc9"))
	if errors.Cause(err) != model.ErrSelection {
		t.Errorf("no such layer: found error %v", err)
	}
	trunk, err := transfer.NewTrunk(spec, initial(t, spec), model.Last(1))
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := trunk.Features(ctx, data, transfer.FeatureOptions{}); errors.Cause(err) != context.Canceled {
		t.Errorf("cancelled: found error %v", err)
	}
	if _, err := trunk.Features(t.Context(), wide{data}, transfer.FeatureOptions{}); errors.Cause(err) != train.ErrData {
		t.Errorf("another shape: found error %v", err)
	}
}

// wide are examples with a shape that is not theirs.
type wide struct{ dataset.Examples }

func (wide) ExampleShape() []int { return []int{1, 14, 56} }

// TestNewHead makes sure that the last layer and what is missing are drawn
// from the seed, that all else has its bits, and that it is a copy.
func TestNewHead(t *testing.T) {
	spec := small()
	w := initial(t, spec)
	for _, test := range []struct {
		name  string
		from  *model.Weights
		fresh []string
	}{
		{"whole weights", w, []string{"fc2/W", "fc2/b"}},
		{"convolutions alone", transfer.Only(w, "conv1", "conv2"), []string{"fc1/W", "fc1/b", "fc2/W", "fc2/b"}},
		{"nothing", model.NewWeights(), w.Names()},
	} {
		before := test.from.Clone()
		head, got, err := transfer.NewHead(spec, test.from, 5, 1)
		must(t, err)
		if head.Classes() != 5 || spec.Classes() != 10 || got.Check(head) != nil {
			t.Errorf("%s: found %d classes, the old spec now %d, and weights %v", test.name, head.Classes(), spec.Classes(), got.Check(head))
		}
		_, again, err := transfer.NewHead(spec, test.from, 5, 1)
		must(t, err)
		_, other, err := transfer.NewHead(spec, test.from, 5, 2)
		must(t, err)
		for _, name := range got.Names() {
			fresh := slices.Contains(test.fresh, name)
			old := test.from.Get(name)
			if !fresh && (got.Hash(name) != before.Hash(name) || got.Get(name) == old) {
				t.Errorf("%s: %s is not a copy with the same bits", test.name, name)
			}
			if fresh && old != nil && got.Hash(name) == before.Hash(name) {
				t.Errorf("%s: %s is not fresh", test.name, name)
			}
			if got.Hash(name) != again.Hash(name) {
				t.Errorf("%s: %s has other bits for the same seed", test.name, name)
			}
			if kernel := name[len(name)-1] == 'W'; fresh && kernel == (got.Hash(name) == other.Hash(name)) {
				t.Errorf("%s: %s: found kernels that do not depend on the seed, or biases that do", test.name, name)
			}
			clear(got.Get(name).Float32s())
		}
		for _, name := range test.from.Names() {
			if test.from.Hash(name) != before.Hash(name) {
				t.Errorf("%s: the original's %s has changed", test.name, name)
			}
		}
	}
	for _, classes := range []int{0, 1} {
		if _, _, err := transfer.NewHead(spec, w, classes, 1); errors.Cause(err) != model.ErrSpec {
			t.Errorf("%d classes: found error %v", classes, err)
		}
	}
	wrong := w.Clone()
	wrong.SetValues("conv2/b", []int{2}, []float32{1, 2})
	if _, _, err := transfer.NewHead(spec, wrong, 5, 1); errors.Cause(err) != model.ErrWeights {
		t.Errorf("another shape: found error %v", err)
	}
}

// TestOnly makes sure that whole layers are taken, by their whole names, and
// share their memory.
func TestOnly(t *testing.T) {
	w := initial(t, small())
	only := transfer.Only(w, "fc2", "conv1", "conv")
	if got := only.Names(); !slices.Equal(got, []string{"conv1/W", "conv1/b", "fc2/W", "fc2/b"}) {
		t.Errorf("found %v", got)
	}
	if only.Get("fc2/W") != w.Get("fc2/W") {
		t.Error("fc2/W is a copy")
	}
	if got := transfer.Only(w).Names(); len(got) != 0 {
		t.Errorf("found %v of no layers", got)
	}
}
