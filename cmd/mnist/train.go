package main

import (
	"math/rand/v2"
	"time"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/spf13/cobra"
)

// initStream keeps the random numbers of the initial weights apart from all
// others drawn from the same seed.
const initStream = 0x1417

func newTrain(g *globals) *cobra.Command {
	var data dataFlags
	var t trainingFlags
	cmd := &cobra.Command{
		Use:     "train",
		Short:   "Train the whole network",
		Long:    "train makes a fresh network and trains all of its layers.",
		Example: "  mnist train --classes 0-4 --epochs 5 --out digits.safetensors\n  mnist train --data sample --epochs 3 --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runTrain(cmd, newOutput(cmd, g), data, t)
		},
	}
	data.add(cmd)
	data.addLimit(cmd)
	t.add(cmd, "mnist.safetensors")
	return cmd
}

func runTrain(cmd *cobra.Command, out *output, d dataFlags, t trainingFlags) error {
	start, ctx := time.Now(), cmd.Context()
	if err := t.check(); err != nil {
		return err
	}
	data, test, err := d.open(ctx, out, t.seed)
	if err != nil {
		return err
	}
	spec := model.Seed().WithClasses(len(data.Classes))
	spec.Input = data.ExampleShape()
	w, err := model.Init(spec, rand.New(rand.NewPCG(t.seed, initStream)))
	if err != nil {
		return err
	}
	net, err := model.Build(spec, w, model.All(), model.Batch(t.batch))
	if err != nil {
		return err
	}
	solver, err := t.newSolver()
	if err != nil {
		return err
	}
	trainer, err := train.New(net, solver, t.seed)
	if err != nil {
		return err
	}
	defer trainer.Close()
	held, opt, err := t.options(data, out)
	if err != nil {
		return err
	}
	out.note("%s, %s; matrix products by %s", d.name, describe(held), gemm.Name())
	if err := layerTable(out, spec, net.TrainedWeights()); err != nil {
		return err
	}
	m := &weightfile.Model{Spec: spec, Classes: data.Classes, Prep: data.Prep, Weights: w}
	if err := t.save(m, trainer.Fit(ctx, held, opt), out); err != nil {
		return err
	}
	metrics, err := evaluate(ctx, spec, w, test)
	if err != nil {
		return err
	}
	out.text("test accuracy %.4f (%d of %d), loss %.4f; written to %s", metrics.Accuracy(), metrics.Correct, metrics.Examples, metrics.Loss, t.out)
	return out.object(newDoneLine(metrics, start, t.out))
}
