package transfer

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Stage is one part of a retraining that unfreezes layers gradually (Howard and
// Ruder 2018, https://arxiv.org/abs/1801.06146, section 3.3).
type Stage struct {
	Select       model.Selection
	Epochs       int     // Options.Train's when 0
	LearningRate float64 // the solver's when 0
}

// ParseStage reads LAST[:epochs=N][,lr=X], as 2, 2:epochs=3,lr=0.005 or all: the
// number of layers to train, or all of them, and what the other fields are.
func ParseStage(text string) (Stage, error) {
	var s Stage
	wrong := func(format string, args ...any) (Stage, error) {
		return Stage{}, errors.Wrapf(model.ErrSelection, "stage %q: found %s; expected LAST[:epochs=N][,lr=X], as 2 or 2:epochs=3,lr=0.005 or all", text, fmt.Sprintf(format, args...))
	}
	last, settings, more := strings.Cut(text, ":")
	if n, err := strconv.Atoi(last); err == nil && n > 0 {
		s.Select = model.Last(n)
	} else if last == "all" {
		s.Select = model.All()
	} else {
		return wrong("%q for the number of layers", last)
	}
	if !more {
		return s, nil
	}
	seen := map[string]bool{}
	for _, setting := range strings.Split(settings, ",") {
		key, value, _ := strings.Cut(setting, "=")
		var err error
		switch {
		case seen[key]:
			return wrong("%s twice", key)
		case key == "epochs":
			if s.Epochs, err = strconv.Atoi(value); err != nil || s.Epochs < 1 {
				return wrong("%q epochs", value)
			}
		case key == "lr":
			if s.LearningRate, err = strconv.ParseFloat(value, 64); err != nil || !(float32(s.LearningRate) > 0) || math.IsInf(float64(float32(s.LearningRate)), 0) {
				return wrong("the learning rate %q", value)
			}
		default:
			return wrong("the setting %q", setting)
		}
		seen[key] = true
	}
	return s, nil
}

// ParseStages returns the first stage and those of the texts, as ParseStage reads
// them. Without a learning rate of their own they get a tenth of rate, the
// first's.
func ParseStages(first model.Selection, rate float64, texts ...string) ([]Stage, error) {
	stages := []Stage{{Select: first, LearningRate: rate}}
	for _, text := range texts {
		s, err := ParseStage(text)
		if err != nil {
			return nil, err
		}
		if s.LearningRate == 0 {
			s.LearningRate = rate / 10
		}
		stages = append(stages, s)
	}
	return stages, nil
}

// RetrainStages retrains stage after stage. Each stage must train more layers than
// the one before; the solver starts afresh, with the factors of the layers that
// the stage trains. The options are those of every stage, but for what a Stage
// says. before, if not nil, is called with the index and the options of each stage
// before it begins, and may change them. The result is of all stages together.
func RetrainStages(ctx context.Context, n *model.Network, data dataset.Examples, opt Options, stages []Stage, before func(i int, opt *Options) error) (*Result, error) {
	if err := checkStages(n, stages); err != nil {
		return nil, err
	}
	var all *Result
	for i, s := range stages {
		own := opt
		own.Select = s.Select
		if s.Epochs > 0 {
			own.Train.Epochs = s.Epochs
		}
		if own.Solver != nil {
			layers, err := s.Select.Resolve(n.Spec)
			if err != nil {
				return all, err
			}
			own.Solver = own.Solver.New()
			own.Solver.Factors = among(own.Solver.Factors, layers)
			if s.LearningRate > 0 {
				own.Solver.LearningRate = s.LearningRate
			}
		}
		if before != nil {
			if err := before(i, &own); err != nil {
				return all, err
			}
		}
		result, err := Retrain(ctx, n, data, own)
		if result != nil && all != nil { // its layers are among those of this stage
			result.FrozenIdentical = result.FrozenIdentical && all.FrozenIdentical
			result.SecondsFeatures += all.SecondsFeatures
		}
		if result != nil {
			all = result
		}
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// StageReport describes a stage when it begins.
type StageReport struct {
	Stage        int     `json:"stage"` // from 1
	Of           int     `json:"stages"`
	Train        string  `json:"train"` // the selection, in words
	Epochs       int     `json:"epochs"`
	LearningRate float64 `json:"learning_rate"`
}

// Stage returns the report of stage i of several, with these options.
func (o Options) Stage(i, of int) StageReport {
	r := StageReport{Stage: i + 1, Of: of, Train: o.Select.String(), Epochs: o.Train.Epochs}
	if o.Solver != nil {
		r.LearningRate = o.Solver.LearningRate
	}
	return r
}

// String returns the report as a line for people.
func (r StageReport) String() string {
	return fmt.Sprintf("stage %d of %d: %s, %d epochs, learning rate %g", r.Stage, r.Of, r.Train, r.Epochs, r.LearningRate)
}

// checkStages makes sure that each stage trains layers that the one before did
// not.
func checkStages(n *model.Network, stages []Stage) error {
	if n == nil {
		return errors.Wrap(model.ErrNetwork, "retrain: found no network")
	}
	if len(stages) == 0 {
		return errors.Wrap(model.ErrSelection, "stages: found none, expected one or more")
	}
	before := 0
	for i, s := range stages {
		layers, err := s.Select.Resolve(n.Spec)
		if err != nil {
			return errors.WithMessagef(err, "stage %d", i+1)
		}
		if len(layers) <= before {
			return errors.Wrapf(model.ErrSelection, "stage %d, %s: expected more layers than the %d of the stage before", i+1, s.Select, before)
		}
		before = len(layers)
	}
	return nil
}
