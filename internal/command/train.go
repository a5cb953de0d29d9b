package command

import (
	"cmp"
	"math/rand/v2"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/command/report"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// initStream keeps the random numbers of the initial weights apart from all
// others drawn from the same seed.
const initStream = 0x1417

func newTrain(g *globals) *cobra.Command {
	var data dataFlags
	var t trainingFlags
	var saved checkpointFlags
	cmd := &cobra.Command{
		Use:     "train",
		Short:   "Train the whole network",
		Long:    "train makes a fresh network and trains all of its layers.",
		Example: "  mnist train --classes 0-4 --epochs 5 --out digits.safetensors\n  mnist train --data sample --epochs 3 --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runTrain(cmd, newOutput(cmd, g), data, t, saved)
		},
	}
	data.add(cmd)
	data.addLimit(cmd)
	t.add(cmd, "mnist.safetensors")
	saved.add(cmd)
	return cmd
}

func runTrain(cmd *cobra.Command, out *output, d dataFlags, t trainingFlags, saved checkpointFlags) (err error) {
	start, ctx := time.Now(), cmd.Context()
	if err := t.check(); err != nil {
		return err
	}
	if err := saved.check(); err != nil {
		return err
	}
	if err := apart(append(t.files(), saved.files()...)...); err != nil {
		return err
	}
	rep, err := t.report.begin(cmd, out)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(errors.Wrap(rep.End(cmd.Context(), err), "--report"), err) }()
	data, test, err := d.open(ctx, out, t.Seed)
	if err != nil {
		return err
	}
	m, from, err := saved.network(data, t.Seed)
	if err != nil {
		return err
	}
	net, err := model.Build(m, model.All(), model.Batch(t.Batch))
	if err != nil {
		return err
	}
	solver, err := t.NewSolver()
	if err != nil {
		return err
	}
	trainer, err := train.New(net, solver, t.Seed)
	if err != nil {
		return err
	}
	defer trainer.Close()
	t.forSmall(cmd, data, out)
	held, opt, err := t.Begin(data)
	if err != nil {
		return errors.Wrap(err, "--validation")
	}
	examples, err := t.augment.examples(held, t.Seed)
	if err != nil {
		return err
	}
	opt.Hook = rep.Hook(&progressHook{out: out})
	t.Command, t.Train, t.Augment = cmd.Name(), model.All().String(), t.augment.String()
	checkpoints, err := saved.begin(t.Recipe, m, from, &opt, out)
	if err != nil {
		return err
	}
	if err := checkpoints.start(trainer); err != nil {
		return err
	}
	rep.Training(net, m.Weights, t.Recipe, report.Files{Data: d.name, Out: t.out}, held)
	out.note("%s, %s; matrix products by %s", d.name, describe(held), gemm.Name())
	uneven(out, "training", held)
	if err := layerTable(out, m.Spec, net.TrainedWeights()); err != nil {
		return err
	}
	if err := t.save(checkpoints, trainer.Fit(ctx, examples, opt), out); err != nil {
		return err
	}
	metrics, err := evaluate(ctx, m, test)
	if err != nil {
		return err
	}
	out.text("test accuracy %.4f (%d of %d), loss %.4f; written to %s", metrics.Accuracy(), metrics.Correct, metrics.Examples, metrics.Loss, t.out)
	if err := rep.Tested(ctx, m, test, metrics); err != nil {
		return err
	}
	line := newDoneLine(metrics, start, t.out)
	line.Report, line.seenLine = rep.Page(), lookUp(out, m, test)
	if err := rep.Write(line); err != nil {
		return errors.Wrap(err, "--report")
	}
	if err := out.object(line); err != nil {
		return err
	}
	return checkpoints.lost()
}

// network returns the network to train: that of the checkpoint, or a fresh one
// for the classes of the data.
func (c *checkpointFlags) network(data *dataset.Set, seed uint64) (*model.Network, *resumed, error) {
	if c.resume != "" {
		from, err := readCheckpoint(c.resume)
		if err != nil {
			return nil, nil, err
		}
		return from.network, from, nil
	}
	m, err := freshNetwork(data, seed)
	return m, nil, err
}

// freshNetwork returns the built-in network for the classes and the
// images of the data, with weights drawn from seed.
func freshNetwork(data *dataset.Set, seed uint64) (*model.Network, error) {
	if n := len(data.Classes); n < 2 {
		return nil, errors.Errorf("%s: found %d class, %s, expected 2 or more: with one every answer is right", data.Name, n, listed(data.Classes))
	}
	spec, err := model.DeepMNIST().WithClasses(len(data.Classes))
	if err != nil {
		return nil, err
	}
	spec.Input = data.ExampleShape()
	w, err := model.Init(spec, rand.New(rand.NewPCG(seed, initStream)))
	return &model.Network{Spec: spec, Classes: data.Classes, Prep: data.Prep, Weights: w, Seen: data.Seen()}, err
}
