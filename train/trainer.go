package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

var (
	// ErrNothingTrained is the cause of New's error for a graph that is all
	// constants.
	ErrNothingTrained = errors.New("no layer of the network is trained")
	// ErrData is the cause of errors about examples that do not fit the
	// network.
	ErrData = model.ErrData
	// ErrSolverUsed is the cause of New's error for a solver of another training.
	ErrSolverUsed = errors.New("the solver remembers another training: take what Solver.New returns")
)

// dropoutStream keeps the dropout's random numbers apart from all others
// drawn from the same seed.
const dropoutStream = 0xd209

// Trainer trains the variables of one Net. It is not for use by several
// goroutines at once.
type Trainer struct {
	net     *model.Net
	solver  *Solver
	seed    uint64
	machine gorgonia.VM
	program fmt.Stringer  // what the machine runs
	labels  *tensor.Dense // [N], the value of the labels' node
	loss    *gorgonia.Node
	weights []float32 // [K] of the classes in the loss
	last    float64   // loss of the last epoch, or that of its last batch once more, if less
	chance  float64   // and that by chance, 0 before
	source  *rand.PCG // of the dropout masks
	loaded  bool      // the graph holds a batch
	run     run
}

// New adds to the net's graph the softmax cross-entropy of its logits and the
// gradient of that loss towards net.Trainable() and nothing else, and compiles
// it. Every random number, of dropout and of the order of the examples, comes
// from seed. A net can be given to New once, and so can a solver, which remembers
// its training: another one needs Solver.New.
func New(net *model.Net, solver *Solver, seed uint64) (*Trainer, error) {
	if err := solver.Validate(); err != nil {
		return nil, err
	}
	if solver.taken || solver.state.Steps > 0 {
		return nil, errors.Wrap(ErrSolverUsed, "new trainer")
	}
	if err := net.CheckWeights(); err != nil {
		return nil, err
	}
	for layer := range solver.Factors {
		if !slices.Contains(net.TrainedLayers(), layer) {
			return nil, errors.Errorf("learning rate of %s: that layer is not trained, expected one of %s", layer, strings.Join(net.TrainedLayers(), ", "))
		}
	}
	trainable := net.Trainable()
	if len(trainable) == 0 {
		return nil, errors.Wrap(ErrNothingTrained, "new trainer")
	}
	g, n := net.Scope().Graph(), net.Scope().Capacity()
	t := &Trainer{net: net, solver: solver, seed: seed, source: rand.NewPCG(seed, dropoutStream)}
	t.labels = tensor.New(tensor.WithShape(n), tensor.Of(tensor.Int)) // [N]
	labels := gorgonia.NewVector(g, tensor.Int, gorgonia.WithShape(n), gorgonia.WithName("labels"), gorgonia.WithValue(t.labels))
	t.weights = make([]float32, net.Spec().Classes())
	t.weigh(nil)
	var err error
	if t.loss, err = graphop.CrossEntropy(net.Scope(), "loss", net.Logits(), labels, t.weights); err != nil {
		return nil, err
	}
	if _, err := gorgonia.Grad(t.loss, trainable...); err != nil {
		return nil, errors.Wrap(err, "add the gradient to the graph")
	}
	if err := net.CheckNodes(); err != nil {
		return nil, err
	}
	machine := gorgonia.NewTapeMachine(g)
	t.machine, t.program = machine, machine.Prog()
	solver.taken = true
	return t, nil
}

// Net returns the net that is trained.
func (t *Trainer) Net() *model.Net { return t.net }

// Solver returns the solver.
func (t *Trainer) Solver() *Solver { return t.solver }

// Loss returns the node of the loss, a scalar.
func (t *Trainer) Loss() *gorgonia.Node { return t.loss }

// check returns an error unless New made the trainer.
func (t *Trainer) check() error {
	if t == nil || t.net == nil {
		return errors.Wrap(model.ErrNetwork, "found no trainer, expected one that New made")
	}
	return nil
}

// Close frees the machine.
func (t *Trainer) Close() error {
	if t.check() != nil {
		return nil
	}
	return t.machine.Close()
}

// StepReport is what one step did.
type StepReport struct {
	Step     int     // from 1, over all epochs
	Of       int     // steps in all, 0 when not known
	Examples int     // in the batch
	Correct  int     // of them, before the step and under dropout
	Loss     float64 // mean over the batch, before the step
	Rate     float64 // learning rate
}

