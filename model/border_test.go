package model_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/border"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"gorgonia.org/tensor"
)

// TestBorder hands nil, zero values and tensors of another shape to all that
// takes them.
func TestBorder(t *testing.T) {
	spec, w, rng := small(), mustInit(t, small(), 1), newRand(1)
	good := smallnet.Of(spec, w)
	net := mustBuild(t, spec, w, model.All())
	b := border.New(t)

	var noNetwork *model.Network
	var noSet *dataset.Set
	for reason, n := range map[string]*model.Network{"nil": nil, "the zero value": {}, "no weights": smallnet.Of(spec, nil), "zero weights": smallnet.Of(spec, &model.Weights{})} {
		b.Refuse("Build", reason, nil, func() error { _, err := model.Build(n, model.All()); return err })
		b.Refuse("Network.Check", reason, nil, n.Check)
	}
	for reason, value := range map[string]*tensor.Dense{
		"nil": nil, "the zero value": {},
		"another type":  tensor.New(tensor.WithShape(w.Get("fc2/b").Shape()...), tensor.Of(tensor.Float64)),
		"another shape": tensor.New(tensor.WithShape(1, 2, 3), tensor.Of(tensor.Float32)),
	} {
		broken := w.Clone()
		broken.Set("fc2/b", value)
		b.Refuse("Weights.Check", reason, model.ErrWeights, func() error { return broken.Check(spec) })
		b.Refuse("Weights.Check", "a copy, "+reason, model.ErrWeights, func() error { return broken.Clone().Check(spec) })
		b.Refuse("Build", "a tensor that is "+reason, model.ErrWeights, func() error { _, err := model.Build(smallnet.Of(spec, broken), model.All()); return err })
		b.Refuse("Parameter.Check", reason, nil, func() error { return model.Parameter{Shape: []int{10}}.Check(value) })
		if broken.Hash("fc2/b") == w.Hash("fc2/b") {
			t.Errorf("%s: found the hash of the weights", reason)
		}
	}
	b.Refuse("Build", "zero selection", model.ErrSelection, func() error { _, err := model.Build(good, model.Selection{}); return err })
	b.Refuse("Build", "nil option", nil, func() error { _, err := model.Build(good, model.All(), nil); return err })
	b.Refuse("Build", "batch of 0", nil, func() error { _, err := model.Build(good, model.All(), model.Batch(0)); return err })
	b.Refuse("Build", "zero cut, trunk", model.ErrSpec, func() error { _, err := model.Build(good, model.None(), model.TrunkOf(model.Cut{})); return err })
	b.Refuse("Build", "zero cut, head", model.ErrSpec, func() error { _, err := model.Build(good, model.All(), model.HeadOf(model.Cut{})); return err })

	var noGrey *dataset.Augmented
	for reason, n := range map[string]*model.Net{"nil": nil, "the zero value": {}} {
		b.Refuse("Net.CheckNodes", reason, model.ErrNetwork, n.CheckNodes)
		b.Refuse("Net.CheckWeights", reason, model.ErrNetwork, n.CheckWeights)
		b.Refuse("Net.CheckExamples", reason, model.ErrNetwork, func() error { return n.CheckExamples(noSet) })
		b.Refuse("Net.ForEvaluation", reason, model.ErrNetwork, func() error { _, err := n.ForEvaluation(1); return err })
		b.Refuse("Net.Load", reason, model.ErrNetwork, func() error { return n.Load(noSet, []int{0}) })
		b.Refuse("Net.ShareMemory", reason, model.ErrNetwork, func() error { _, err := n.ShareMemory(); return err })
	}
	broken := &dataset.Set{Shape: spec.Input, Labels: make([]int, 10), Classes: []string{"a"}, Prep: dataset.MNISTPreprocessing()}
	for reason, data := range map[string]dataset.Examples{
		"nil": nil, "nil set": noSet, "zero set": &dataset.Set{}, "a set without pixels": broken,
		"nil augmented": noGrey, "zero augmented": &dataset.Augmented{}, "augmented nothing": dataset.NewAugmented(noSet, dataset.Augmentation{}, 1),
		"augmented without pixels": dataset.NewAugmented(broken, dataset.Augmentation{}, 1), "zero copies": &dataset.Copies{},
	} {
		b.Refuse("Net.CheckExamples", reason, model.ErrData, func() error { return net.CheckExamples(data) })
		b.Refuse("Net.Load", reason, model.ErrData, func() error { return net.Load(data, []int{0}) })
	}
	b.Refuse("Net.ForEvaluation", "batch of 0", nil, func() error { _, err := net.ForEvaluation(0); return err })

	prep := dataset.MNISTPreprocessing()
	b.Refuse("New", "zero spec", model.ErrSpec, func() error { _, err := model.New(model.Spec{}, nil, prep, rng); return err })
	b.Refuse("New", "no source", nil, func() error { _, err := model.New(spec, nil, prep, nil); return err })
	b.Refuse("New", "no classes", model.ErrNetwork, func() error { _, err := model.New(spec, nil, prep, rng); return err })
	for reason, set := range map[string]*dataset.Set{"nil": nil, "the zero value": {}} {
		b.Refuse("Network.Prepare", reason, model.ErrData, func() error { _, err := good.Prepare(set); return err })
		b.Refuse("Network.Fit", reason, model.ErrData, func() error { _, _, err := good.Fit(set); return err })
		b.Refuse("Network.FitAll", reason, model.ErrData, func() error { _, err := good.FitAll(set); return err })
		b.Refuse("Network.FitAll", "nil, "+reason, model.ErrNetwork, func() error { _, err := noNetwork.FitAll(set); return err })
		b.Refuse("Fresh", reason, model.ErrData, func() error { _, err := model.Fresh(spec, set, 1); return err })
		b.Refuse("Network.Prepare", "nil, "+reason, model.ErrNetwork, func() error { _, err := noNetwork.Prepare(set); return err })
		b.Refuse("Network.Fit", "nil, "+reason, model.ErrNetwork, func() error { _, _, err := noNetwork.Fit(set); return err })
	}
	b.Refuse("Fresh", "zero spec", model.ErrSpec, func() error {
		_, err := model.Fresh(model.Spec{}, &dataset.Set{Classes: []string{"a", "b"}}, 1)
		return err
	})
	b.Refuse("Network.CheckClasses", "nil", model.ErrNetwork, noNetwork.CheckClasses)
	b.Refuse("Network.CheckClasses", "none", model.ErrNetwork, good.CheckClasses)
	b.Refuse("Init", "zero spec", model.ErrSpec, func() error { _, err := model.Init(model.Spec{}, rng); return err })
	b.Refuse("Init", "no source", nil, func() error { _, err := model.Init(spec, nil); return err })
	b.Refuse("Reinit", "no weights", model.ErrWeights, func() error { return model.Reinit(spec, nil, nil, rng) })
	b.Refuse("Reinit", "no source", nil, func() error { return model.Reinit(spec, w.Clone(), nil, nil) })
	b.Refuse("Selection.Resolve", "the zero value", model.ErrSelection, func() error { _, err := model.Selection{}.Resolve(spec); return err })
	b.Refuse("Selection.Resolve", "no pattern", model.ErrSelection, func() error { _, err := model.Layers().Resolve(spec); return err })

	var noConv *model.Conv
	for reason, s := range map[string]model.Spec{
		"the zero value": {},
		"no input":       {Layers: spec.Layers},
		"no layers":      {Input: spec.Input},
		"zero layer":     {Input: spec.Input, Layers: make([]model.Layer, 1)},
		"no kind":        {Input: spec.Input, Layers: []model.Layer{{Name: "a"}}},
		"nil kind":       {Input: spec.Input, Layers: []model.Layer{{Name: "a", Kind: noConv}}},
		"zero kind":      {Input: spec.Input, Layers: []model.Layer{{Name: "a", Kind: model.Conv{}}}},
	} {
		b.Refuse("Spec.Validate", reason, model.ErrSpec, s.Validate)
		b.Refuse("Spec.Shapes", reason, model.ErrSpec, func() error { _, err := s.Shapes(); return err })
		b.Refuse("Spec.Parameters", reason, model.ErrSpec, func() error { _, err := s.Parameters(); return err })
		b.Refuse("Spec.OutputLayer", reason, model.ErrSpec, func() error { _, err := s.OutputLayer(); return err })
		b.Refuse("Spec.WithClasses", reason, model.ErrSpec, func() error { _, err := s.WithClasses(2); return err })
		b.Refuse("Spec.Cut", reason, model.ErrSpec, func() error { _, err := s.Cut(nil); return err })
		b.Refuse("Selection.Resolve", reason, model.ErrSpec, func() error { _, err := model.All().Resolve(s); return err })
		if s.FirstVersion() || s.Classes() != 0 || s.MainLayers() != nil {
			t.Errorf("%s: found a network in it", reason)
		}
	}
	b.Refuse("Spec.MarshalJSON", "nil kind", nil, func() error {
		_, err := model.Spec{Layers: []model.Layer{{Name: "a", Kind: noConv}}}.MarshalJSON()
		return err
	})
	b.Refuse("Layer.MarshalJSON", "nil kind", nil, func() error { _, err := model.Layer{Kind: noConv}.MarshalJSON(); return err })
	b.Refuse("Layer.UnmarshalJSON", "nothing", nil, func() error { return new(model.Layer).UnmarshalJSON(nil) })
	b.Refuse("Sides.UnmarshalJSON", "nothing", nil, func() error { return new(model.Sides).UnmarshalJSON(nil) })
	b.Refuse("ParseSpec", "nothing", model.ErrSpec, func() error { _, err := model.ParseSpec(nil); return err })
	b.Refuse("SetThreads", "below 0", nil, func() error { return model.SetThreads(-1) })
	b.Refuse("UseKernel", "unknown", nil, func() error { return model.UseKernel("abacus") })
	b.Complete("Sides.MarshalJSON")
}
