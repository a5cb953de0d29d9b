package command

import (
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// stages returns the stages of a retraining, of which there is one without
// --then.
func (r retrainFlags) stages(cmd *cobra.Command, rate float64) ([]transfer.Stage, error) {
	stages := []transfer.Stage{{Select: r.selection()}}
	if name := given(cmd, "train", "checkpoint", "every", "resume", "report"); name != "" && len(r.then) > 0 {
		return nil, errors.Errorf("--%s: does not go with --then", name)
	}
	for _, text := range r.then {
		s, err := transfer.ParseStage(text)
		if err != nil {
			return nil, errors.WithMessage(err, "--then")
		}
		if s.LearningRate == 0 {
			s.LearningRate = rate / 10
		}
		stages = append(stages, s)
	}
	return stages, nil
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
func announce(out *output, i int, stages []transfer.Stage, opt *transfer.Options) error {
	if len(stages) == 1 {
		return nil
	}
	line := stageLine{i + 1, len(stages), opt.Select.String(), opt.Train.Epochs, opt.Solver.LearningRate}
	out.text("stage %d of %d: %s, %d epochs, learning rate %g", line.Stage, line.Of, line.Train, line.Epochs, line.LearningRate)
	return out.object(line)
}
