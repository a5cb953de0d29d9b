package train

import (
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/strictjson"
	"github.com/pkg/errors"
)

// Recipe is the settings of a training as numbers and words. As JSON it is part
// of a checkpoint, Saver.Settings, so that a training is resumed with the same
// settings.
type Recipe struct {
	Command    string  `json:"command"` // of the program, as "retrain"
	Data       string  `json:"data"`    // SHA-256 of the training images, set by Begin
	Held       string  `json:"held"`    // and of those kept for validation; "" for none
	Batch      int     `json:"batch"`   // examples a step
	Epochs     int     `json:"epochs"`
	Solver     string  `json:"solver"` // one of SolverNames
	Rate       float64 `json:"lr"`
	Momentum   float64 `json:"momentum"` // of the solver momentum
	Decay      float64 `json:"weight-decay"`
	Schedule   string  `json:"schedule"` // as ParseSchedule reads it
	Seed       uint64  `json:"seed"`
	Validation float64 `json:"validation"`              // share of the images kept aside, below 1
	Patience   int     `json:"patience"`                // as in Options
	Train      string  `json:"train"`                   // the selection of layers, in words
	Augment    string  `json:"augment,omitempty"`       // how images are changed, in words
	LayerRates string  `json:"layer-lr,omitempty"`      // factors on the rates of layers, in words
	Weights    string  `json:"class-weights,omitempty"` // Balanced, or "" for none
}

// SettingError is the error for a setting of a Recipe that is out of its range.
type SettingError struct {
	Setting string // its name in JSON
	Problem string // what was found and expected
}

func (e *SettingError) Error() string { return e.Setting + ": " + e.Problem }

func wrongSetting(name, format string, args ...any) error {
	return &SettingError{name, fmt.Sprintf(format, args...)}
}

// maxBatch is how many examples a step may take.
const maxBatch = 1 << 16

// Validate returns an error unless a training can follow the recipe: a
// SettingError, or NewSolver's.
func (r Recipe) Validate() error {
	switch {
	case r.Epochs < 1:
		return wrongSetting("epochs", "found %d, expected from 1", r.Epochs)
	case !(r.Rate > 0) || math.IsInf(r.Rate, 0):
		return wrongSetting("lr", "found %v, expected a number above 0", r.Rate)
	case !(r.Validation >= 0 && r.Validation < 1):
		return wrongSetting("validation", "found %v, expected from 0 up to, not including, 1", r.Validation)
	case r.Patience < 0 || r.Patience > 0 && r.Validation == 0:
		return wrongSetting("patience", "found %d, expected 0, or more together with validation", r.Patience)
	case r.Weights != "" && r.Weights != Balanced:
		return wrongSetting("class-weights", "found %q, expected %s, or nothing", r.Weights, Balanced)
	case r.Batch < 1 || r.Batch > maxBatch:
		return wrongSetting("batch", "found %d, expected 1 to %d", r.Batch, maxBatch)
	}
	if _, err := ParseSchedule(r.Schedule); err != nil {
		return err
	}
	_, err := r.NewSolver()
	return err
}

// NewSolver returns the solver that the recipe names.
func (r Recipe) NewSolver() (*Solver, error) {
	s, err := SolverByName(r.Solver, r.Rate)
	if err != nil {
		return nil, wrongSetting("solver", "found %q, expected %s", r.Solver, SolverList())
	}
	if rule, ok := s.Rule.(withMomentum); ok {
		s.Rule = rule.withMomentum(r.Momentum)
	}
	s.WeightDecay = r.Decay
	return s, s.Validate()
}

// HasMomentum reports whether the recipe's solver has a momentum.
func (r Recipe) HasMomentum() bool {
	s, err := SolverByName(r.Solver, r.Rate)
	if err != nil {
		return false
	}
	_, ok := s.Rule.(withMomentum)
	return ok
}

// Begin returns the examples to train on, data without the share kept for
// validation, and the Options of Fit. It notes the hashes of both in the
// recipe. Balanced weights are of the examples to train on.
func (r *Recipe) Begin(data *dataset.Set) (rest *dataset.Set, opt Options, err error) {
	defer dataset.CatchUnreadable(&err)
	schedule, err := ParseSchedule(r.Schedule)
	opt = Options{Epochs: r.Epochs, Schedule: schedule, Patience: r.Patience}
	if err != nil {
		return nil, opt, err
	}
	r.Held = ""
	if r.Validation != 0 {
		var held *dataset.Set
		if data, held, err = data.Split(r.Validation, r.Seed); err != nil {
			return nil, opt, err
		}
		opt.Validation, r.Held = held, hashOf(held)
	}
	r.Data = hashOf(data)
	if r.Weights == Balanced {
		opt.ClassWeights = BalancedWeights(data.Counts())
	}
	return data, opt, nil
}

func hashOf(set *dataset.Set) string {
	h := set.Hash()
	return hex.EncodeToString(h[:])
}

// ParseRecipe reads a recipe from JSON.
func ParseRecipe(text string) (Recipe, error) {
	var r Recipe
	err := strictjson.Decode([]byte(text), &r)
	return r, errors.WithStack(err)
}

// Differences lists the differences from a saved recipe, as "batch was 16, is
// 8"; nil if there are none. With a constant learning rate the number of epochs
// may differ.
func (r Recipe) Differences(saved Recipe) []string {
	if r.Schedule == "constant" {
		saved.Epochs = r.Epochs
	}
	var found []string
	now, then := reflect.ValueOf(r), reflect.ValueOf(saved)
	for i := range now.NumField() {
		if a, b := now.Field(i).Interface(), then.Field(i).Interface(); a != b {
			found = append(found, fmt.Sprintf("%s was %v, is %v", settingName(now.Type().Field(i)), orNone(b), orNone(a)))
		}
	}
	return found
}

// settingName names a setting for people: as in JSON, but for the hashes.
func settingName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch name {
	case "data":
		return "the training data"
	case "held":
		return "the validation data"
	}
	return name
}

// orNone returns the value of a setting, or what to say where it has none.
func orNone(value any) any {
	if value == "" {
		return "none"
	}
	return value
}
