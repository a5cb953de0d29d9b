package train

import (
	"fmt"
	"maps"
	"slices"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

var (
	// ErrNotFinite is the cause of errors about NaN or infinity in what a network
	// computes, or in its weights. Such a network cannot answer.
	ErrNotFinite = errors.New("NaN or infinity in the network")
	// ErrDiverged is the cause of errors about a training that led to NaN or
	// infinity; errors.Is finds ErrNotFinite in it too. A step whose loss is not
	// finite changes nothing, but the one before it may have left weights that are
	// useless.
	ErrDiverged = fmt.Errorf("training diverged: %w", ErrNotFinite)
)

// notFinite returns the index of the first number that is NaN or infinite, or -1.
func notFinite(values []float32) int {
	return slices.IndexFunc(values, func(v float32) bool { return v-v != 0 })
}

// checkOutputs returns an error that names the first example whose outputs,
// [len(indices), n], are not all finite.
func checkOutputs(net *model.Net, indices []int, outputs []float32) error {
	if i := notFinite(outputs); i >= 0 {
		n := len(outputs) / len(indices)
		return errors.Wrapf(ErrNotFinite, "example %d: the network gives %v at output %d of %d: weights, or the numbers of the example, are too large; train again with a smaller learning rate, or check how the images are prepared", indices[i/n], outputs[i], i%n, n)
	}
	return nil
}

// checkFinite returns an error that names the first trained weight, or tensor of
// the solver's, that is not finite after the steps made.
func (t *Trainer) checkFinite() error {
	for _, name := range t.net.TrainedWeights() {
		if err := t.checkTensor("weight "+name, t.net.Weights().Get(name).Float32s()); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.solver.state.Tensors)) {
		if err := t.checkTensor("the solver's "+name, t.solver.state.Tensors[name]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Trainer) checkTensor(name string, values []float32) error {
	if i := notFinite(values); i >= 0 {
		return errors.Wrapf(ErrDiverged, "step %d: %s holds %v at learning rate %g; try a smaller one", t.run.steps, name, values[i], t.solver.LearningRate)
	}
	return nil
}

// checkLast makes sure that the weights that the last step left are finite and
// give a finite loss: it runs the last batch, where there was one, once more with
// the same dropout, and changes nothing.
func (t *Trainer) checkLast() error {
	if err := t.checkFinite(); err != nil || !t.loaded {
		return err
	}
	loss, err := t.forward()
	t.last = min(t.last, loss)
	return errors.WithMessagef(err, "after step %d", t.run.steps)
}
