package train_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

var errStop = errors.New("stop here")

// TestRestoreIsExact makes sure that a training that is saved and taken up by
// another process ends with the bytes of one without a break: for each solver,
// whole and restricted, in the middle of an epoch and at its end.
func TestRestoreIsExact(t *testing.T) {
	data, validation := sample(t, 70) // batches of 32, 32 and 6
	validation, err := validation.Limit(20, 1)
	must(t, err)
	for name := range solvers() {
		solver := func() *train.Solver { return solvers()[name] }
		for _, selection := range []model.Selection{model.All(), model.Last(1)} {
			options := train.Options{Epochs: 3, Schedule: train.CosineRate, Validation: validation, Patience: 3}
			whole := newTrainer(t, small(), initial(t, small()), selection, 32, solver())
			must(t, whole.Fit(t.Context(), data, options))
			for _, stop := range []int{1, 3, 5} {
				t.Run(fmt.Sprintf("%s, %s, step %d", name, selection, stop), func(t *testing.T) {
					first := newTrainer(t, small(), initial(t, small()), selection, 32, solver())
					broken := options
					broken.Hook = hooks{step: func(r train.StepReport) error {
						if r.Step == stop {
							return errStop
						}
						return nil
					}}
					wantError(t, "broken off", first.Fit(t.Context(), data, broken), errStop)
					second := untrained(t, small(), first.Net().Weights().Clone(), selection, 32, solver())
					must(t, second.Restore(throughJSON(t, first)))
					must(t, second.Fit(t.Context(), data, options))
					wantSame(t, "restored", second.Net().Weights(), whole.Net().Weights())
				})
			}
		}
	}
}

// throughJSON returns the trainer's checkpoint as a file would hold it.
func throughJSON(t *testing.T, trainer *train.Trainer) train.Checkpoint {
	t.Helper()
	c, err := trainer.Checkpoint()
	must(t, err)
	text, err := json.Marshal(c)
	must(t, err)
	var read train.Checkpoint
	must(t, json.Unmarshal(text, &read))
	read.Tensors = c.Tensors
	return read
}

// TestRestoreRefuses makes sure that a checkpoint of another training is
// refused with the difference named, and changes nothing.
func TestRestoreRefuses(t *testing.T) {
	data, _ := sample(t, 40)
	trainer := newTrainer(t, small(), initial(t, small()), model.Last(2), 32, momentum())
	must(t, trainer.Fit(t.Context(), data, train.Options{Epochs: 1}))
	good := throughJSON(t, trainer)
	for _, test := range []struct {
		reason string
		damage func(c *train.Checkpoint)
		says   string
	}{
		{"another selection", func(c *train.Checkpoint) { c.Trained = c.Trained[:1] }, "trained weights"},
		{"another batch size", func(c *train.Checkpoint) { c.Batch = 64 }, "batch: found 64, expected 32"},
		{"another solver", func(c *train.Checkpoint) { c.Solver = "adam" }, `solver: found "adam", expected "momentum"`},
		{"another seed", func(c *train.Checkpoint) { c.Seed = 8 }, "seed: found 8, expected 7"},
		{"another kernel", func(c *train.Checkpoint) { c.Kernel = "abacus" }, fmt.Sprintf("found those of \"abacus\", expected those in use, of %q", model.Kernel())},
		{"a count below 0", func(c *train.Checkpoint) { c.Steps = -1 }, "negative"},
		{"no random source", func(c *train.Checkpoint) { c.Dropout = nil }, "dropout"},
		{"a foreign tensor", func(c *train.Checkpoint) { c.Tensors = map[string][]float32{"solver/velocity/conv1/W": nil} }, "conv1/W"},
		{"a short tensor", func(c *train.Checkpoint) { c.Tensors = map[string][]float32{"solver/velocity/fc2/b": {1}} }, "found 1 values, expected 10"},
		{"one of the best weights", func(c *train.Checkpoint) {
			c.Tensors = map[string][]float32{"best/fc2/b": make([]float32, 10)}
		}, "best weights"},
		{"another kind of state", func(c *train.Checkpoint) {
			c.Tensors = map[string][]float32{"solver/mean/fc2/b": make([]float32, 10)}
		}, "another solver's"},
	} {
		fresh := untrained(t, small(), initial(t, small()), model.Last(2), 32, momentum())
		c := good
		test.damage(&c)
		wantError(t, test.reason, fresh.Restore(c), train.ErrCheckpoint, test.says)
		must(t, fresh.Restore(good)) // nothing was changed
	}
	fresh := untrained(t, small(), initial(t, small()), model.Last(2), 32, momentum())
	unnamed := good
	unnamed.Kernel = ""
	must(t, fresh.Restore(unnamed))
	must(t, fresh.Restore(good))
	fewer, err := data.Limit(20, 1)
	must(t, err)
	wantError(t, "other data", fresh.Fit(t.Context(), fewer, train.Options{Epochs: 2}), train.ErrCheckpoint, "found 40, expected 20")
}

// FuzzRestore makes sure that whatever a file calls a checkpoint is refused by
// an error, or can be gone on from.
func FuzzRestore(f *testing.F) {
	data, validation := sample(f, 12)
	validation, err := validation.Limit(10, 1)
	must(f, err)
	spec := model.Spec{Input: []int{1, 28, 28}, Layers: []model.Layer{{Name: "drop", Kind: model.Dropout{Rate: 0.5}}, {Name: "fc", Kind: model.Dense{Out: 10}}}}
	solver := func() *train.Solver { return train.NewMomentum(1e-3, 0.9) }
	trainer := untrained(f, spec, initial(f, spec), model.All(), 5, solver())
	stop := hooks{step: func(train.StepReport) error { return errStop }}
	for range 2 {
		wantError(f, "broken off", trainer.Fit(f.Context(), data, train.Options{Epochs: 2, Validation: validation, Patience: 1, Hook: stop}), errStop)
		c, err := trainer.Checkpoint()
		must(f, err)
		text, err := json.Marshal(c)
		must(f, err)
		f.Add(text, uint8(2), "solver/velocity/fc/W")
	}
	f.Add([]byte(`{"trained":["fc/W","fc/b"],"batch":5,"solver":"momentum","seed":7,"batches":{"n":99999999999,"size":5}}`), uint8(0), "best/fc/W")
	f.Fuzz(func(t *testing.T, text []byte, tensors uint8, name string) {
		var c train.Checkpoint
		if json.Unmarshal(text, &c) != nil {
			return
		}
		good, err := trainer.Checkpoint()
		must(t, err)
		c.Tensors = good.Tensors
		if tensors != 2 {
			c.Tensors = map[string][]float32{name: make([]float32, tensors)}
		}
		fresh := untrained(t, spec, initial(t, spec), model.All(), 5, solver())
		if fresh.Restore(c) != nil {
			return
		}
		err = fresh.Fit(t.Context(), data, train.Options{Epochs: 1, Validation: validation, Patience: 1, Hook: stop})
		if err != nil && !errors.Is(err, errStop) && !errors.Is(err, train.ErrCheckpoint) && !errors.Is(err, train.ErrDiverged) {
			t.Errorf("found error %v, expected none, or one that is about the checkpoint", err)
		}
	})
}
