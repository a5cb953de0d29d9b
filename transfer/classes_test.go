package transfer_test

import (
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// TestWithClasses makes sure that the last layer and what is missing are drawn
// from the seed, that all else has its bits, and that it is a copy.
func TestWithClasses(t *testing.T) {
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
		head, err := withFive(spec, test.from, model.All(), 1)
		must(t, err)
		got := head.Weights
		if head.Spec.Classes() != 5 || spec.Classes() != 10 || head.Check() != nil {
			t.Errorf("%s: found %d classes, the old spec now %d, and %v", test.name, head.Spec.Classes(), spec.Classes(), head.Check())
		}
		again, err := withFive(spec, test.from, model.All(), 1)
		must(t, err)
		other, err := withFive(spec, test.from, model.All(), 2)
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
			if got.Hash(name) != again.Weights.Hash(name) {
				t.Errorf("%s: %s has other bits for the same seed", test.name, name)
			}
			if kernel := name[len(name)-1] == 'W'; fresh && kernel == (got.Hash(name) == other.Weights.Hash(name)) {
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
	_, err := transfer.WithClasses(smallnet.Of(spec, w), nil, model.All(), 1)
	if errors.Cause(err) != model.ErrSpec {
		t.Errorf("no classes: found error %v", err)
	}
	wrong := w.Clone()
	wrong.SetValues("conv2/b", []int{2}, []float32{1, 2})
	if _, err := withFive(spec, wrong, model.All(), 1); errors.Cause(err) != model.ErrWeights {
		t.Errorf("another shape: found error %v", err)
	}
	for reason, trained := range map[string]model.Selection{"another layer": model.Layers("fc1"), "the last of two that are missing": model.Last(1)} {
		if _, err := withFive(spec, transfer.Only(w, "conv1", "conv2"), trained, 1); !errors.Is(err, transfer.ErrFrozenRandom) {
			t.Errorf("%s: found error %v, expected ErrFrozenRandom", reason, err)
		}
	}
}

func withFive(spec model.Spec, w *model.Weights, trained model.Selection, seed uint64) (*model.Network, error) {
	n := &model.Network{Spec: spec, Weights: w, Prep: dataset.MNISTPreprocessing()}
	return transfer.WithClasses(n, []string{"5", "6", "7", "8", "9"}, trained, seed)
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
