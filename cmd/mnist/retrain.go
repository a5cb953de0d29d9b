package main

import (
	"slices"
	"time"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
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
constants; their output is computed once for each image.`,
		Example: "  mnist retrain --from digits.safetensors --last 2 --classes 5-9\n  mnist retrain --from digits.safetensors --train 'fc*' --data my-images/ --epochs 20",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runRetrain(cmd, newOutput(cmd, g), data, t, r)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.from, "from", "", "file of the trained network")
	f.IntVar(&r.last, "last", 1, "train the last N layers that have weights")
	f.StringSliceVar(&r.patterns, "train", nil, "train the layers of these names instead, as 'fc*'")
	f.BoolVar(&r.keepHead, "keep-head", false, "go on with the last layer as it is; the number of classes must fit")
	f.BoolVar(&r.noCache, "no-cache", false, "run the whole graph each step, frozen layers too")
	f.Var(&r.memory, "cache-memory", "features of the frozen layers to hold in memory, as 512MiB; more are mapped from a file (0: half of the free memory)")
	f.StringVar(&r.dir, "cache-dir", "", "folder to keep these features in, for the next run on the same frozen layers and images")
	cmd.MarkFlagsMutuallyExclusive("last", "train")
	cmd.MarkFlagsMutuallyExclusive("no-cache", "cache-memory")
	cmd.MarkFlagsMutuallyExclusive("no-cache", "cache-dir")
	data.add(cmd)
	data.addLimit(cmd)
	t.add(cmd, "retrained.safetensors")
	t.augment.addCopies(cmd)
	r.saved.add(cmd)
	return cmd
}

func (r retrainFlags) selection() model.Selection {
	if len(r.patterns) > 0 {
		return model.Train(r.patterns...)
	}
	return model.Last(r.last)
}

func runRetrain(cmd *cobra.Command, out *output, d dataFlags, t trainingFlags, r retrainFlags) (err error) {
	start, ctx := time.Now(), cmd.Context()
	if (r.from == "") == (r.saved.resume == "") {
		return usage(errors.New("expected either --from, the file of a trained network ('mnist train' makes one), or --resume, a checkpoint"))
	}
	if cmd.Flags().Changed("cache-dir") && r.dir == "" {
		return usage(errors.New("--cache-dir: found no folder name"))
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
	rep, err := t.report.begin(cmd, out)
	if err != nil {
		return err
	}
	defer func() { err = rep.end(err) }()
	pretrained, err := r.source()
	if err != nil {
		return err
	}
	if _, err := r.selection().Resolve(pretrained.Spec); err != nil {
		return usage(err)
	}
	data, test, err := d.open(ctx, out, t.seed)
	if err != nil {
		return err
	}
	if data.Prep.Polarity != pretrained.Prep.Polarity {
		return errors.Errorf("the data is %s, the network was trained on %s images", data.Prep.Polarity, pretrained.Prep.Polarity)
	}
	data.Prep, test.Prep = pretrained.Prep, pretrained.Prep
	spec, w, err := r.network(pretrained, len(data.Classes), t.seed)
	if err != nil {
		return err
	}
	solver, err := t.newSolver()
	if err != nil {
		return err
	}
	t.forSmall(cmd, data, out)
	held, fit, err := t.options(data, out)
	if err != nil {
		return err
	}
	examples, err := t.augment.examples(held, t.seed)
	if err != nil {
		return err
	}
	opt := transfer.Options{
		Select: r.selection(), Batch: t.batch, Solver: solver, Seed: t.seed, Train: fit,
		NoCache: r.noCache, CacheMemory: int64(r.memory), CacheDir: r.dir,
		Warn:     func(message string) { out.note("%s", message) },
		Progress: func(done, of int) { out.bar("frozen features", int64(of)).set(int64(done)) },
	}
	m := &weightfile.Model{Spec: spec, Classes: data.Classes, Prep: pretrained.Prep, Weights: w}
	opt.Train.Hook = rep.hook(opt.Train.Hook)
	command := t.settings("retrain", r.selection().String(), held, fit)
	checkpoints, err := r.saved.begin(command, m, pretrained, &opt.Train)
	if err != nil {
		return err
	}
	opt.Start = func(trainer *train.Trainer) error {
		if err := checkpoints.start(trainer); err != nil {
			return err
		}
		if err := rep.training(trainer.Net(), w, &t, command, d, held); err != nil {
			return err
		}
		return layerTable(out, spec, trainer.Net().TrainedWeights())
	}
	out.note("%s, %s; matrix products by %s", d.name, describe(held), gemm.Name())
	uneven(out, "training", held)
	if err := t.augment.tellCost(ctx, out, spec, w, r.selection(), examples); err != nil {
		return err
	}
	result, err := transfer.Retrain(ctx, spec, w, examples, opt)
	if result == nil {
		return err
	}
	if err := t.save(checkpoints, err, out); err != nil {
		return err
	}
	opt.Progress = nil
	metrics, err := transfer.Evaluate(ctx, spec, w, test, opt)
	if err != nil {
		return err
	}
	made := "computed"
	if result.Features == transfer.Disk {
		made = "read"
	}
	out.text("frozen weights bit-identical: %v   features %s in %.1f s", result.FrozenIdentical, made, result.SecondsFeatures)
	out.text("test accuracy %.4f (%d of %d), loss %.4f; written to %s", metrics.Accuracy(), metrics.Correct, metrics.Examples, metrics.Loss, t.out)
	if err := rep.tested(m, test, metrics); err != nil {
		return err
	}
	line := newDoneLine(metrics, start, t.out)
	line.Report = rep.page()
	line.add(result)
	if err := rep.write(line); err != nil {
		return err
	}
	return out.object(line)
}

// source reads the network to begin with: the trained one, or that of the
// checkpoint.
func (r retrainFlags) source() (*weightfile.Model, error) {
	if r.saved.resume != "" {
		return readCheckpoint(r.saved.resume)
	}
	return weightfile.ReadPartial(r.from)
}

// network returns the pretrained network with the head that the flags ask for.
func (r retrainFlags) network(pretrained *weightfile.Model, classes int, seed uint64) (model.Spec, *model.Weights, error) {
	trained, err := r.selection().Resolve(pretrained.Spec)
	if err != nil {
		return model.Spec{}, nil, usage(err)
	}
	if r.saved.resume != "" {
		return pretrained.Spec, pretrained.Weights, nil
	}
	if r.keepHead {
		if have := pretrained.Spec.Classes(); have != classes {
			return model.Spec{}, nil, usage(errors.Errorf("--keep-head: the head has %d classes, the data %d", have, classes))
		}
		return pretrained.Spec, pretrained.Weights, pretrained.Weights.Check(pretrained.Spec)
	}
	weighted := pretrained.Spec.Weighted()
	if head := weighted[len(weighted)-1].Name; !slices.Contains(trained, head) {
		return model.Spec{}, nil, usage(errors.Errorf("the last layer, %s, is made new for the classes of the data and must be trained: name it in --train, or give --keep-head", head))
	}
	shapes, err := pretrained.Spec.WeightShapes()
	if err != nil {
		return model.Spec{}, nil, err
	}
	for _, ws := range shapes {
		if !slices.Contains(trained, ws.Layer) && pretrained.Weights.Get(ws.Name) == nil {
			return model.Spec{}, nil, usage(errors.Errorf("%s: holds no %s, and a layer of random weights is not to be frozen: train %s too, by --last or --train", r.from, ws.Name, ws.Layer))
		}
	}
	return transfer.NewHead(pretrained.Spec, pretrained.Weights, classes, seed)
}
