package command

import (
	"encoding/json"
	"github.com/lastlayer/lastlayer/model"
	"strings"

	"github.com/lastlayer/lastlayer/internal/atomicfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// checkpointFlags are the flags of train and retrain about saving a training
// and taking it up again.
type checkpointFlags struct {
	file   string
	every  string
	resume string
	cmd    *cobra.Command
}

// usualInterval is how often a checkpoint is written where nothing is said.
const usualInterval = "1epochs"

func (c *checkpointFlags) add(cmd *cobra.Command) {
	c.cmd = cmd
	f := cmd.Flags()
	f.StringVar(&c.file, "checkpoint", "", "file to save the training to, so that it can be taken up again")
	f.StringVar(&c.every, "every", usualInterval, "how often: a number and steps, epochs or minutes, as 500steps")
	f.StringVar(&c.resume, "resume", "", "checkpoint to go on from, with the same flags; the result is the same as without a break")
}

// checkpointer writes checkpoints of a training, and takes one up.
type checkpointer struct {
	saver *train.Saver
	model *model.Network    // what it is a training of
	from  *train.Checkpoint // to go on from; nil for none
}

// errCheckpoint is the error for a training that is done, but whose checkpoint
// could not be written.
type errCheckpoint struct{ error }

func (c *checkpointFlags) check() error {
	if _, err := train.ParseInterval(c.every); err != nil {
		return usage(errors.Wrap(err, "--every"))
	}
	if c.file != "" {
		return atomicfile.Writable(c.file)
	}
	if c.every != usualInterval && c.resume == "" {
		return usage(errors.New("--every: goes with --checkpoint, which is not given"))
	}
	return nil
}

// files are those that the flags name. A training may go on in the checkpoint
// that it is taken up from.
func (c *checkpointFlags) files() []namedFile {
	return []namedFile{{flag: "--checkpoint", path: c.file, written: true, with: "--resume"}, {flag: "--resume", path: c.resume}}
}

// begin returns what writes the checkpoints of a training of m, and has it told
// of each step. What is to be resumed must be of the same training.
func (c *checkpointFlags) begin(s train.Recipe, m *model.Network, from *resumed, opt *train.Options, out *output) (*checkpointer, error) {
	every, err := train.ParseInterval(c.every)
	if err != nil {
		return nil, usage(errors.Wrap(err, "--every"))
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, errors.Wrap(err, metaSettings)
	}
	saved := &checkpointer{model: m, saver: &train.Saver{Path: c.file, Every: every, Settings: string(text), Next: opt.Hook,
		Warn: func(err error) {
			out.warn("--checkpoint: %v; the training goes on, and the next one will be tried", err)
		}}}
	if c.file != "" {
		opt.Hook = saved.saver
	}
	if c.resume == "" {
		return saved, nil
	}
	before, err := train.ParseRecipe(from.settings)
	if err != nil {
		return nil, errors.Wrapf(err, "%s: %s", c.resume, metaSettings)
	}
	if found := s.Differences(before); found != nil {
		return nil, usage(errors.Errorf("--resume %s: the training was another one: %s", c.resume, strings.Join(found, "; ")))
	}
	if err := c.checkKernel(&from.checkpoint, out); err != nil {
		return nil, err
	}
	saved.from = &from.checkpoint
	return saved, nil
}

// checkKernel makes sure that the matrix kernel is the one that the training
// began with, or that another one was asked for: the result differs from that of
// a training without a break in the last bits.
func (c *checkpointFlags) checkKernel(from *train.Checkpoint, out *output) error {
	blas := c.cmd.Flag("blas")
	switch before, now := from.Kernel, model.Kernel(); {
	case before == "":
		out.note("--resume %s: the checkpoint does not name its matrix kernel; if that was another one than %s, the last bits of the weights will be others than without a break", c.resume, now)
	case before == now:
	case !blas.Changed || blas.Value.String() == "auto":
		return usage(errors.Errorf("--resume %s: the training was by the matrix kernel %s, this one is by %s: the result would not be the same as without a break; expected --blas %s, or --blas %s if that is meant", c.resume, before, now, before, now))
	default:
		out.warn("--resume %s: the training was by the matrix kernel %s and goes on by %s: the last bits of the weights will be others than without a break", c.resume, before, now)
		from.Kernel = ""
	}
	return nil
}

// metaSettings names the settings in errors.
const metaSettings = "settings"

// start is told of the trainer before its first step, and puts it where the
// checkpoint, if there is one to go on from, was taken.
func (c *checkpointer) start(t *train.Trainer) error {
	network := *c.model
	network.Meta = nil
	c.saver.Start(t, &network)
	if c.from == nil {
		return nil
	}
	return errors.Wrap(t.Restore(*c.from), "--resume")
}

// save writes a checkpoint, if one is asked for and the training has begun.
func (c *checkpointer) save() error {
	if c.saver == nil || c.saver.Path == "" || !c.saver.Started() {
		return nil
	}
	return c.saver.Save()
}

// lost returns an error if the latest checkpoint could not be written: the
// command has failed then, though the network is there.
func (c *checkpointer) lost() error {
	if c.saver == nil || c.saver.Failed() == nil {
		return nil
	}
	return errCheckpoint{errors.Errorf("--checkpoint: %v; the network itself is written", c.saver.Failed())}
}

// resumed is a training to go on with.
type resumed struct {
	network    *model.Network // with the weights to go on with
	checkpoint train.Checkpoint
	settings   string
}

// readCheckpoint reads a training from what --checkpoint wrote.
func readCheckpoint(path string) (*resumed, error) {
	n, c, settings, err := train.ReadCheckpoint(path)
	if err == nil && settings == "" {
		err = errors.Errorf("%s: found the state of a training that no command made, expected what --checkpoint writes", path)
	}
	return &resumed{n, c, settings}, err
}
