package transfer_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/internal/typednil"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/lastlayer/lastlayer/transfer/explain"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/lastlayer/lastlayer/transfer/foreign"
)

// TestNil hands nil, zero values, pointers to nothing and data of another shape
// to all that takes them, here and in the packages below: an error, no panic.
func TestNil(t *testing.T) {
	data, _ := sample(t, 20, 10)
	good := smallnet.Of(small(), initial(t, small()))
	other := *data
	other.Shape = []int{28, 28, 1}
	var noSet *dataset.Set
	var noHead *transfer.Head
	var noTrunk *feature.Trunk
	opt := transfer.Options{Select: model.Last(1), Batch: 4, Solver: train.NewMomentum(0.02, 0.9), Train: train.Options{Epochs: 1}}
	wrong := map[string]func() error{}
	add := func(reason string, f func() error) { wrong[reason] = f }
	run := func(reason string, n *model.Network, data dataset.Examples, opt transfer.Options) {
		add("Retrain, "+reason, func() error { _, err := transfer.Retrain(t.Context(), n, data, opt); return err })
		add("RetrainStages, "+reason, func() error {
			_, err := transfer.RetrainStages(t.Context(), n, data, opt, []transfer.Stage{{Select: opt.Select}}, nil)
			return err
		})
	}
	examples := func(reason string, n *model.Network, data dataset.Examples) {
		run(reason, n, data, opt)
		whole := opt
		whole.NoCache = true
		run(reason+", no cache", n, data, whole)
		add("Exact, "+reason, func() error { _, err := transfer.Exact(t.Context(), n, data, transfer.ExactOptions{}); return err })
		add("Evaluate, "+reason, func() error { _, err := transfer.Evaluate(t.Context(), n, data, opt); return err })
		add("FindRate, "+reason, func() error {
			_, err := transfer.FindRate(t.Context(), n, data, opt, &train.RangeTest{Min: 1e-3, Max: 1, Steps: 5})
			return err
		})
		add("train.Evaluate, "+reason, func() error { _, err := train.Evaluate(t.Context(), n, data); return err })
		add("EstimateOf, "+reason, func() error { _, err := feature.EstimateOf(t.Context(), n, model.Last(1), data); return err })
		add("Compare, "+reason, func() error { _, err := explain.Compare(t.Context(), n, data, 1, 4); return err })
		add("NewHead, "+reason, func() error { _, err := transfer.NewHead(t.Context(), n, data, opt); return err })
	}
	examples("no network", nil, data)
	examples("zero network", &model.Network{}, data)
	examples("no weights", smallnet.Of(small(), nil), data)
	examples("zero weights", smallnet.Of(small(), &model.Weights{}), data)
	for reason, set := range map[string]dataset.Examples{"nil": nil, "no set": noSet, "zero set": &dataset.Set{}, "another shape": &other} {
		examples(reason, good, set)
		add("Estimate, no trunk, "+reason, func() error { _, err := noTrunk.Estimate(t.Context(), set); return err })
		add("Features, "+reason, func() error {
			trunk, err := feature.NewTrunk(good, model.Last(1))
			must(t, err)
			defer trunk.Close()
			_, err = trunk.Features(t.Context(), set, feature.Options{})
			return err
		})
		if typednil.Is(set) { // others are handed through
			add("Features of no layer, "+reason, func() error {
				trunk, err := feature.NewTrunk(good, model.All())
				must(t, err)
				_, err = trunk.Features(t.Context(), set, feature.Options{})
				return err
			})
		}
		if set != nil {
			v := opt
			v.Train.Validation = set
			run("validation: "+reason, good, data, v)
		}
	}
	for reason, change := range map[string]func(o *transfer.Options){
		"no solver":      func(o *transfer.Options) { o.Solver = nil },
		"zero solver":    func(o *transfer.Options) { o.Solver = &train.Solver{} },
		"no rule":        func(o *transfer.Options) { o.Solver = &train.Solver{Rule: (*train.Adam)(nil), LearningRate: 1} },
		"zero selection": func(o *transfer.Options) { o.Select = model.Selection{} },
		"no epochs":      func(o *transfer.Options) { o.Train = train.Options{} },
		"batch":          func(o *transfer.Options) { o.Batch = -1 },
	} {
		changed := opt
		change(&changed)
		run(reason, good, data, changed)
	}
	for reason, n := range map[string]*model.Network{"none": nil, "zero": {}, "no weights": smallnet.Of(small(), nil)} {
		add("WithClasses, "+reason, func() error { _, err := transfer.WithClasses(n, []string{"a", "b"}, model.Last(1), 1); return err })
		add("HeadOn, "+reason, func() error { _, err := transfer.HeadOn(n, "relu1", false, []string{"a", "b"}, 1); return err })
		add("NewTrunk, "+reason, func() error { _, err := feature.NewTrunk(n, model.Last(1)); return err })
		add("Export, "+reason, func() error { return foreign.Export(t.TempDir()+"/x.npz", n, foreign.PyTorch) })
	}
	add("Import, none", func() error { _, _, err := foreign.Import(nil, small(), foreign.Options{}); return err })
	add("Import, zero", func() error {
		_, _, err := foreign.Import(&weightfile.Tensors{}, small(), foreign.Options{})
		return err
	})
	add("Import, zero spec", func() error {
		_, _, err := foreign.Import(&weightfile.Tensors{}, model.Spec{}, foreign.Options{})
		return err
	})
	add("Trainer of no head", func() error { _, err := noHead.Trainer(train.NewMomentum(0.02, 0.9), 1); return err })
	add("Evaluate of no head", func() error { _, err := noHead.Evaluate(t.Context(), noSet); return err })
	add("Evaluate of a zero head", func() error { _, err := new(transfer.Head).Evaluate(t.Context(), noSet); return err })
	add("Trainer of a zero head", func() error { _, err := new(transfer.Head).Trainer(train.NewMomentum(0.02, 0.9), 1); return err })
	add("Features of no trunk", func() error {
		_, err := noTrunk.Features(t.Context(), data, feature.Options{})
		return err
	})
	add("Compare, no batch", func() error { _, err := explain.Compare(t.Context(), good, data, 1, 0); return err })
	for reason, f := range wrong {
		func() {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("%s: panicked: %v", reason, r)
				}
			}()
			if f() == nil {
				t.Errorf("%s: found no error", reason)
			}
		}()
	}
	must(t, noHead.Close())
	if transfer.Only(nil, "fc1").Names() != nil {
		t.Error("Only of nothing: found something")
	}
}
