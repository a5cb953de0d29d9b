package train_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

func recipe() train.Recipe {
	return train.Recipe{Command: "train", Batch: 16, Epochs: 2, Solver: "momentum", Rate: 0.02, Momentum: 0.9, Schedule: "cosine", Seed: 1, Train: "all layers"}
}

// TestRecipeValidate names the setting that is out of its range.
func TestRecipeValidate(t *testing.T) {
	if err := recipe().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		setting string // "" for an error of the solver or the schedule
		change  func(r *train.Recipe)
	}{
		{"epochs", func(r *train.Recipe) { r.Epochs = 0 }},
		{"lr", func(r *train.Recipe) { r.Rate = math.NaN() }},
		{"lr", func(r *train.Recipe) { r.Rate = math.Inf(1) }},
		{"batch", func(r *train.Recipe) { r.Batch = 1<<16 + 1 }},
		{"validation", func(r *train.Recipe) { r.Validation = 1 }},
		{"patience", func(r *train.Recipe) { r.Patience = 1 }},
		{"solver", func(r *train.Recipe) { r.Solver = "nope" }},
		{"", func(r *train.Recipe) { r.Momentum = 1 }},
		{"", func(r *train.Recipe) { r.Decay = -1 }},
		{"", func(r *train.Recipe) { r.Schedule = "nope" }},
	} {
		r := recipe()
		test.change(&r)
		err := r.Validate()
		var setting *train.SettingError
		if err == nil || errors.As(err, &setting) != (test.setting != "") || setting != nil && setting.Setting != test.setting {
			t.Errorf("%+v: found %v, expected an error about %q", r, err, test.setting)
		}
	}
}

// TestRecipeBegin keeps a share aside, and tells the data from other data.
func TestRecipeBegin(t *testing.T) {
	data, _ := smallnet.Sample(t, 40, 10)
	whole, part := recipe(), recipe()
	part.Validation, part.Patience = 0.25, 3
	all, opt, err := whole.Begin(data)
	if err != nil || all.Len() != 40 || opt.Validation != nil || opt.Epochs != 2 || whole.Held != "" || len(whole.Data) != 64 {
		t.Fatalf("found %d examples, %+v, %+v, %v, expected all 40", all.Len(), opt, whole, err)
	}
	rest, opt, err := part.Begin(data)
	held, ok := opt.Validation.(*dataset.Set)
	if err != nil || !ok || rest.Len()+held.Len() != 40 || held.Len() < 8 || opt.Patience != 3 || part.Data == whole.Data || len(part.Held) != 64 {
		t.Fatalf("found %+v, %+v, %v, expected about 10 images kept aside", opt, part, err)
	}
}

// TestRecipeDifferences reads a recipe back, and tells it from others.
func TestRecipeDifferences(t *testing.T) {
	r := recipe()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := train.ParseRecipe(string(text))
	if err != nil || saved != r || r.Differences(saved) != nil {
		t.Fatalf("found %+v, %v, expected %+v", saved, err, r)
	}
	r.Epochs, r.Held, r.Augment = 3, "12", "shift"
	want := []string{"the validation data was none, is 12", "epochs was 2, is 3", "augment was none, is shift"}
	if found := r.Differences(saved); !slices.Equal(found, want) {
		t.Errorf("found %q, expected %q", found, want)
	}
	r.Schedule, saved.Schedule = "constant", "constant"
	if found := r.Differences(saved); !slices.Equal(found, []string{want[0], want[2]}) {
		t.Errorf("found %q, expected nothing about epochs with a constant rate", found)
	}
	if _, err := train.ParseRecipe(`{"batch": 1, "nope": 2}`); err == nil {
		t.Error("found no error for an unknown setting")
	}
}

// TestRecipeMomentum: the momentum of a recipe is that of its solver, if it has one.
func TestRecipeMomentum(t *testing.T) {
	r := recipe()
	r.Momentum = 0.75
	s, err := r.NewSolver()
	if rule, ok := s.Rule.(train.Momentum); err != nil || !ok || rule.Momentum != 0.75 || !r.HasMomentum() {
		t.Errorf("found %+v, %v, expected the momentum 0.75", s.Rule, err)
	}
	for _, name := range []string{"sgd", "adam", "nope"} {
		if r.Solver = name; r.HasMomentum() {
			t.Errorf("%s: found a momentum", name)
		}
	}
	if got, want := train.SolverList(), "sgd, momentum or adam"; got != want {
		t.Errorf("found %q, expected %q", got, want)
	}
}
