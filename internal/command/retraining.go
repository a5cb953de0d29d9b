package command

import (
	"context"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/command/report"
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

// run retrains stage by stage, writes the network after each and evaluates it. What
// an interrupted one has learnt is written too.
func (r retrainFlags) run(cmd *cobra.Command, out *output, d dataFlags, t trainingFlags, stages []transfer.Stage, rep *report.Gatherer) (done retrained, err error) {
	ctx, last := cmd.Context(), stages[len(stages)-1].Select
	work, err := r.prepare(ctx, out, d, t.Seed, last)
	if err != nil {
		return done, err
	}
	t.forSmall(cmd, work.data, out)
	done.model, done.test = work.model, work.test
	held, fit, err := t.Begin(work.data)
	if err != nil {
		return done, errors.Wrap(err, "--validation")
	}
	examples, err := t.augment.examples(held, t.Seed)
	if err != nil {
		return done, err
	}
	opt := r.options(out, last)
	opt.Batch, opt.Seed, opt.Train = t.Batch, t.Seed, fit
	if opt.Solver, err = t.NewSolver(); err != nil {
		return done, usage(err)
	}
	opt.Train.Hook = rep.Hook(&progressHook{out: out})
	before := func(i int, opt *transfer.Options) error {
		if i > 0 {
			if err := t.save(work.checkpoints, nil, out); err != nil {
				return err
			}
		}
		return r.beginStage(cmd, out, d, t, work, stages, i, opt, examples, held, rep)
	}
	done.result, err = transfer.RetrainStages(ctx, work.model, examples, opt, stages, before)
	if done.result == nil && errors.Is(err, model.ErrSelection) && len(r.then) > 0 {
		return done, usage(errors.WithMessage(err, "--then "+strings.Join(r.then, " --then ")))
	}
	if done.result == nil || work.checkpoints == nil {
		return done, err
	}
	if err := t.save(work.checkpoints, err, out); err != nil {
		return done, err
	}
	done.lost = work.checkpoints.lost()
	opt = r.options(out, last)
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

// beginStage adds to the options of a stage what is of the stage alone, and tells of it.
func (r retrainFlags) beginStage(cmd *cobra.Command, out *output, d dataFlags, t trainingFlags, work *retraining, stages []transfer.Stage, i int, opt *transfer.Options, examples dataset.Examples, held *dataset.Set, rep *report.Gatherer) error {
	m := work.model
	t.Epochs, t.Rate = opt.Train.Epochs, opt.Solver.LearningRate
	layers, err := opt.Select.Resolve(m.Spec)
	if err != nil {
		return usage(err)
	}
	if opt.Solver.Factors, err = among(work.factors, layers, opt.Solver); err != nil {
		return usage(err)
	}
	t.Command, t.Train, t.Augment, t.LayerRates = cmd.Name(), opt.Select.String(), t.augment.String(), strings.Join(r.layerRates, ",")
	work.checkpoints, err = r.saved.begin(t.Recipe, m, work.from, &opt.Train, out)
	if err != nil {
		return err
	}
	if i == 0 {
		out.note("%s, %s; matrix products by %s", d.name, describe(held), gemm.Name())
		uneven(out, "training", held)
	}
	if err := announce(out, i, stages, t.Epochs); err != nil {
		return err
	}
	opt.Start = func(trainer *train.Trainer) error {
		if err := work.checkpoints.start(trainer); err != nil {
			return err
		}
		rep.Training(trainer.Net(), m.Weights, t.Recipe, report.Files{Data: d.name, Out: t.out}, held)
		defer printRates(out, layers, opt.Solver.LearningRate, work.factors)
		return layerTable(out, m.Spec, trainer.Net().TrainedWeights())
	}
	return t.augment.tellCost(cmd.Context(), out, m, opt.Select, examples)
}

// retraining is what a retraining begins with.
type retraining struct {
	data, test *dataset.Set
	from       *resumed           // what --resume names; nil for none
	model      *model.Network     // with the head for the data's classes
	factors    map[string]float64 // on the learning rate, by layer

	checkpoints *checkpointer // of the latest stage
}

// prepare reads the network and the data, and makes the one fit the other.
// selection is all that is ever trained.
func (r retrainFlags) prepare(ctx context.Context, out *output, d dataFlags, seed uint64, selection model.Selection) (*retraining, error) {
	pretrained, from, err := r.source()
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
		noteNegatives(out, *set, pretrained)
		if flag := r.headKeptBy(); flag == "" {
			*set, err = pretrained.Prepare(*set)
		} else if *set, err = continued(*set, pretrained); err != nil {
			err = usage(errors.Wrap(err, flag))
		}
		if err != nil {
			return nil, err
		}
	}
	if r.headKeptBy() != "" {
		classes = pretrained.Classes
	}
	m, err := r.network(pretrained, classes, seed)
	if err != nil {
		return nil, err
	}
	m.Seen, m.Meta = pretrained.Seen.And(data.Seen()), nil
	return &retraining{data: data, test: test, from: from, model: m, factors: factors}, nil
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
func (r retrainFlags) source() (*model.Network, *resumed, error) {
	if r.saved.resume != "" {
		from, err := readCheckpoint(r.saved.resume)
		if err != nil {
			return nil, nil, err
		}
		return from.network, from, nil
	}
	n, err := weightfile.ReadPartial(r.from)
	return n, nil, err
}

// network returns the pretrained network with the head that the flags ask for.
func (r retrainFlags) network(pretrained *model.Network, classes []string, seed uint64) (*model.Network, error) {
	if r.saved.resume != "" || r.keepHead {
		if err := pretrained.Weights.Check(pretrained.Spec); err != nil {
			return nil, err
		}
		kept := *pretrained
		kept.Classes = classes
		return &kept, nil
	}
	made, err := transfer.WithClasses(pretrained, classes, r.selection(), seed)
	if errors.Is(err, transfer.ErrFrozenRandom) {
		return nil, usage(errors.Wrapf(err, "%s: train it too, by --last or --train, or give --keep-head", r.from))
	}
	return made, err
}
