package command

import (
	"cmp"
	"math"

	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// exactSolver is the solver that takes the last layer to its optimum.
const exactSolver = "lbfgs"

// exactFlags are the flags of retrain for that solver alone.
type exactFlags struct {
	iterations int
}

func (e *exactFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&e.iterations, "iterations", 2000, "with --solver lbfgs: most iterations; it stops earlier once the optimum is proven to be near")
	f.Lookup("solver").Usage = train.SolverList() + "; or lbfgs: the exact optimum of the last layer, from all images at once, without dropout"
}

// stepwise are the flags that mean nothing without steps, batches and epochs.
var stepwise = []string{"epochs", "batch", "lr", "momentum", "schedule", "validation", "patience", "checkpoint", "every", "resume", "no-cache", "report", "then", "layer-lr"}

func (e *exactFlags) check(cmd *cobra.Command, r retrainFlags, decay float64) error {
	if name := given(cmd, stepwise...); name != "" {
		return usage(errors.Errorf("--%s: does not go with --solver lbfgs, which finds the optimum of the last layer from all images at once: there are no steps", name))
	}
	if r.last != 1 || len(r.patterns) > 0 {
		return usage(errors.New("--solver lbfgs: trains only the last layer, a convex problem: expected --last 1 and no --train"))
	}
	if !(decay >= 0) || math.IsInf(decay, 0) {
		return usage(errors.Errorf("--weight-decay: found %v, expected a number from 0", decay))
	}
	if e.iterations < 1 {
		return usage(errors.Errorf("--iterations: found %d, expected from 1", e.iterations))
	}
	return nil
}

// exactly checks the flags of retrain for the exact solver and does what they say.
func (u run) exactly() error {
	t := &u.t
	if err := cmp.Or(u.r.exact.check(u.cmd, u.r, t.Decay), t.augment.check(), t.augment.checkCut(false), t.checkOut()); err != nil {
		return err
	}
	if err := apart(append(t.files(), u.r.files()...)...); err != nil {
		return err
	}
	return u.tell(run.solve)
}

// solve takes the last layer to its optimum, writes the network and evaluates it.
func (u run) solve() (done outcome, err error) {
	ctx, out, selection := u.cmd.Context(), u.out, u.r.selection()
	w, err := u.prepare(selection)
	if err != nil {
		return done, err
	}
	m := w.model
	examples, err := u.t.augment.changes.Of(w.data, u.t.Seed)
	if err != nil {
		return done, usage(errors.Wrap(err, "--augment-copies"))
	}
	trained, err := selection.Resolve(m.Spec)
	if err != nil {
		return done, err
	}
	if u.t.Weights == train.Balanced {
		done.weights = train.BalancedWeights(w.data.Counts())
	}
	u.begin(w.data, done.weights)
	if err := out.layers(m.Spec, transfer.Only(m.Weights, trained...).Names()); err != nil {
		return done, err
	}
	if err := u.t.augment.tellCost(ctx, out, m, selection, examples); err != nil {
		return done, err
	}
	opt := transfer.Options{Select: selection}
	u.r.features(&opt, out)
	var failed error
	result, err := transfer.Exact(ctx, m, examples, transfer.ExactOptions{
		WeightDecay: u.t.Decay, ClassWeights: done.weights, Kept: w.kept, Iterations: u.r.exact.iterations,
		Features: feature.Options{CacheMemory: opt.CacheMemory, CacheDir: opt.CacheDir, Warn: opt.Warn, Progress: opt.Progress},
		Iteration: func(i transfer.ExactIteration) {
			out.bar("lbfgs", "iterations", int64(i.Of)).set(int64(i.Iteration))
			failed = cmp.Or(failed, out.object(i))
		},
	})
	if result == nil {
		return done, err
	}
	if err := cmp.Or(failed, u.t.write(m, err, out)); err != nil {
		return done, err
	}
	opt.Progress = out.images("test images")
	metrics, err := transfer.Evaluate(ctx, m, w.test, opt)
	if !result.Converged {
		out.warn("the optimum is not reached: after %d iterations the objective is %.4g and may be %.2g too high; %s", result.Iterations, result.Objective, result.Gap, u.r.exact.advice(result))
	}
	out.text("%s", result)
	return outcome{m, w.test, &result.Result, result, metrics, nil, done.weights, result.Stuck}, err
}

// advice says what helps a search that did not reach the optimum.
func (e *exactFlags) advice(result *transfer.ExactResult) string {
	if result.Iterations >= e.iterations {
		return "allow more by --iterations, or give a larger --weight-decay, which needs fewer"
	}
	return "give a larger --weight-decay"
}
