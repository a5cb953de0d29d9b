package train

import (
	"math"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// ErrCheckpoint is the cause of Restore's errors: the checkpoint is of another
// training, or damaged.
var ErrCheckpoint = errors.New("the checkpoint does not fit this training")

// Checkpoint is how far a training is. With the weights it lets another Trainer of
// the same network, selection, batch, solver, seed, data and kernel continue, bit
// for bit. It marshals to JSON without its tensors.
type Checkpoint struct {
	Trained []string `json:"trained"` // weights
	Batch   int      `json:"batch"`   // the net's
	Solver  string   `json:"solver"`
	Seed    uint64   `json:"seed"`
	// Kernel is model.Kernel: another one rounds in another way. Restore does not
	// compare where it is "", as in checkpoints of before it was noted, and where
	// a caller that takes other last bits has it so.
	Kernel string `json:"kernel,omitempty"`

	Steps       int                 `json:"steps"`
	SolverSteps int                 `json:"solver_steps"`
	Dropout     []byte              `json:"dropout"` // state of the masks' random source
	Batches     *dataset.BatchState `json:"batches,omitempty"`
	Epoch       EpochSums           `json:"epoch"`
	Judged      bool                `json:"judged"` // there is a best validation loss
	Best        float64             `json:"best"`
	Stale       int                 `json:"stale"` // epochs since

	// Tensors are the solver's state, as "solver/velocity/fc1/W", and the best
	// weights so far, where they are kept, as "best/fc1/W".
	Tensors map[string][]float32 `json:"-"`
}

// EpochSums is what an unfinished epoch has added up to.
type EpochSums struct {
	Examples int     `json:"examples"`
	Correct  int     `json:"correct"`
	Loss     float64 `json:"loss"` // sum over the examples
	Seconds  float64 `json:"seconds"`
	Rate     float64 `json:"rate"`
	Ended    bool    `json:"ended"` // all steps made, not yet evaluated
}

const (
	solverTensors = "solver/"
	bestTensors   = "best/"
)

// Checkpoint returns how far the training is. A Hook may call it.
func (t *Trainer) Checkpoint() (Checkpoint, error) {
	if err := t.check(); err != nil {
		return Checkpoint{}, err
	}
	dropout, err := t.source.MarshalBinary()
	if err != nil {
		return Checkpoint{}, errors.Wrap(err, "state of the dropout's random source")
	}
	state := t.solver.State()
	e := t.run.epoch
	c := Checkpoint{
		Trained: t.net.TrainedWeights(), Batch: t.net.Scope().Capacity(), Solver: t.solver.Name(), Seed: t.seed, Kernel: model.Kernel(),
		Steps: t.run.steps, SolverSteps: state.Steps, Dropout: dropout,
		Epoch:  EpochSums{e.Examples, e.Correct, e.Loss, e.Seconds, e.Rate, t.run.ended},
		Judged: t.run.judged, Best: t.run.best, Stale: t.run.stale,
		Tensors: map[string][]float32{},
	}
	if c.Batches = t.run.resume; t.run.batches != nil {
		batches := t.run.batches.State()
		c.Batches = &batches
	}
	for name, v := range state.Tensors {
		c.Tensors[solverTensors+name] = v
	}
	if t.run.kept != nil {
		for _, name := range t.run.kept.Names() {
			c.Tensors[bestTensors+name] = append([]float32(nil), t.run.kept.Get(name).Float32s()...)
		}
	}
	return c, nil
}

// Restore puts the trainer where c was taken. The weights are the caller's to
// put back, before; the data is compared by the next Fit. An error, whose cause
// is ErrCheckpoint, names what differs and leaves the trainer as it was.
func (t *Trainer) Restore(c Checkpoint) error {
	if err := t.check(); err != nil {
		return err
	}
	next := run{steps: c.Steps, ended: c.Epoch.Ended, judged: c.Judged, best: c.Best, stale: c.Stale, resume: c.Batches}
	next.epoch = EpochReport{Examples: c.Epoch.Examples, Correct: c.Epoch.Correct, Loss: c.Epoch.Loss, Seconds: c.Epoch.Seconds, Rate: c.Epoch.Rate}
	if err := t.checkCheckpoint(c); err != nil {
		return err
	}
	state := State{Steps: c.SolverSteps, Tensors: map[string][]float32{}}
	for name, values := range c.Tensors {
		if solver, ok := strings.CutPrefix(name, solverTensors); ok {
			state.Tensors[solver] = values
		}
	}
	var err error
	if next.kept, err = t.keptFrom(c); err != nil {
		return err
	}
	source := *t.source
	if err := source.UnmarshalBinary(c.Dropout); err != nil {
		return errors.Wrapf(ErrCheckpoint, "dropout: found %d bytes that are not the state of its random source", len(c.Dropout))
	}
	if err := t.solver.SetState(state); err != nil {
		return errors.Wrap(ErrCheckpoint, err.Error())
	}
	*t.source, t.run = source, next
	return nil
}

// checkCheckpoint compares what must be the same and the ranges of the rest.
func (t *Trainer) checkCheckpoint(c Checkpoint) error {
	trained := t.net.TrainedWeights()
	switch {
	case !slices.Equal(c.Trained, trained):
		return errors.Wrapf(ErrCheckpoint, "trained weights: found %v, expected %v", c.Trained, trained)
	case c.Batch != t.net.Scope().Capacity():
		return errors.Wrapf(ErrCheckpoint, "batch: found %d, expected %d", c.Batch, t.net.Scope().Capacity())
	case c.Solver != t.solver.Name():
		return errors.Wrapf(ErrCheckpoint, "solver: found %q, expected %q", c.Solver, t.solver.Name())
	case c.Seed != t.seed:
		return errors.Wrapf(ErrCheckpoint, "seed: found %d, expected %d", c.Seed, t.seed)
	case c.Kernel != "" && c.Kernel != model.Kernel():
		return errors.Wrapf(ErrCheckpoint, "matrix products: found those of %q, expected those in use, of %q: the last bits of the weights would be others; choose the kernel that the training began with", c.Kernel, model.Kernel())
	case c.Steps < 0 || c.SolverSteps < 0 || c.Stale < 0 || c.Epoch.Examples < 0 || c.Epoch.Correct < 0:
		return errors.Wrap(ErrCheckpoint, "found a negative count")
	case math.IsNaN(c.Best) || math.IsNaN(c.Epoch.Loss):
		return errors.Wrap(ErrCheckpoint, "found a loss that is not a number")
	}
	for name, values := range c.Tensors {
		solver, isSolver := strings.CutPrefix(name, solverTensors)
		_, parameter, _ := strings.Cut(solver, "/")
		best, isBest := strings.CutPrefix(name, bestTensors)
		if isBest {
			parameter = best
		}
		if !(isSolver || isBest) || !slices.Contains(trained, parameter) {
			return errors.Wrapf(ErrCheckpoint, "tensor %q: this training has no such state", name)
		}
		if want := len(t.net.Weights().Get(parameter).Float32s()); len(values) != want {
			return errors.Wrapf(ErrCheckpoint, "tensor %q: found %d values, expected %d", name, len(values), want)
		}
	}
	return nil
}

// keptFrom returns the best weights of a checkpoint: all of them, or nil.
func (t *Trainer) keptFrom(c Checkpoint) (*model.Weights, error) {
	kept := model.NewWeights()
	trained := t.net.TrainedWeights()
	for _, name := range trained {
		if values, ok := c.Tensors[bestTensors+name]; ok {
			kept.SetValues(name, t.net.Weights().Get(name).Shape(), append([]float32(nil), values...))
		}
	}
	switch len(kept.Names()) {
	case 0:
		return nil, nil
	case len(trained):
		return kept, nil
	}
	return nil, errors.Wrapf(ErrCheckpoint, "best weights: found %v alone, expected all of %v", kept.Names(), trained)
}