// Step makes one training step on the examples with these indices, at most
// the net's batch: images into the graph, dropout masks drawn, forward,
// gradients, and the solver's step over net.Trainable(). What that leaves is not
// looked at, as Fit does: the next step's loss tells.
func (t *Trainer) Step(data dataset.Examples, indices []int) (StepReport, error) {
	r, err := t.Gradients(data, indices)
	if err != nil {
		return r, err
	}
	if err := t.solver.Step(gorgonia.NodesToValueGrads(t.net.Trainable())); err != nil {
		return r, errors.Wrapf(err, "step %d", r.Step)
	}
	t.run.steps++
	return r, nil
}

// Gradients does all of Step but the solver's part: afterwards the gradient of
// each trainable node is at its Grad method.
func (t *Trainer) Gradients(data dataset.Examples, indices []int) (StepReport, error) {
	if err := t.check(); err != nil {
		return StepReport{}, err
	}
	r := StepReport{Step: t.run.steps + 1, Examples: len(indices), Rate: t.solver.LearningRate}
	if err := t.net.Load(data, indices); err != nil {
		return r, err
	}
	labels := t.labels.Ints()
	for i, index := range indices {
		labels[i] = data.Label(index)
	}
	t.drawMasks(len(indices))
	t.loaded = true
	var err error
	if r.Loss, err = t.forward(); err != nil {
		return r, errors.WithMessagef(err, "step %d", r.Step)
	}
	r.Correct = countCorrect(t.net, labels[:len(indices)])
	return r, nil
}

// forward runs the graph on the batch that it holds, gradients too, and returns
// the loss.
func (t *Trainer) forward() (float64, error) {
	t.machine.Reset()
	if err := runAll(t.machine); err != nil {
		return 0, errors.WithStack(err)
	}
	loss := float64(*t.loss.Value().(*gorgonia.F32))
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return loss, errors.Wrapf(ErrDiverged, "the loss is %v at learning rate %g; try a smaller one", loss, t.solver.LearningRate)
	}
	return loss, nil
}

// runAll runs the machine. The error is the operator's: Gorgonia wraps it in one
// that hides its cause, and before it speaks of its instructions.
func runAll(machine gorgonia.VM) error {
	err := machine.RunAll()
	if wrapped, ok := err.(interface{ Err() error }); ok {
		err = wrapped.Err()
	}
	for err != nil && strings.HasPrefix(err.Error(), "PC ") {
		err = errors.Unwrap(err)
	}
	return err
}

// checkData is Net.CheckExamples, and the labels must be those the logits can
// give.
func checkData(net *model.Net, data dataset.Examples) error {
	if err := net.CheckExamples(data); err != nil {
		return err
	}
	classes := net.Spec().Classes()
	for i := range data.Len() {
		if label := data.Label(i); label < 0 || label >= classes {
			return errors.Wrapf(ErrData, "label of example %d: found %d, expected 0 to %d: the network has %d classes", i, label, classes-1, classes)
		}
	}
	return nil
}

// drawMasks draws the dropout masks of n rows: 0 with probability rate,
// 1/(1-rate) otherwise.
func (t *Trainer) drawMasks(n int) {
	for _, m := range t.net.Masks() {
		values := m.Values[:n*len(m.Values)/t.net.Scope().Capacity()]
		dropped := int64(m.Rate * (1 << 32))
		kept := math.Float32bits(float32(1 / (1 - m.Rate)))
		var bits uint64
		for i := range values {
			if i%2 == 0 {
				bits = t.source.Uint64()
			}
			// All ones where the draw is below: a branch would be mispredicted
			// every other time.
			below := uint32((int64(uint32(bits)) - dropped) >> 63)
			values[i] = math.Float32frombits(kept &^ below)
			bits >>= 32
		}
	}
}

// countCorrect returns how many rows of the logits are largest at their label.
func countCorrect(net *model.Net, labels []int) int {
	logits := net.Result(len(labels))
	k := len(logits) / len(labels)
	correct := 0
	for i, label := range labels {
		if argmax(logits[i*k:(i+1)*k]) == label {
			correct++
		}
	}
	return correct
}

func argmax(v []float32) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}
