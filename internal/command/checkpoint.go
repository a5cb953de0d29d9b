package command

import (
	"strings"

	"github.com/lastlayer/lastlayer/internal/atomicfile"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// checkpointFlags are the flags of train and retrain for saving and resuming a
// training.
type checkpointFlags struct {
	file   string
	every  train.Interval
	resume string
	cmd    *cobra.Command
}

func (c *checkpointFlags) add(cmd *cobra.Command) {
	c.cmd, c.every = cmd, train.Interval{Epochs: 1}
	f := cmd.Flags()
	f.StringVar(&c.file, "checkpoint", "", "file to save the training to, for --resume")
	f.Var(&parsed[train.Interval]{"1epochs", "string", train.ParseInterval, &c.every}, "every", "how often to save: a number and steps, epochs or minutes, as 500steps")
	f.StringVar(&c.resume, "resume", "", "checkpoint to continue from, with the same flags; the result is the same as without a break")
}

// errCheckpoint is the error for a training that is done, but whose checkpoint
// could not be written.
type errCheckpoint struct{ error }

func (c *checkpointFlags) check() error {
	if c.file != "" {
		return atomicfile.Writable(c.file)
	}
	if c.every != (train.Interval{Epochs: 1}) && c.resume == "" {
		return usage(errors.New("--every: goes with --checkpoint, which is not given"))
	}
	return nil
}

// files are those that the flags name. A training may save to the checkpoint that it
// resumes.
func (c *checkpointFlags) files() []namedFile {
	return []namedFile{{flag: "--checkpoint", path: c.file, written: true, with: "--resume"}, {flag: "--resume", path: c.resume}}
}

// begin returns what writes the checkpoints of a training by the recipe, nil for none,
// and where to continue. A checkpoint to resume must be of the same training.
func (c *checkpointFlags) begin(recipe train.Recipe, from *train.Resumed, out *output) (saver *train.Saver, resume *train.Checkpoint, err error) {
	if c.file != "" {
		saver = &train.Saver{Path: c.file, Every: c.every, Warn: func(err error) {
			out.warn("--checkpoint: %v; the training goes on, and the next one will be tried", err)
		}}
		if saver.Settings, err = recipe.Settings(); err != nil {
			return nil, nil, err
		}
	}
	if from == nil {
		return saver, nil, nil
	}
	if found := recipe.Differences(from.Recipe); found != nil {
		return nil, nil, usage(errors.Errorf("--resume %s: the checkpoint is of another training: %s", c.resume, strings.Join(found, "; ")))
	}
	return saver, &from.Checkpoint, c.checkKernel(&from.Checkpoint, out)
}

// checkKernel makes sure that the matrix kernel is the one that the training
// began with, or that another one was asked for: the result differs from that of
// a training without a break in the last bits.
func (c *checkpointFlags) checkKernel(from *train.Checkpoint, out *output) error {
	blas := c.cmd.Flag("blas")
	switch before, now := from.Kernel, model.Kernel(); {
	case before == "":
		out.note("--resume %s: the checkpoint does not name its matrix kernel; if that was not %s, the weights will differ in their last bits from those without a break", c.resume, now)
	case before == now:
	case !blas.Changed || blas.Value.String() == "auto":
		return usage(errors.Errorf("--resume %s: the training used the matrix kernel %s, this run uses %s: the result would not be the same as without a break; expected --blas %s, or --blas %s to accept that", c.resume, before, now, before, now))
	default:
		out.warn("--resume %s: the training used the matrix kernel %s and continues with %s: the weights will differ in their last bits from those without a break", c.resume, before, now)
		from.Kernel = ""
	}
	return nil
}

// lost returns an error if the latest checkpoint could not be written: the command
// has failed then, though the network is there.
func lost(s *train.Saver) error {
	if s == nil || s.Failed() == nil {
		return nil
	}
	return errCheckpoint{errors.Errorf("--checkpoint: %v; the network itself is written", s.Failed())}
}
