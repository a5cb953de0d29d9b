package command

import (
	"math"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// stage is one part of a retraining that unfreezes layers one after the other
// (Howard and Ruder 2018, https://arxiv.org/abs/1801.06146, section 3.3).
type stage struct {
	selection model.Selection
	last      int // layers; all when 0
	epochs    int // as --epochs when 0
	rate      float64
}

// parseStage reads LAST[:epochs=N][,lr=X] with LAST a number of layers or all.
// What is not said is as in defaults.
func parseStage(text string, defaults stage) (stage, error) {
	s := defaults
	wrong := func(reason string) (stage, error) {
		return stage{}, errors.Errorf("--then %q: %s; expected LAST[:epochs=N][,lr=X], as 2 or 2:epochs=3,lr=0.005 or all", text, reason)
	}
	last, settings, more := strings.Cut(text, ":")
	if last == "all" {
		s.last, s.selection = 0, model.All()
	} else {
		n, err := strconv.Atoi(last)
		if err != nil || n < 1 {
			return wrong("found " + strconv.Quote(last) + " for the number of layers")
		}
		s.last, s.selection = n, model.Last(n)
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
			return wrong("found " + key + " twice")
		case key == "epochs":
			if s.epochs, err = strconv.Atoi(value); err != nil || s.epochs < 1 {
				return wrong("found " + strconv.Quote(value) + " epochs")
			}
		case key == "lr":
			if s.rate, err = strconv.ParseFloat(value, 64); err != nil || !(float32(s.rate) > 0) || math.IsInf(float64(float32(s.rate)), 0) {
				return wrong("found the learning rate " + strconv.Quote(value))
			}
		default:
			return wrong("found the setting " + strconv.Quote(setting))
		}
		seen[key] = true
	}
	return s, nil
}

// stages returns the stages of a retraining, of which there is one without
// --then. A later one trains more layers than the one before.
func (r retrainFlags) stages(cmd *cobra.Command, t trainingFlags) ([]stage, error) {
	stages := []stage{{r.selection(), r.last, 0, t.rate}}
	if len(r.then) == 0 {
		return stages, nil
	}
	for _, name := range []string{"train", "checkpoint", "every", "resume", "report"} {
		if cmd.Flags().Changed(name) {
			return nil, errors.Errorf("--%s: does not go with --then", name)
		}
	}
	for _, text := range r.then {
		before := stages[len(stages)-1].last
		s, err := parseStage(text, stage{rate: t.rate / 10})
		if err != nil {
			return nil, err
		}
		if before == 0 || s.last != 0 && s.last <= before {
			return nil, errors.Errorf("--then %s: expected more layers than the stage before trains", text)
		}
		stages = append(stages, s)
	}
	return stages, nil
}

// growing returns a usage error unless each stage trains layers that the one
// before did not.
func growing(stages []stage, spec model.Spec) error {
	before := 0
	for _, s := range stages {
		layers, err := s.selection.Resolve(spec)
		if err != nil {
			return usage(err)
		}
		if len(layers) == before {
			return usage(errors.Errorf("--then: expected more layers than the stage before trains, found %s again: the network has no others", s.selection))
		}
		before = len(layers)
	}
	return nil
}

// stageLine is the beginning of a stage in --json.
type stageLine struct {
	Stage        int     `json:"stage"`
	Of           int     `json:"stages"`
	Train        string  `json:"train"` // the selection, in words
	Epochs       int     `json:"epochs"`
	LearningRate float64 `json:"learning_rate"`
}

// announce tells of stage i, if there is more than one.
func announce(out *output, i int, stages []stage, epochs int) error {
	if len(stages) == 1 {
		return nil
	}
	s := stages[i]
	out.text("stage %d of %d: %s, %d epochs, learning rate %g", i+1, len(stages), s.selection, epochs, s.rate)
	return out.object(stageLine{i + 1, len(stages), s.selection.String(), epochs, s.rate})
}

// joined returns the result of a stage and those before it as that of one
// retraining: its layers are among those of this stage.
func joined(before, now *transfer.Result) *transfer.Result {
	if before == nil || now == nil {
		return now
	}
	all := *now
	all.FrozenIdentical = before.FrozenIdentical && now.FrozenIdentical
	all.SecondsFeatures += before.SecondsFeatures
	return &all
}
