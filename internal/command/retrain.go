package command

import (
	"cmp"
	"math"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// retrainFlags are the flags that say which network to begin with and what of it
// to train.
type retrainFlags struct {
	fresh    bool // no flag: all layers of a fresh network are trained
	from     string
	said     sourceFlags // of from
	last     int
	patterns []string
	keepHead bool
	grow     bool // keep the classes and add those of the data
	noCache  bool
	saved    checkpointFlags
	memory   int64
	dir      string
	exact    exactFlags
	repeats  repeatFlags
	then     []string

	layerRates []string

	shards *shardFlags // feature files, in place of data
}

func newRetrain(g *globals) *cobra.Command {
	var u run
	cmd := &cobra.Command{
		Use:   "retrain",
		Short: "Retrain only the last layers on new classes",
		Long: `retrain takes a trained network, replaces its last layer by a new one for the classes
of the data, and trains only the layers you name. All others enter the graph as
constants; their output is computed once for each image.

--then unfreezes more layers in a further stage, which starts from the weights of
the stage before with a fresh solver. Frozen weights are compared after each stage.
Checkpoints and reports cover one stage and do not go with it.

--keep-classes keeps the network's own classes and adds the new ones of the data.
The old outputs stay as they are, bit for bit; new ones are trained beside them. The
data must have images of the old classes too: a fifth of those is set aside, and the
new outputs are lowered until only about one in a hundred of these is lost. 50 images
of each old class are plenty; 10 cost accuracy on the new ones. 'go doc
transfer.Grow' has figures.

--class-weights balanced makes every class count the same, however few images it
has: an image counts N/(K·n) times, for n images of its class and N images of K
classes in all.

--repeats shows how much of an accuracy is chance. Everything that is drawn at
random follows from --seed, which goes up by one for each run: the images of --limit
and --validation, what --augment does, a new head, dropout and the order of images.
The test images of a folder stay the same. Checkpoints and reports cover one run.

--solver lbfgs finds the exact optimum of the last layer, a convex problem, with
no learning rate to choose. It trains without the head's dropout, which in training
by steps counters overfitting: give it a --weight-decay, such as 1 divided by the
number of images, which is scikit-learn's default. Without one it runs until the
gradient is 0 to five digits, and if the classes can be separated the weights grow
towards infinity. Both ways print the loss of the training images at the end: the
difference is how far the steps are from the optimum.

--features trains on feature files that 'features --shard' wrote, for more photos
than one machine can run. The files are mapped, so they need not fit in memory. The
weights are those of --data on the same photos, byte for byte, however many shares
there are.`,
		Example: g.example(`retrain --from digits.safetensors --last 2 --classes 5-9
retrain --from digits.safetensors --train 'fc*' --data my-images/ --epochs 20
retrain --from digits.safetensors --last 1 --solver lbfgs --weight-decay 1e-3 --data my-images/
retrain --from digits.safetensors --last 1 --then 2 --then all:epochs=2,lr=0.0005 --classes 5-9
retrain --from digits.safetensors --classes 5-9 --limit 100 --epochs 100 --repeats 10`,
			`retrain --from mobilenet.onnx --prepare tf --data photos/
retrain --from mobilenet.onnx --prepare tf --data photos/ --solver lbfgs --weight-decay 1e-3
retrain --from resnet18.pth --arch resnet18 --prepare torchvision --train 'layer4*,fc' --data photos/
retrain --from hf:timm/resnet18.a1_in1k --data photos/ --cache-dir features/
retrain --from mine.safetensors --keep-head --data more-photos/
retrain --from mobilenet.onnx --prepare tf --features 'part-*.features'`),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			u.cmd, u.out = cmd, newOutput(cmd, g)
			return u.retrain()
		},
	}
	u.r.addSelection(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&u.r.then, "then", nil, "then continue with the last N layers, as 2 or 2:epochs=3,lr=0.005, or all (default: --epochs and a tenth of --lr); repeatable")
	f.StringSliceVar(&u.r.layerRates, "layer-lr", nil, "factor on the learning rate of a layer, as fc1=0.1 or 'conv*=0.01'")
	u.data.add(cmd, g.Program)
	u.data.addLimit(cmd)
	u.t.add(cmd, "retrained.safetensors")
	u.t.augment.addCopies(cmd)
	u.r.shards = &shardFlags{}
	u.r.shards.add(cmd)
	u.r.saved.add(cmd)
	cmd.Flags().Lookup("resume").Usage = "checkpoint to continue from, instead of --from and with the same other flags; the result is the same as without a break"
	u.r.exact.add(cmd)
	u.r.repeats.add(cmd)
	return cmd
}

