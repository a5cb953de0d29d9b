package main

import (
	"context"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// retrained is what a retraining made.
type retrained struct {
	model   *model.Network
	test    *dataset.Set
	result  *transfer.Result
	exact   *exactDone    // nil by steps
	metrics train.Metrics // of the test images
	lost    error         // the checkpoint that could not be written
}

// run retrains stage by stage, writes the network and evaluates it.
func (r retrainFlags) run(cmd *cobra.Command, out *output, d dataFlags, t trainingFlags, stages []stage, rep *reporter) (done retrained, err error) {
	ctx, last := cmd.Context(), stages[len(stages)-1]
	work, err := r.prepare(ctx, out, d, t.seed, last.selection)
	if err != nil {
		return done, err
	}
	if err := growing(stages, work.model.Spec); err != nil {
		return done, err
	}
	t.forSmall(cmd, work.data, out)
	done.model, done.test = work.model, work.test
	for i := range stages {
		result, err := r.runStage(ctx, out, d, t, work, stages, i, rep)
		if err != nil {
			return done, err
		}
		done.result = joined(done.result, result)
	}
	done.lost = work.checkpoints.lost()
	opt := r.options(out, last.selection)
	opt.Progress = nil
	done.metrics, err = transfer.Evaluate(ctx, work.model, work.test, opt)
	return done, err
}

// options are those of each stage.
func (r retrainFlags) options(out *output, selection model.Selection) transfer.Options {
	return transfer.Options{
		Select: selection, NoCache: r.noCache, CacheMemory: int64(r.memory), CacheDir: r.dir,
		Warn:     func(message string) { out.note("%s", message) },
		Progress: func(done, of int) { out.bar("frozen features", "images", int64(of)).set(int64(done)) },
	}
}

// runStage trains the layers of one stage and writes the network. What an
// interrupted one has learnt is written too.
func (r retrainFlags) runStage(ctx context.Context, out *output, d dataFlags, t trainingFlags, work *retraining, stages []stage, i int, rep *reporter) (*transfer.Result, error) {
	s := stages[i]
	t.rate = s.rate
	if s.epochs > 0 {
		t.epochs = s.epochs
	}
	m := work.model
	opt := r.options(out, s.selection)
	opt.Batch, opt.Seed = t.batch, t.seed
	var err error
	if opt.Solver, err = r.newSolver(t, work.factors); err != nil {
		return nil, usage(err)
	}
	held, fit, err := t.options(work.data, out)
	if err != nil {
		return nil, err
	}
	examples, err := t.augment.examples(held, t.seed)
	if err != nil {
		return nil, err
	}
	opt.Train = fit
	opt.Train.Hook = rep.hook(fit.Hook)
	command := t.settings("retrain", s.selection.String(), held, fit)
	command.LayerRates = strings.Join(r.layerRates, ",")
	checkpoints, err := r.saved.begin(command, m, work.pretrained, &opt.Train, out)
	if err != nil {
		return nil, err
	}
	if i == 0 {
		out.note("%s, %s; matrix products by %s", d.name, describe(held), gemm.Name())
		uneven(out, "training", held)
	}
	if err := announce(out, i, stages, t.epochs); err != nil {
		return nil, err
	}
	opt.Start = func(trainer *train.Trainer) error {
		if err := checkpoints.start(trainer); err != nil {
			return err
		}
		if err := rep.training(trainer.Net(), m.Weights, &t, command, d, held); err != nil {
			return err
		}
		trained := trainer.Net().TrainedWeights()
		defer printRates(out, m.Spec, trained, s.rate, work.factors)
		return layerTable(out, m.Spec, trained)
	}
	if err := t.augment.tellCost(ctx, out, m.Spec, m.Weights, s.selection, examples); err != nil {
		return nil, err
	}
	result, err := transfer.Retrain(ctx, m, examples, opt)
	if result == nil {
		return nil, err
	}
	work.checkpoints = checkpoints
	return result, t.save(checkpoints, err, out)
}

// retraining is what a retraining begins with.
type retraining struct {
	data, test *dataset.Set
	pretrained *model.Network
	model      *model.Network     // with the head for the data's classes
	factors    map[string]float64 // on the learning rate, by layer

	checkpoints *checkpointer // of the latest stage
}

// prepare reads the network and the data, and makes the one fit the other.
// selection is all that is ever trained.
func (r retrainFlags) prepare(ctx context.Context, out *output, d dataFlags, seed uint64, selection model.Selection) (*retraining, error) {
	pretrained, err := r.source()
	if err != nil {
		return nil, err
	}
	if _, err := selection.Resolve(pretrained.Spec); err != nil {
		return nil, usage(err)
	}
	factors, err := layerRates(r.layerRates, pretrained.Spec, selection)
	if err != nil {
		return nil, usage(err)
	}
	data, test, err := d.open(ctx, out, seed)
	if err != nil {
		return nil, err
	}
	classes := data.Classes
	for _, set := range []**dataset.Set{&data, &test} {
		if *set, err = prepared(*set, pretrained, out); err != nil {
			return nil, err
		}
		if flag := r.headKeptBy(); flag != "" {
			if *set, err = continued(*set, pretrained); err != nil {
				return nil, usage(errors.Wrap(err, flag))
			}
			classes = pretrained.Classes
		}
	}
	spec, w, err := r.network(pretrained, len(classes), seed)
	m := &model.Network{Spec: spec, Classes: classes, Prep: pretrained.Prep, Weights: w, Seen: pretrained.Seen.And(data.Seen())}
	return &retraining{data: data, test: test, pretrained: pretrained, model: m, factors: factors}, err
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

// source reads the network to begin with: the trained one, or that of the
// checkpoint.
func (r retrainFlags) source() (*model.Network, error) {
	if r.saved.resume != "" {
		return readCheckpoint(r.saved.resume)
	}
	return weightfile.ReadPartial(r.from)
}

// network returns the pretrained network with the head that the flags ask for.
func (r retrainFlags) network(pretrained *model.Network, classes int, seed uint64) (model.Spec, *model.Weights, error) {
	trained, err := r.selection().Resolve(pretrained.Spec)
	if err != nil {
		return model.Spec{}, nil, usage(err)
	}
	if r.saved.resume != "" {
		return pretrained.Spec, pretrained.Weights, nil
	}
	if r.keepHead {
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
