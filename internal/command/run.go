package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/command/report"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// run is a training as the flags of train, retrain or lr-find ask for it.
type run struct {
	cmd    *cobra.Command
	out    *output
	data   dataFlags
	t      trainingFlags
	r      retrainFlags
	stages []transfer.Stage
	report *report.Gatherer
}

// outcome is the result of a training.
type outcome struct {
	model   *model.Network
	test    *dataset.Set
	result  *transfer.Result      // nil where nothing was frozen
	exact   *transfer.ExactResult // nil by steps
	metrics train.Metrics         // of the test images
	lost    error                 // why the last checkpoint could not be written
	weights []float64             // of the classes; nil for none
	stuck   string                // says so if nothing was learnt
}

// bySteps checks the flags of train or retrain and does what they say.
func (u run) bySteps() error {
	if err := cmp.Or(u.t.check(), u.t.augment.checkCut(u.r.noCache), u.r.saved.check()); err != nil {
		return err
	}
	if err := apart(slices.Concat(u.t.files(), u.r.files(), u.r.saved.files())...); err != nil {
		return err
	}
	var err error
	if u.stages, err = u.r.stages(u.cmd, u.t.Rate); err != nil {
		return usage(err)
	}
	return u.tell(run.train)
}

// tell trains, also for --repeats, and prints the results.
func (u run) tell(how func(run) (outcome, error)) (err error) {
	start, ctx := time.Now(), u.cmd.Context()
	if u.report, err = u.t.report.begin(u.cmd, u.out); err != nil {
		return err
	}
	defer func() { err = cmp.Or(errors.Wrap(u.report.End(ctx, err), "--report"), err) }()
	unused := &unusedFiles{}
	u.data.unused, u.data.skipped = unused, u.report.Skipped
	done, err := how(u)
	if err != nil {
		return err
	}
	u.data.unused, u.data.skipped = nil, nil // further runs read the same
	if done.result != nil {
		u.out.lines(done.result.String())
	}
	u.out.text("test %s; written to %s", done.metrics, u.t.out)
	if done.stuck != "" {
		u.out.warn("%s", done.stuck)
	}
	if err := u.report.Tested(ctx, done.model, done.test, done.metrics); err != nil {
		return err
	}
	repeats, err := u.repeat(done, how)
	if err != nil {
		return err
	}
	line := newDoneLine(done.metrics, done.result, start, u.t.out)
	line.Report, line.ExactResult, line.repeatsDone, line.ClassWeights = u.report.Page(), done.exact, repeats, done.weights
	line.unusedFiles = *unused
	line.Stuck, line.Overlap = done.stuck, done.model.Seen.Overlap(done.test)
	u.out.lines(line.Overlap.String())
	if err := u.report.Write(line); err != nil {
		return errors.Wrap(err, "--report")
	}
	return cmp.Or(u.out.object(line), done.lost)
}

// train trains stage by stage, writes the network after each stage and evaluates it.
// What an interrupted training has learnt is written too.
func (u run) train() (done outcome, err error) {
	ctx, last, out, t := u.cmd.Context(), u.stages[len(u.stages)-1].Select, u.out, &u.t
	w, err := u.prepare(last)
	if err != nil {
		return done, err
	}
	done.model, done.test = w.model, w.test
	t.forSmall(u.cmd, w.data, out)
	data, opt, err := transfer.Follow(&t.Recipe, w.data)
	if err != nil {
		return done, errors.Wrap(err, "--validation")
	}
	examples, err := t.augment.changes.Of(data, t.Seed)
	if err != nil {
		return done, usage(errors.Wrap(err, "--augment-copies"))
	}
	done.weights = opt.Train.ClassWeights
	u.r.features(&opt, out)
	opt.Kept = w.kept
	opt.Solver.Factors, opt.Train.Hook = w.factors, u.report.Hook(&progressHook{out: out})
	t.Command, t.Train, t.Augment, t.LayerRates = u.cmd.Name(), u.stages[0].Select.String(), t.augment.changes.String(), strings.Join(u.r.layerRates, ",")
	if opt.Saver, opt.Resume, err = u.r.saved.begin(t.Recipe, w.from, out); err != nil {
		return done, err
	}
	before := func(i int, opt *transfer.Options) error {
		if i > 0 {
			if err := t.write(w.model, nil, out); err != nil {
				return err
			}
		}
		if err := opt.Solver.Validate(); err != nil {
			return usage(err)
		}
		if i == 0 {
			u.begin(data, done.weights)
		}
		opt.Start = func(trainer *train.Trainer) error {
			u.report.Training(trainer.Net(), w.model.Weights, t.Recipe, report.Files{Data: u.data.name, Out: t.out}, data)
			defer printRates(out, trainer.Net().TrainedLayers(), opt.Solver)
			return out.layers(w.model.Spec, trainer.Net().TrainedWeights())
		}
		if stage := opt.Stage(i, len(u.stages)); stage.Of > 1 {
			out.text("%s", stage)
			if err := out.object(stage); err != nil {
				return err
			}
		}
		return t.augment.tellCost(ctx, out, w.model, opt.Select, examples)
	}
	result, err := transfer.RetrainStages(ctx, w.model, examples, opt, u.stages, before)
	switch {
	case result != nil:
		if done.stuck = result.Stuck; !u.r.fresh {
			done.result = result
		}
	case errors.Is(err, model.ErrSelection) && len(u.r.then) > 0:
		return done, usage(errors.WithMessage(err, "--then "+strings.Join(u.r.then, " --then ")))
	case errors.Is(err, train.ErrCheckpoint):
		return done, errors.WithMessage(err, "--resume")
	default:
		return done, err
	}
	done.lost = lost(opt.Saver)
	if err = t.write(w.model, err, out); err != nil {
		if done.lost != nil && errors.Is(err, context.Canceled) {
			err = fmt.Errorf("%w; %w", err, done.lost)
		}
		return done, err
	}
	opt.Select, opt.Progress = last, out.images("test images")
	done.metrics, err = transfer.Evaluate(ctx, w.model, w.test, opt)
	return done, err
}