// addSelection adds the flags that say which network to begin with, what of it
// to train, and how to go about the rest.
func (r *retrainFlags) addSelection(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.from, "from", "", formats)
	r.said.add(cmd)
	r.said.addFeatures(cmd, "put the new head on this layer, averaging its maps, and leave out the layers above")
	f.IntVar(&r.last, "last", 1, "train the last N layers that have weights")
	f.StringSliceVar(&r.patterns, "train", nil, "train the layers of these names instead, as 'fc*'")
	f.BoolVar(&r.keepHead, "keep-head", false, "continue with the last layer as it is; the data must have its classes, matched by name")
	f.BoolVar(&r.grow, "keep-classes", false, "add the data's new classes to those of the network, whose outputs stay as they are; the data must have images of these too")
	f.BoolVar(&r.noCache, "no-cache", false, "run the whole graph in each step, frozen layers too")
	f.Var(&parsed[int64]{"", "size", parseSize, &r.memory}, "cache-memory", "memory for the output of the frozen layers, as 512MiB; more is mapped from a file (0: half of the free memory)")
	f.StringVar(&r.dir, "cache-dir", "", "folder to keep the output of the frozen layers in, for the next run on the same layers and images")
	cmd.MarkFlagsMutuallyExclusive("last", "train")
	cmd.MarkFlagsMutuallyExclusive("features-from", "keep-head", "keep-classes")
	cmd.MarkFlagsMutuallyExclusive("no-cache", "cache-memory")
	cmd.MarkFlagsMutuallyExclusive("no-cache", "cache-dir")
}

// shardFlags name the feature files of a training.
type shardFlags struct {
	names []string
	open  *feature.Shards // nil until they are needed
}

func (s *shardFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&s.names, "features", nil, "feature files of all shares, as 'part-*.features', instead of --data: 'features --shard' writes them")
	for _, name := range []string{"data", "skip-bad", "cache-dir", "cache-memory", "no-cache", "keep-classes", "augment", "augment-copies", "report"} {
		cmd.MarkFlagsMutuallyExclusive("features", name)
	}
}

// files returns the files, to keep others from being written over them.
func (s *shardFlags) files() (all []namedFile) {
	if s == nil {
		return nil
	}
	for _, name := range s.names {
		found, _ := filepath.Glob(name) // what is no pattern is refused when it is opened
		for _, path := range append(found, name) {
			all = append(all, namedFile{flag: "--features", path: path})
		}
	}
	return all
}

// named reports whether there are any.
func (s *shardFlags) named() bool { return s != nil && len(s.names) > 0 }

// sets opens the files and returns the images that they have the features of.
func (s *shardFlags) sets(out *output, n *model.Network, selection model.Selection, opt dataset.Options) (train, test *dataset.Set, err error) {
	if s.open == nil {
		out.note("checking %s", strings.Join(s.names, " "))
		if s.open, err = feature.Open(s.names...); err != nil {
			return nil, nil, err
		}
		if missing := s.open.Missing(); missing > 0 {
			out.note("%d of %d files of the data have no features: they are not images, or could not be read", missing, missing+s.open.Len())
		}
	}
	return s.open.Sets(strings.Join(s.names, " "), n, selection, opt)
}

func (s *shardFlags) close() { _ = s.open.Close() } // they were only read

