package transfer_test

import (
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// convHead is smallnet.Residual with a convolution for its output layer.
func convHead() model.Spec {
	spec := smallnet.Residual()
	last := len(spec.Layers) - 1
	spec.Layers[last] = model.Layer{Name: "fc", Kind: model.Conv{Out: 10, Kernel: model.Sides{1}, Stride: model.Sides{1}}} // [10,1,1]
	spec.Layers = append(spec.Layers, model.Layer{Name: "flat", Kind: model.Flatten{}})
	return spec
}

// fiveDigits returns a network of that spec that knows five of the sample's digits,
// in an order of its own.
func fiveDigits(t *testing.T, spec model.Spec, data *dataset.Set) *model.Network {
	t.Helper()
	own, err := data.Filter(dataset.Classes{"1", "3", "5", "7", "9"})
	must(t, err)
	n, err := model.Fresh(spec, own, 1)
	must(t, err)
	_, err = transfer.Retrain(t.Context(), n, own, transfer.Options{Select: model.All(), Batch: 16, Seed: 1,
		Solver: train.NewMomentum(0.02, 0.9), Train: train.Options{Epochs: 10, Schedule: train.CosineRate}})
	must(t, err)
	return n
}

// oldRight returns the share of the first classes' images that are right.
func oldRight(t *testing.T, n *model.Network, set *dataset.Set, classes int) float64 {
	t.Helper()
	m, err := train.Evaluate(t.Context(), n, set)
	must(t, err)
	right, all := 0, 0
	for label := range classes {
		right += m.Confusion[label][label]
		for _, images := range m.Confusion[label] {
			all += images
		}
	}
	return float64(right) / float64(all)
}

// TestGrow adds five digits to a network of five, by steps and exactly, with a dense
// and with a convolutional output layer.
func TestGrow(t *testing.T) {
	data, test := sample(t, 2000, 500)
	for name, spec := range map[string]model.Spec{"dense": small(), "convolution": convHead()} {
		n := fiveDigits(t, spec, data)
		own, _, err := n.Fit(test)
		must(t, err)
		before := oldRight(t, n, own, 5)
		for _, exactly := range []bool{false, true} {
			g, err := transfer.Grow(n, data, test, 1)
			must(t, err)
			if want := []string{"1", "3", "5", "7", "9", "0", "2", "4", "6", "8"}; !slices.Equal(g.Network.Classes, want) || !slices.Equal(g.New, want[5:]) || g.Missing != nil {
				t.Fatalf("%s: found classes %v, new %v, missing %v", name, g.Network.Classes, g.New, g.Missing)
			}
			if g.Data.Len() != 1800 || g.Kept.Held.Len() != 200 || g.Kept.Outputs != 5 || g.Test.Len() != 500 {
				t.Fatalf("%s: found %d images and %d kept aside", name, g.Data.Len(), g.Kept.Held.Len())
			}
			fresh := g.Network.Clone()
			var kept *transfer.KeptResult
			if exactly {
				r, err := transfer.Exact(t.Context(), g.Network, g.Data, transfer.ExactOptions{WeightDecay: 1e-3, Kept: g.Kept})
				must(t, err)
				if kept = r.Kept; !r.Converged {
					t.Errorf("%s: found %+v, expected the optimum", name, r)
				}
			} else {
				r, err := transfer.Retrain(t.Context(), g.Network, g.Data, transfer.Options{Select: model.Last(1), Batch: 16, Seed: 1, Kept: g.Kept,
					Solver: &train.Solver{Rule: train.Adam{}, LearningRate: 0.002, WeightDecay: 1e-3}, Train: train.Options{Epochs: 10}})
				must(t, err)
				kept = r.Kept
			}
			after, all := oldRight(t, g.Network, g.Test, 5), oldRight(t, g.Network, g.Test, 10)
			t.Logf("%s, exactly %v: old classes %.3f before, %.3f after, all %.3f; %v", name, exactly, before, after, all, kept)
			if !kept.Identical || kept.Held != 200 || kept.Lost > 1 || before-after > 0.03 || all < after/2+0.02 {
				t.Errorf("%s, exactly %v: found %+v; old classes %v before and %v after, all %v: expected at most 1%% of the images kept aside lost, and new classes learnt", name, exactly, kept, before, after, all)
			}
			for _, part := range []string{"/W", "/b"} {
				output := "fc2"
				if name == "convolution" {
					output = "fc"
				}
				was, is, old := fresh.Weights.Get(output+part), g.Network.Weights.Get(output+part).Float32s(), n.Weights.Get(output+part).Float32s()
				for i, v := range was.Float32s() {
					at := i % 10 // dense: [in,out] and [out]
					if len(was.Shape()) == 4 {
						at = i / was.Shape()[1]
					}
					if (is[i] == v) != (at < 5) {
						t.Fatalf("%s, %s: output %d, number %d: found %v, before %v, expected the first five alone as they were", name, part, at, i, is[i], v)
					}
				}
				if first := slices.Index(is, old[0]); first != 0 {
					t.Errorf("%s, %s: found %v, expected the network's own %v", name, part, is[0], old[0])
				}
			}
		}
	}
}

// TestGrowRefuses: without images of old classes, without new ones, and where more
// than the last layer would be trained.
func TestGrowRefuses(t *testing.T) {
	data, _ := sample(t, 200, 10)
	only := func(classes ...string) *dataset.Set {
		set, err := data.Filter(classes)
		must(t, err)
		return set
	}
	n := &model.Network{Spec: small(), Weights: initial(t, small()), Classes: data.Classes, Prep: data.Prep}
	n, err := transfer.WithClasses(n, []string{"1", "3", "5"}, model.Last(1), 1)
	must(t, err)
	for name, test := range map[string]struct {
		set  *dataset.Set
		want error
	}{
		"no old class": {only("2", "4"), transfer.ErrOldClasses}, "no new class": {only("1", "3"), model.ErrData}, "nothing": {nil, model.ErrData},
	} {
		if _, err := transfer.Grow(n, test.set, nil, 1); !errors.Is(err, test.want) {
			t.Errorf("%s: found error %v, expected %v", name, err, test.want)
		}
	}
	g, err := transfer.Grow(n, only("1", "2"), nil, 1)
	must(t, err)
	if !slices.Equal(g.Missing, []string{"3", "5"}) || g.Test != nil {
		t.Errorf("found missing %v, expected 3 and 5", g.Missing)
	}
	if _, err := transfer.Retrain(t.Context(), g.Network, g.Data, transfer.Options{Select: model.Last(2), Solver: train.NewSGD(0.1), Kept: g.Kept, Train: train.Options{Epochs: 1}}); !errors.Is(err, model.ErrSelection) {
		t.Errorf("two layers: found error %v, expected ErrSelection", err)
	}
}

// TestGrowSeen: images that a network learnt by heart flatter its old outputs. Where it
// is known that they may have, fewer old ones are lost.
func TestGrowSeen(t *testing.T) {
	all, test := sample(t, 2000, 500)
	seen, others, err := all.Split(0.9, 3) // 200 of them
	must(t, err)
	n := fiveDigits(t, small(), others)
	n.Seen = dataset.Seen{}
	learnt, _, err := n.Fit(seen)
	must(t, err)
	_, err = transfer.Exact(t.Context(), n, learnt, transfer.ExactOptions{WeightDecay: 1e-6})
	must(t, err)
	n.Seen = learnt.Seen()
	own, _, err := n.Fit(test)
	must(t, err)
	before := oldRight(t, n, own, 5)
	lost := map[bool]float64{}
	for _, unseen := range []bool{false, true} {
		g, err := transfer.Grow(n, seen, test, 1)
		must(t, err)
		if g.Kept.Unseen {
			t.Fatal("found images kept aside that the network has never seen, expected to know that it was trained on them")
		}
		g.Kept.Unseen = unseen // not true: what is lost then
		r, err := transfer.Exact(t.Context(), g.Network, g.Data, transfer.ExactOptions{WeightDecay: 1e-3, Kept: g.Kept})
		must(t, err)
		after := oldRight(t, g.Network, g.Test, 5)
		t.Logf("taken as unseen %v: old classes %.3f before, %.3f after; %v", unseen, before, after, r.Kept)
		lost[unseen] = before - after
		if !r.Kept.Unseen {
			t.Errorf("found %v, expected old outputs imitated", r.Kept)
		}
	}
	if lost[false] > 0.06 || lost[true] < lost[false]+0.03 {
		t.Errorf("old classes lost %.3f, and %.3f with no regard to what had trained the network, expected at most 0.06 and at least 0.03 more", lost[false], lost[true])
	}
	if g, err := transfer.Grow(n, others, nil, 1); err != nil || !g.Kept.Unseen {
		t.Errorf("other images: found %+v, error %v, expected to know that the network has not seen them", g, err)
	}
}
