package train

import (
	"cmp"
	"context"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Options says how Fit trains.
type Options struct {
	Epochs     int              // passes over the data in all, from 1
	Schedule   Schedule         // of the learning rate; ConstantRate when nil
	Validation dataset.Examples // evaluated after each epoch; nil for none
	Patience   int              // epochs without a smaller validation loss before Fit stops and puts the best weights back; 0: never
	Hook       Hook             // called after steps and epochs; may be nil
	// ClassWeights are factors on the loss of an example, by its class, each from
	// 0: see BalancedWeights. The loss of Validation is without. Nil for 1.
	ClassWeights []float64
}

// Hook is called while Fit runs, between the steps. An error ends the training.
type Hook interface {
	Step(StepReport) error
	Epoch(EpochReport) error
}

// run is how far the training is: all that changes from step to step, the
// weights, the solver's state and the dropout's source apart.
type run struct {
	steps   int
	batches *dataset.Batches
	resume  *dataset.BatchState // where the batches are to go on, from a checkpoint
	epoch   EpochReport         // sums of the epoch under way: Loss is a sum over examples
	ended   bool                // its steps are all made, its evaluation and report are not
	judged  bool                // there is a best
	best    float64             // smallest validation loss
	stale   int                 // epochs since
	kept    *model.Weights
}

// Fit trains until opt.Epochs epochs are done, counting those done before. The
// examples are shuffled in each epoch, and a smaller last batch is trained on
// too.
//
// When ctx is done Fit stops between two steps and returns ctx's error; another
// call continues with the next step. It ends by running the last batch once
// more: weights that do not give a finite loss are an ErrDiverged.
func (t *Trainer) Fit(ctx context.Context, data dataset.Examples, opt Options) error {
	if err := t.check(); err != nil {
		return err
	}
	err := t.begin(data, &opt)
	if err != nil {
		return err
	}
	var validation *Evaluator
	if opt.Validation != nil {
		net, err := t.net.ForEvaluation(evaluationBatch)
		if err != nil {
			return err
		}
		if validation, err = NewEvaluator(net); err != nil {
			return err
		}
		defer validation.Close()
	}
	base := t.solver.LearningRate
	defer func() { t.solver.LearningRate = base }()
	perEpoch := t.run.batches.PerEpoch()
	total := opt.Epochs * perEpoch
	for t.run.ended || t.run.steps < total && !t.impatient(opt) {
		switch {
		case t.run.ended:
			err = t.endEpoch(ctx, validation, opt, t.run.steps/perEpoch)
		case ctx.Err() != nil:
			err = cmp.Or(t.checkFinite(), ctx.Err())
		default:
			err = t.fitStep(data, opt, base, total)
		}
		if err != nil {
			return err
		}
	}
	t.restoreBest()
	return t.checkLast()
}

// evaluationBatch is how many examples the evaluation runs at a time, at most.
const evaluationBatch = 250

func (t *Trainer) begin(data dataset.Examples, opt *Options) error {
	if opt.Epochs < 1 {
		return errors.Errorf("epochs: found %d, expected from 1", opt.Epochs)
	}
	if opt.Patience < 0 || opt.Patience > 0 && opt.Validation == nil {
		return errors.Errorf("patience: found %d, expected 0, or more and a validation set", opt.Patience)
	}
	if opt.Schedule == nil {
		opt.Schedule = ConstantRate
	}
	if err := checkData(t.net, data); err != nil {
		return err
	}
	if opt.Validation != nil {
		if err := checkData(t.net, opt.Validation); err != nil {
			return errors.Wrap(err, "validation")
		}
	}
	if err := CheckWeights(opt.ClassWeights, len(t.weights)); err != nil {
		return err
	}
	t.weigh(opt.ClassWeights)
	t.last, t.chance = 0, ChanceLoss(data, opt.ClassWeights)
	if t.run.batches != nil {
		if n := t.run.batches.State().N; n != data.Len() {
			return errors.Wrapf(ErrData, "examples: found %d, expected the %d that Fit began with", data.Len(), n)
		}
		return nil
	}
	batches, err := dataset.NewBatches(data.Len(), min(t.net.Scope().Capacity(), data.Len()), t.seed)
	if err != nil {
		return err
	}
	if t.run.resume != nil {
		if err := batches.SetState(*t.run.resume); err != nil {
			return errors.Wrap(ErrCheckpoint, err.Error())
		}
	}
	t.run.batches = batches
	return nil
}

// impatient reports whether patience is at its end.
func (t *Trainer) impatient(opt Options) bool { return opt.Patience > 0 && t.run.stale >= opt.Patience }

// fitStep makes one step.
func (t *Trainer) fitStep(data dataset.Examples, opt Options, base float64, total int) error {
	start := time.Now()
	t.solver.LearningRate = base * opt.Schedule(t.run.steps, total)
	if d, varies := data.(dataset.Varying); varies {
		d.StartEpoch(t.run.steps / t.run.batches.PerEpoch())
	}
	indices, last := t.run.batches.Next()
	r, err := t.Step(data, indices)
	if err != nil {
		return err
	}
	t.run.ended = last
	e := &t.run.epoch
	e.Examples += r.Examples
	e.Correct += r.Correct
	e.Loss += r.Loss * float64(r.Examples)
	e.Rate = r.Rate
	e.Seconds += time.Since(start).Seconds()
	if opt.Hook != nil {
		r.Of = total
		return opt.Hook.Step(r)
	}
	return nil
}

// endEpoch evaluates and reports. Where the evaluation is cut short, a further
// Fit begins with it.
func (t *Trainer) endEpoch(ctx context.Context, validation *Evaluator, opt Options, epoch int) error {
	r := t.run.epoch
	r.Epoch, r.Of = epoch, opt.Epochs
	r.Loss /= float64(r.Examples)
	t.last = r.Loss
	if err := t.checkFinite(); err != nil {
		return err
	}
	if validation != nil {
		m, err := validation.Evaluate(ctx, opt.Validation)
		if err != nil {
			return errors.Wrapf(err, "validation after epoch %d", epoch)
		}
		r.Validation = &m
		r.Best = t.judge(m.Loss, opt.Patience > 0)
	}
	t.run.ended, t.run.epoch = false, EpochReport{}
	if opt.Hook != nil {
		return opt.Hook.Epoch(r)
	}
	return nil
}

// judge compares a validation loss with the best, and keeps a copy of the
// trained weights when it is better and they may be needed.
func (t *Trainer) judge(loss float64, keep bool) (best bool) {
	if t.run.judged && !(loss < t.run.best) {
		t.run.stale++
		return false
	}
	t.run.judged, t.run.best, t.run.stale = true, loss, 0
	if keep {
		t.run.kept = model.NewWeights()
		for _, name := range t.net.TrainedWeights() {
			w := t.net.Weights().Get(name)
			t.run.kept.SetValues(name, w.Shape(), append([]float32(nil), w.Float32s()...))
		}
	}
	return true
}

// restoreBest puts the best weights back, if they were kept.
func (t *Trainer) restoreBest() {
	if t.run.kept == nil {
		return
	}
	for _, name := range t.run.kept.Names() {
		copy(t.net.Weights().Get(name).Float32s(), t.run.kept.Get(name).Float32s())
	}
}