// dataName is the folder, or the feature files, that are trained on.
func (u run) dataName() string {
	if u.r.shards.named() {
		return strings.Join(u.r.shards.names, " ")
	}
	return u.data.name
}

// begin prints what is trained on.
func (u run) begin(data *dataset.Set, weights []float64) {
	u.out.note("%s, %s; matrix products by %s", u.dataName(), data, model.Kernel())
	uneven(u.out, "training", data)
	if weights != nil {
		least, most, fewest, largest := data.Extremes()
		weight := func(name string) float64 { return weights[slices.Index(data.Classes, name)] }
		u.out.note("class weights: each class counts the same, each of the %d images of %s %.3g times, each of the %d of %s %.3g times", fewest, least, weight(least), largest, most, weight(most))
	}
}

// work is what a training begins with.
type work struct {
	data, test *dataset.Set
	from       *train.Resumed     // what --resume names; nil for none
	model      *model.Network     // with the head for the data's classes
	factors    map[string]float64 // on the learning rate, by layer
	kept       transfer.Kept      // outputs that stay as they are, by --keep-classes
}

// prepare reads the network, unless a fresh one is trained, and the data, and fits one
// to the other. selection is everything that any stage trains.
func (u run) prepare(selection model.Selection) (w work, err error) {
	var pretrained *model.Network
	switch {
	case u.r.saved.resume != "":
		if w.from, err = train.Resume(u.r.saved.resume); err != nil {
			return w, err
		}
		pretrained = w.from.Network
	case !u.r.fresh:
		if pretrained, err = u.r.said.openPartial(u.cmd.Context(), u.out, u.r.from); err != nil {
			return w, err
		}
		if layer := u.r.said.features; layer != "" {
			// A head for the classes of the data follows.
			if pretrained, err = transfer.HeadOn(pretrained, layer, false, []string{"0", "1"}, u.t.Seed); err != nil {
				return w, err
			}
		}
	}
	if pretrained != nil {
		if w.factors, err = u.r.factors(pretrained.Spec, selection); err != nil {
			return w, usage(err)
		}
	}
	if pretrained != nil {
		u.data.of(pretrained)
	}
	if u.r.shards.named() {
		u.data.name = u.dataName()
		u.data.known = func(opt dataset.Options) (train, test *dataset.Set, err error) {
			return u.r.shards.sets(u.out, pretrained, selection, opt)
		}
	}
	fresh := model.DeepMNIST()
	if u.r.said.arch != "" && u.r.fresh {
		if fresh, err = u.r.said.fresh(pretrained, &u.data); err != nil {
			return w, usage(err)
		}
	}
	if w.data, w.test, err = u.data.open(u.cmd.Context(), u.out, u.t.Seed); err != nil {
		return w, err
	}
	if w.model = pretrained; u.r.fresh {
		if w.model == nil {
			w.model, err = model.Fresh(fresh, w.data, u.t.Seed)
		}
		return w, err
	}
	noteNegatives(u.out, w.data, pretrained)
	noteNegatives(u.out, w.test, pretrained)
	if u.r.grow {
		return u.grow(w)
	}
	kept := u.r.headKeptBy()
	w.model, w.data, w.test, err = transfer.Adapt(pretrained, w.data, w.test, transfer.Adaptation{KeepHead: kept != "", Trained: u.r.selection(), Seed: u.t.Seed})
	switch {
	case kept != "" && errors.Is(err, model.ErrData):
		return w, usage(errors.Wrap(err, kept))
	case errors.Is(err, transfer.ErrFrozenRandom):
		return w, usage(errors.Wrapf(err, "%s: train it too, by --last or --train, or give --keep-head", u.r.from))
	case err == nil:
		w.model.Meta = nil
	}
	return w, err
}

// grow adds the new classes of the data to the network.
func (u run) grow(w work) (work, error) {
	g, err := transfer.Grow(w.model, w.data, w.test, u.t.Seed)
	if err != nil {
		return w, errors.Wrap(err, "--keep-classes")
	}
	held := 0
	if g.Kept.Held != nil {
		held = g.Kept.Held.Len()
	}
	u.out.note("new classes: %s, besides the %d of %s; %d images of old classes are set aside to limit the new outputs", dataset.Classes(g.New), g.Kept.Outputs, u.r.from, held)
	if len(g.Missing) > 0 {
		u.out.warn("no images of %d of the old classes, %s: photos of those may now be taken for a new class", len(g.Missing), dataset.Classes(g.Missing))
	}
	w.model, w.data, w.test, w.kept = g.Network, g.Data, g.Test, g.Kept
	w.model.Meta = nil
	return w, nil
}
