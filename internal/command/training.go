package command

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/atomicfile"
	"github.com/lastlayer/lastlayer/internal/memory"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// trainingFlags are the flags of train and retrain.
type trainingFlags struct {
	train.Recipe
	out     string
	report  reportFlag
	augment augmentFlags
	cmd     *cobra.Command
}

// usualMomentum is the default momentum.
const usualMomentum = 0.9

func (t *trainingFlags) add(cmd *cobra.Command, out string) {
	f := cmd.Flags()
	f.IntVar(&t.Epochs, "epochs", train.UsualEpochs(train.FewExamples), fmt.Sprintf("passes over the training images (%d for fewer than %d images, unless given)", train.UsualEpochs(0), train.FewExamples))
	f.Float64Var(&t.Rate, "lr", 0.02, "learning rate")
	f.StringVar(&t.Schedule, "schedule", "cosine", "learning rate over the steps: constant, step or cosine")
	f.Float64Var(&t.Validation, "validation", 0, "share of the training images that is set aside and evaluated after each epoch")
	f.IntVar(&t.Patience, "patience", 0, "stop after N epochs without a better validation loss, and keep the best weights (0: never)")
	f.Var(&parsed[string]{"", "string", parseWeights, &t.Weights}, "class-weights", "balanced: each class counts the same in the loss, however few images it has")
	f.StringVar(&t.out, "out", out, "file to write the whole network to")
	t.report.add(cmd)
	t.augment.add(cmd)
	t.addSolver(cmd)
}

// parseWeights reads --class-weights.
func parseWeights(text string) (string, error) {
	if text != train.Balanced {
		return "", errors.Errorf("found %q, expected %s", text, train.Balanced)
	}
	return text, nil
}

// addSolver adds the flags of a step.
func (t *trainingFlags) addSolver(cmd *cobra.Command) {
	t.cmd = cmd
	f := cmd.Flags()
	f.IntVar(&t.Batch, "batch", 64, "images per step")
	f.Float64Var(&t.Momentum, "momentum", usualMomentum, "momentum, of --solver momentum")
	f.Float64Var(&t.Decay, "weight-decay", 0, "L2 penalty: this times the weights is added to their gradient (adam: to its step); biases have none")
	f.StringVar(&t.Solver, "solver", "momentum", train.SolverList())
	f.Uint64Var(&t.Seed, "seed", 1, "seed of all random numbers")
}

// check returns a usage error when the flags cannot be obeyed, and an ordinary
// one when the output file could not be written: before hours of work.
func (t *trainingFlags) check() error {
	if !t.HasMomentum() && t.Momentum != usualMomentum {
		return usage(errors.Errorf("--momentum: goes with --solver momentum, found %s", t.Solver))
	}
	return cmp.Or(t.checkRecipe(), t.augment.check(), t.checkOut())
}

// checkRecipe returns a usage error that names the flag where a setting is out
// of its range: a setting has the name of its flag.
func (t *trainingFlags) checkRecipe() error {
	err := t.Validate()
	var wrong *train.SettingError
	if !errors.As(err, &wrong) {
		return usage(err)
	}
	more := map[string]string{"solver": ", or lbfgs in '" + t.cmd.Root().Name() + " retrain --last 1'", "patience": ", as --validation 0.1"}
	return usage(errors.Errorf("--%v%s", err, more[wrong.Setting]))
}

// files are those that the flags name.
func (t *trainingFlags) files() []namedFile {
	return append(reportFiles(t.report.folder), namedFile{flag: "--out", path: t.out, written: true})
}

// checkOut returns an error unless there can be an output file.
func (t *trainingFlags) checkOut() error {
	if t.out == "" {
		return usage(errors.New("--out: found no file name"))
	}
	// The file that a link names is to be replaced, not the link.
	if file, err := filepath.EvalSymlinks(t.out); err == nil {
		t.out = file
	}
	return atomicfile.Writable(t.out)
}

// forSmall raises the number of epochs if there are few training images and no flag
// says when to stop.
func (t *trainingFlags) forSmall(cmd *cobra.Command, data *dataset.Set, out *output) {
	if data.Len() >= train.FewExamples || given(cmd, "epochs", "validation", "patience") != "" {
		return
	}
	t.Epochs = train.UsualEpochs(data.Len())
	out.note("%d training images are fewer than %d: %d epochs on all of them (--epochs overrides; with so few, a validation set costs more than it gains)",
		data.Len(), train.FewExamples, t.Epochs)
}

// progressHook shows the steps and prints the epochs.
type progressHook struct {
	out   *output
	batch int // images per step; the last of an epoch may have fewer
}

func (h *progressHook) Step(r train.StepReport) error {
	h.batch = max(h.batch, r.Examples)
	h.out.bar("train", "images", int64(r.Of)*int64(h.batch)).set(int64(r.Step) * int64(h.batch))
	return nil
}

func (h *progressHook) Epoch(r train.EpochReport) error {
	h.out.text("%s", r)
	return h.out.object(r)
}

// doneLine is the last line of train and retrain in --json.
type doneLine struct {
	Done bool `json:"done"`
	train.Score
	Seconds      float64 `json:"seconds"`
	PeakRSSBytes int64   `json:"peak_rss_bytes"`
	BLAS         string  `json:"blas"`
	Out          string  `json:"out"`
	*transfer.Result
	Report string `json:"report,omitempty"` // the page
	dataset.Overlap
	*transfer.ExactResult // beside Result, which is its own
	*repeatsDone
	Stuck        string    `json:"stuck,omitempty"` // that nothing was learnt, and what to try
	ClassWeights []float64 `json:"class_weights,omitempty"`
	unusedFiles
}

func newDoneLine(m train.Metrics, r *transfer.Result, start time.Time, out string) doneLine {
	return doneLine{Done: true, Score: m.Score(), Seconds: time.Since(start).Seconds(), PeakRSSBytes: memory.Peak(), BLAS: model.Kernel(), Out: out, Result: r}
}

// write writes the network after a training that ended with trainErr, and returns
// trainErr. What an interrupted training has learnt is written too; one that diverged
// leaves an existing file alone. A repetition has no file.
func (t *trainingFlags) write(m *model.Network, trainErr error, out *output) error {
	interrupted := errors.Is(trainErr, context.Canceled)
	if trainErr != nil && !interrupted || t.out == "" {
		return trainErr
	}
	if err := weightfile.Write(t.out, m); err != nil {
		return err
	}
	if interrupted {
		out.note("saved what was learnt so far to %s", t.out)
	}
	return trainErr
}
