package command

import (
	"cmp"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"slices"
	"time"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// retrainFlags are the flags of retrain alone.
type retrainFlags struct {
	from     string
	last     int
	patterns []string
	keepHead bool
	noCache  bool
	saved    checkpointFlags
	memory   byteSize
	dir      string
	exact    exactFlags
	repeats  repeatFlags
	then     []string

	layerRates []string
}

func newRetrain(g *globals) *cobra.Command {
	var data dataFlags
	var t trainingFlags
	var r retrainFlags
	cmd := &cobra.Command{
		Use:   "retrain",
		Short: "Retrain only the last layers on new classes",
		Long: `retrain takes a trained network, makes its last layer new for the classes of the
data, and trains only the layers you name. All others enter the graph as
constants; their output is computed once for each image.

--then unfreezes further layers in a stage of its own, from the weights of the
stage before, with a solver that begins anew. What is frozen is compared after
each stage. Checkpoints and reports are of one stage, and do not go with it.

--repeats tells how much chance there is in an accuracy: all that is drawn, the
images of --limit, those of --validation, what --augment does, a new head,
dropout and the order, follows from --seed, which goes up by one each run. The
test images of a folder stay the same. Checkpoints and reports are of one run.

--solver lbfgs finds the exact optimum of the last layer, a convex problem, with
no learning rate to choose. It trains without the head's dropout, which keeps
steps from learning the images by heart: give it a --weight-decay, as 1 divided
by the number of images, which is scikit-learn's default. Without one it goes
on until the gradient is 0 to five digits, on the way to infinity if the classes
can be separated. The last lines of both tell the loss of the training images:
the gap between the two is what the steps have left.`,
		Example: "  mnist retrain --from digits.safetensors --last 2 --classes 5-9\n  mnist retrain --from digits.safetensors --train 'fc*' --data my-images/ --epochs 20\n  mnist retrain --from digits.safetensors --last 1 --solver lbfgs --weight-decay 1e-3 --data my-images/\n  mnist retrain --from digits.safetensors --last 1 --then 2 --then all:epochs=2,lr=0.0005 --classes 5-9\n  mnist retrain --from digits.safetensors --classes 5-9 --limit 100 --epochs 100 --repeats 10",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runRetrain(cmd, newOutput(cmd, g), data, t, r)
		},
	}
	r.addSelection(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&r.then, "then", nil, "then go on with the last N layers, as 2 or 2:epochs=3,lr=0.005, or all; unsaid: --epochs and a tenth of --lr; repeatable")
	f.StringSliceVar(&r.layerRates, "layer-lr", nil, "factor on the learning rate of a layer, as fc1=0.1 or 'conv*=0.01'")
	data.add(cmd)
	data.addLimit(cmd)
	t.add(cmd, "retrained.safetensors")
	t.augment.addCopies(cmd)
	r.saved.add(cmd)
	cmd.Flags().Lookup("resume").Usage = "checkpoint to go on from, in place of --from and with the same other flags; the result is the same as without a break"
	r.exact.add(cmd)
	r.repeats.add(cmd)
	return cmd
}

// addSelection adds the flags that say which network to begin with, what of it
// to train, and how to go about the rest.
func (r *retrainFlags) addSelection(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.from, "from", "", "file of the trained network")
	f.IntVar(&r.last, "last", 1, "train the last N layers that have weights")
	f.StringSliceVar(&r.patterns, "train", nil, "train the layers of these names instead, as 'fc*'")
	f.BoolVar(&r.keepHead, "keep-head", false, "go on with the last layer as it is; the data must have its classes, matched by name")
	f.BoolVar(&r.noCache, "no-cache", false, "run the whole graph each step, frozen layers too")
	f.Var(&r.memory, "cache-memory", "features of the frozen layers to hold in memory, as 512MiB; more are mapped from a file (0: half of the free memory)")
	f.StringVar(&r.dir, "cache-dir", "", "folder to keep these features in, for the next run on the same frozen layers and images")
	cmd.MarkFlagsMutuallyExclusive("last", "train")
	cmd.MarkFlagsMutuallyExclusive("no-cache", "cache-memory")
	cmd.MarkFlagsMutuallyExclusive("no-cache", "cache-dir")
}

// files are those that the flags of addSelection name. A network may be
// retrained into its own file.
func (r *retrainFlags) files() []namedFile {
	return []namedFile{{flag: "--from", path: r.from, with: "--out"}, {flag: "--cache-dir", path: r.dir, written: true}}
}

func (r retrainFlags) selection() model.Selection {
	if len(r.patterns) > 0 {
		return model.Layers(r.patterns...)
	}
	return model.Last(r.last)
}

func runRetrain(cmd *cobra.Command, out *output, d dataFlags, t trainingFlags, r retrainFlags) (err error) {
	start := time.Now()
	if (r.from == "") == (r.saved.resume == "") {
		return usage(errors.New("expected either --from, the file of a trained network ('mnist train' makes one), or --resume, a checkpoint"))
	}
	if cmd.Flags().Changed("cache-dir") && r.dir == "" {
		return usage(errors.New("--cache-dir: found no folder name"))
	}
	if err := r.repeats.check(cmd); err != nil {
		return usage(err)
	}
	if t.Solver == exactSolver {
		return runExact(cmd, out, d, t, r)
	}
	if err := r.exact.unused(cmd); err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return err
	}
	if err := t.augment.checkCut(r.noCache); err != nil {
		return err
	}
	if err := r.saved.check(); err != nil {
		return err
	}
	if err := apart(slices.Concat(t.files(), r.files(), r.saved.files())...); err != nil {
		return err
	}
	stages, err := r.stages(cmd, t)
	if err != nil {
		return usage(err)
	}
	rep, err := t.report.begin(cmd, out)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(errors.Wrap(rep.End(cmd.Context(), err), "--report"), err) }()
	done, err := r.run(cmd, out, d, t, stages, rep)
	if err != nil {
		return err
	}
	printRetrained(out, done.result, done.metrics, t.out)
	if err := rep.Tested(cmd.Context(), done.model, done.test, done.metrics); err != nil {
		return err
	}
	repeats, err := r.repeats.repeat(out, t, done, func(t trainingFlags) (retrained, error) {
		return r.run(cmd, out, d, t, stages, nil)
	})
	if err != nil {
		return err
	}
	line := newDoneLine(done.metrics, start, t.out)
	line.Report, line.repeatsDone, line.seenLine = rep.Page(), repeats, lookUp(out, done.model, done.test)
	line.add(done.result)
	if err := rep.Write(line); err != nil {
		return errors.Wrap(err, "--report")
	}
	if err := out.object(line); err != nil {
		return err
	}
	return done.lost
}

// printRetrained prints the last lines of a retraining.
func printRetrained(out *output, result *transfer.Result, metrics train.Metrics, path string) {
	made := "computed"
	if result.Features == feature.Disk {
		made = "read"
	}
	out.text("frozen weights bit-identical: %v   features %s in %.1f s", result.FrozenIdentical, made, result.SecondsFeatures)
	if result.TrainingLoss != nil {
		out.text("loss of the training images, without dropout: %.6f", *result.TrainingLoss)
	}
	out.text("test accuracy %.4f (%d of %d), loss %.4f; written to %s", metrics.Accuracy(), metrics.Correct, metrics.Examples, metrics.Loss, path)
}
