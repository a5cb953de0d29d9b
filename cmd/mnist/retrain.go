package main

import (
	"slices"
	"time"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
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
	cmd.MarkFlagsMutuallyExclusive("last", "train")
	data.add(cmd)
	data.addLimit(cmd)
	t.add(cmd, "retrained.safetensors")
	return cmd
}

func (r retrainFlags) selection() model.Selection {
	if len(r.patterns) > 0 {
		return model.Train(r.patterns...)
	}
	return model.Last(r.last)
}

func runRetrain(cmd *cobra.Command, out *output, d dataFlags, t trainingFlags, r retrainFlags) error {
	start, ctx := time.Now(), cmd.Context()
	if r.from == "" {
		return usage(errors.New("--from: no file given; make one with 'mnist train'"))
	}
	if err := t.check(); err != nil {
		return err
	}
	pretrained, err := weightfile.ReadPartial(r.from)
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
		return errors.Errorf("the data is %s, the network in %s was trained on %s images", data.Prep.Polarity, r.from, pretrained.Prep.Polarity)
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
	held, fit, err := t.options(data, out)
	if err != nil {
		return err
	}
	out.note("%s, %s; matrix products by %s", d.name, describe(held), gemm.Name())
	result, err := transfer.Retrain(ctx, spec, w, held, transfer.Options{
		Select: r.selection(), Batch: t.batch, Solver: solver, Seed: t.seed, Train: fit, NoCache: r.noCache,
		Progress: func(done, of int) { out.bar("frozen features", int64(of)).set(int64(done)) },
		Start:    func(net *model.Net) error { return layerTable(out, spec, net.TrainedWeights()) },
	})
	if result == nil {
		return err
	}
	m := &weightfile.Model{Spec: spec, Classes: data.Classes, Prep: pretrained.Prep, Weights: w}
	if err := t.save(m, err, out); err != nil {
		return err
	}
	metrics, err := evaluate(ctx, spec, w, test)
	if err != nil {
		return err
	}
	out.text("frozen weights bit-identical: %v   features computed in %.1f s", result.FrozenIdentical, result.SecondsFeatures)
	out.text("test accuracy %.4f (%d of %d), loss %.4f; written to %s", metrics.Accuracy(), metrics.Correct, metrics.Examples, metrics.Loss, t.out)
	line := newDoneLine(metrics, start, t.out)
	line.add(result)
	return out.object(line)
}

// network returns the pretrained network with the head that the flags ask for.
func (r retrainFlags) network(pretrained *weightfile.Model, classes int, seed uint64) (model.Spec, *model.Weights, error) {
	trained, err := r.selection().Resolve(pretrained.Spec)
	if err != nil {
		return model.Spec{}, nil, usage(err)
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
