package transfer_test

import (
	"math"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// TestRetrainStages: stages together make the steps of retrainings one after the
// other.
func TestRetrainStages(t *testing.T) {
	data, _ := sample(t, 100, 10)
	options := func(selection model.Selection, epochs int, rate float64) transfer.Options {
		return transfer.Options{Select: selection, Batch: 20, Solver: train.NewAdam(rate), Train: train.Options{Epochs: epochs}}
	}
	together, apart := initial(t, small()), initial(t, small())
	var stages []int
	result, err := transfer.RetrainStages(t.Context(), smallnet.Of(small(), together), data, options(model.Last(1), 2, 0.01),
		[]transfer.Stage{{Select: model.Last(1)}, {Select: model.Last(2), Epochs: 1, LearningRate: 0.001}},
		func(i int, opt *transfer.Options) error {
			stages = append(stages, opt.Train.Epochs)
			if got, want := opt.Stage(i, 2).String(), []string{"stage 1 of 2: the last layer, 2 epochs, learning rate 0.01", "stage 2 of 2: the last 2 layers, 1 epochs, learning rate 0.001"}[i]; got != want {
				t.Errorf("found %q, expected %q", got, want)
			}
			return nil
		})
	must(t, err)
	_, err = transfer.Retrain(t.Context(), smallnet.Of(small(), apart), data, options(model.Last(1), 2, 0.01))
	must(t, err)
	_, err = transfer.Retrain(t.Context(), smallnet.Of(small(), apart), data, options(model.Last(2), 1, 0.001))
	must(t, err)
	if d := difference(together, apart); d != 0 {
		t.Errorf("found a difference of %g between stages together and one by one", d)
	}
	if !result.FrozenIdentical || len(result.Trained) != 4 || len(stages) != 2 || stages[0] != 2 || stages[1] != 1 {
		t.Errorf("found %+v after stages of %v epochs", result, stages)
	}

	for _, stages := range [][]transfer.Stage{nil, {{Select: model.Last(2)}, {Select: model.Last(1)}}, {{Select: model.Last(9)}}} {
		before := func(int, *transfer.Options) error { t.Error("a stage has begun"); return nil }
		_, err := transfer.RetrainStages(t.Context(), smallnet.Of(small(), apart), data, options(model.Last(1), 1, 0.01), stages, before)
		if !errors.Is(err, model.ErrSelection) {
			t.Errorf("%v: found the error %v, expected ErrSelection", stages, err)
		}
	}
}

func FuzzParseStage(f *testing.F) {
	for _, s := range []string{"2", "all", "2:epochs=3,lr=0.005", "3:lr=1e-3", ":", "1:epochs"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := transfer.ParseStage(text)
		if err != nil {
			if !errors.Is(err, model.ErrSelection) {
				t.Errorf("%q: found the error %v", text, err)
			}
			return
		}
		if s.Epochs < 0 || !(s.LearningRate >= 0) || math.IsInf(s.LearningRate, 0) || s.Select.String() == "" {
			t.Errorf("%q: found %+v", text, s)
		}
	})
}

func TestParseStages(t *testing.T) {
	stages, err := transfer.ParseStages(model.Last(1), 0.02, "2", "all:epochs=3,lr=0.5")
	must(t, err)
	if len(stages) != 3 || stages[0].LearningRate != 0.02 || stages[1].LearningRate != 0.002 || stages[2].LearningRate != 0.5 || stages[2].Epochs != 3 {
		t.Errorf("found %+v", stages)
	}
	if _, err := transfer.ParseStages(model.Last(1), 0.02, "2", "x"); !errors.Is(err, model.ErrSelection) {
		t.Errorf("found %v, expected ErrSelection", err)
	}
}