// files are those that the flags of addSelection name. A network may be
// retrained into its own file.
func (r *retrainFlags) files() []namedFile {
	return append(r.shards.files(), namedFile{flag: "--from", path: r.from, with: "--out"}, namedFile{flag: "--cache-dir", path: r.dir, written: true})
}

func (r retrainFlags) selection() model.Selection {
	switch {
	case r.fresh:
		return model.All()
	case len(r.patterns) > 0:
		return model.Layers(r.patterns...)
	}
	return model.Last(r.last)
}

// headKeptBy returns the flag that has the last layer go on as it is, or "".
func (r retrainFlags) headKeptBy() string {
	switch {
	case r.saved.resume != "":
		return "--resume"
	case r.keepHead:
		return "--keep-head"
	}
	return ""
}

// checkGrowth returns an error if --keep-classes does not go with other flags.
func (r retrainFlags) checkGrowth(cmd *cobra.Command) error {
	if name := given(cmd, "checkpoint", "every", "resume", "then"); name != "" && r.grow {
		return errors.Errorf("--%s: does not go with --keep-classes, which trains new outputs of the last layer alone", name)
	}
	if r.grow && (r.last != 1 || len(r.patterns) > 0) {
		return errors.New("--keep-classes: trains new outputs of the last layer alone: expected --last 1 and no --train")
	}
	return nil
}

// features adds to the options what becomes of the frozen layers' output.
func (r retrainFlags) features(opt *transfer.Options, out *output) {
	opt.NoCache, opt.CacheMemory, opt.CacheDir = r.noCache, r.memory, r.dir
	opt.Warn = func(message string) { out.note("%s", message) }
	opt.Progress = out.images("frozen features")
}

// factors returns the factors on the learning rate, by layer, that --layer-lr
// gives, and an error unless the selection is of this network.
func (r retrainFlags) factors(spec model.Spec, selection model.Selection) (map[string]float64, error) {
	rates, err := train.ParseLayerRates(r.layerRates...)
	if err != nil {
		return nil, errors.Wrap(err, "--layer-lr")
	}
	factors, err := train.LayerFactors(spec, selection, rates...)
	if errors.Is(err, model.ErrSelection) {
		return nil, err
	}
	return factors, errors.Wrap(err, "--layer-lr")
}

func (u run) retrain() error {
	if (u.r.from == "") == (u.r.saved.resume == "") {
		return usage(errors.Errorf("expected either --from, the file of a trained network (%s), or --resume, a checkpoint", u.out.program.source))
	}
	if err := cmp.Or(u.r.repeats.check(u.cmd), u.r.checkGrowth(u.cmd)); err != nil {
		return usage(err)
	}
	defer u.r.shards.close()
	if u.t.Solver == exactSolver {
		return u.exactly()
	}
	if given(u.cmd, "iterations") != "" {
		return usage(errors.New("--iterations: goes with --solver lbfgs; for the others say --epochs"))
	}
	return u.bySteps()
}

// printRates prints the learning rates of the layers that have their own.
func printRates(out *output, trained []string, solver *train.Solver) {
	for _, layer := range trained {
		if factor, ok := solver.Factors[layer]; ok {
			out.text("%-8s learning rate %g", layer, solver.LearningRate*factor)
		}
	}
}

// stages returns the stages of a retraining, of which there is one without
// --then.
func (r retrainFlags) stages(cmd *cobra.Command, rate float64) ([]transfer.Stage, error) {
	if name := given(cmd, "train", "checkpoint", "every", "resume", "report"); name != "" && len(r.then) > 0 {
		return nil, errors.Errorf("--%s: does not go with --then", name)
	}
	stages, err := transfer.ParseStages(r.selection(), rate, r.then...)
	return stages, errors.WithMessage(err, "--then")
}

// parseSize reads a number of bytes, as 512MiB, 2GB or 1048576.
func parseSize(text string) (int64, error) {
	n, err := humanize.ParseBytes(text)
	if err != nil || n > math.MaxInt64 {
		return 0, errors.New("a size, as 512MiB or 2GB")
	}
	return int64(n), nil
}
