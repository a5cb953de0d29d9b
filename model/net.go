package model

import (
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/typednil"
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	// Gorgonia and tensor panic at start on a current Go unless this package
	// is at least at the version in go.mod: the import keeps it there.
	_ "go4.org/unsafe/assume-no-moving-gc"
)

// Net is the graph of a network: trained weights are variables, all others
// constants. It shares the memory of the Weights it was built from, so that
// graphs built from the same Weights see each other's training.
//
// One machine at a time may run a Net.
type Net struct {
	network  *Network
	wiring   *wiring
	trained  []string // layers
	batch    int
	bounded  bool // the batch is at most that
	constant bool // as ConstantWeights promises
	cut      *Cut // of which part is the graph; nil for a whole network
	trunk    bool // the part is the trunk, otherwise the head
	scope    *graphop.Scope
	inputs   []input
	row      []float32        // [N, ...]: what Load gathers when there are several inputs, otherwise nil
	outputs  []*gorgonia.Node // the logits, or the features of a trunk
	result   []float32        // of several outputs
	masks    []Mask
	nodes    map[string]*gorgonia.Node // by weight name
	steps    []Step
	shared   *graphop.Memory // nil: each operator has memory of its own
}

// input is one of the graph's inputs: the images, or a feature of the trunk.
type input struct {
	layer string
	node  *gorgonia.Node
	value *tensor.Dense // [N,C,H,W] or [N,F]
}

// Mask is the input of a dropout layer in training: a value of its node's shape
// that holds 0 with probability Rate and 1/(1-Rate) otherwise, to be drawn
// again before each run.
type Mask struct {
	Layer  string
	Rate   float64
	Values []float32
}

// Step is one node of the forward pass: a layer, with those that are fused into
// it, such as its ReLU.
type Step struct {
	Layers []string
	Node   *gorgonia.Node
}

// CheckWeights returns nil when the node of each weight holds the tensor that
// Weights holds under that name, otherwise an error whose cause is ErrWeights.
// Weights.Set and SetValues after Build put another tensor there, which this
// graph would neither read nor train. Gorgonia does the same when it merges
// nodes whose hashes agree, whatever they hold.
func (n *Net) CheckWeights() error {
	if err := n.check(); err != nil {
		return err
	}
	for name, node := range n.nodes {
		held, _ := node.Value().(*tensor.Dense)
		if o, ok := node.Op().(*graphop.Operator); ok {
			held = o.Constant()
		}
		if held != n.network.Weights.Get(name) || node.Name() != name {
			return errors.Wrapf(ErrWeights, "weight %s: its node holds another tensor than Weights: it was set after Build (build the net again), or Gorgonia merged two nodes", name)
		}
	}
	return nil
}

// check returns an error unless Build made the net.
func (n *Net) check() error {
	if n == nil || n.scope == nil {
		return errors.Wrap(ErrNetwork, "found no net, expected one that Build made")
	}
	return nil
}

// CheckNodes makes sure of what Gorgonia does not: that no two nodes have the
// same hash, by which it would take one for the other, and that only our
// operators read a constant, since a stock one may compute in place and
// overwrite a frozen weight. Call it once all is added, the gradients too.
func (n *Net) CheckNodes() error {
	if err := n.check(); err != nil {
		return err
	}
	g := n.scope.Graph()
	seen := map[uint32]*gorgonia.Node{}
	for _, node := range g.AllNodes() {
		h := node.Hashcode()
		if other, ok := seen[h]; ok && other != node {
			return errors.Errorf("nodes %q and %q have the same hash %#x: Gorgonia would take one for the other", other.Name(), node.Name(), h)
		}
		seen[h] = node
		o, ok := node.Op().(*graphop.Operator)
		if !ok || o.Constant() == nil {
			continue
		}
		for readers := g.To(node.ID()); readers.Next(); {
			reader := readers.Node().(*gorgonia.Node)
			if _, ok := reader.Op().(*graphop.Operator); !ok {
				return errors.Errorf("node %q reads the constant %q and is not an operator of package graphop: it may overwrite the frozen weight", reader.Name(), node.Name())
			}
		}
	}
	return nil
}

// Network returns what the graph was built from; training changes its weights.
func (n *Net) Network() *Network { return n.network }

// Spec returns what the network is.
func (n *Net) Spec() Spec { return n.network.Spec }

// Weights returns the weights the graph was built from; training changes them.
func (n *Net) Weights() *Weights { return n.network.Weights }

// Scope returns what the graph's operators share.
func (n *Net) Scope() *graphop.Scope { return n.scope }

// Batch returns the largest number of examples that one run takes.
func (n *Net) Batch() int { return n.batch }

// Logits returns the node of the last layer's output: [N,classes], or what the
// last layer of a trunk gives.
func (n *Net) Logits() *gorgonia.Node { return n.outputs[len(n.outputs)-1] }

// Outputs returns the nodes of what the graph computes: the logits, or the
// features of a trunk, in the order of Cut.Features.
func (n *Net) Outputs() []*gorgonia.Node { return append([]*gorgonia.Node(nil), n.outputs...) }

// InputShape returns the shape of one example, [C,H,W] or [F]: the spec's
// input, or the features that a head reads.
func (n *Net) InputShape() []int {
	if n.cut != nil && !n.trunk && len(n.cut.Features) > 0 {
		return n.cut.Shape()
	}
	return append([]int(nil), n.network.Spec.Input...)
}

// Images returns the values of the input, [N,C,H,W] or [N,F], to be filled
// before each run of a graph with one input. Load fills any.
func (n *Net) Images() []float32 {
	if n.row != nil {
		return n.row
	}
	return n.inputs[0].value.Float32s()
}

// CheckExamples returns nil when these are examples, of the shape of the net's
// input; otherwise the error's cause is ErrData.
func (n *Net) CheckExamples(data dataset.Examples) error {
	if err := n.check(); err != nil {
		return err
	}
	if typednil.Is(data) {
		return errors.Wrap(ErrData, "examples: found nil, expected some")
	}
	if c, ok := data.(interface{ Check() error }); ok { // as a *dataset.Set
		if err := c.Check(); err != nil {
			return errors.Wrapf(ErrData, "examples: %v", err)
		}
	}
	if got, want := data.ExampleShape(), n.InputShape(); !slices.Equal(got, want) {
		return errors.Wrapf(ErrData, "examples: found shape %v, expected %v", got, want)
	}
	if data.Len() == 0 {
		return errors.Wrap(ErrData, "examples: found none, expected at least one")
	}
	return nil
}

// Load puts the examples with these indices, at most a batch, into the graph's
// input. It calls CheckWeights and CheckExamples: all that runs a net loads it.
func (n *Net) Load(data dataset.Examples, indices []int) error {
	if err := n.CheckWeights(); err != nil {
		return err
	}
	if err := n.CheckExamples(data); err != nil {
		return err
	}
	for _, i := range indices {
		if i < 0 || i >= data.Len() {
			return errors.Wrapf(ErrData, "example %d: expected 0 to %d", i, data.Len()-1)
		}
	}
	if err := n.scope.SetRows(len(indices)); err != nil {
		return err
	}
	rows := n.Images()
	size := len(rows) / n.batch
	if err := dataset.Read(data, rows[:len(indices)*size], indices); err != nil {
		return errors.Wrap(err, "read the examples")
	}
	if n.row == nil {
		return nil
	}
	for i := range indices {
		row := rows[i*size : (i+1)*size]
		for _, in := range n.inputs {
			values := in.value.Float32s()
			part := len(values) / n.batch
			copy(values[i*part:(i+1)*part], row)
			row = row[part:]
		}
	}
	return nil
}

// Result returns the first rows of what the last run computed: the logits
// [rows,classes], or the features of a trunk, those of one example after each
// other. The next run overwrites it.
func (n *Net) Result(rows int) []float32 {
	if len(n.outputs) == 1 {
		values := n.outputs[0].Value().(*tensor.Dense).Float32s()
		return values[:len(values)/n.batch*rows]
	}
	n.result = n.result[:0]
	for i := range rows {
		for _, out := range n.outputs {
			values := out.Value().(*tensor.Dense).Float32s()
			part := len(values) / n.batch
			n.result = append(n.result, values[i*part:(i+1)*part]...)
		}
	}
	return n.result
}

// OutputShape returns the shape of one row of Result: [classes], [C,H,W] or [F].
func (n *Net) OutputShape() []int {
	if n.cut != nil && n.trunk {
		return n.cut.Shape()
	}
	return append([]int(nil), n.wiring.shapes[len(n.wiring.shapes)-1]...)
}

// ShareMemory lets the graph's operators use memory again that no later one
// reads, and returns what their outputs take then. Call it when all is in the
// graph, before the first run. Afterwards Result is there as before; only
// Scope().Observe sees the values of other nodes.
func (n *Net) ShareMemory() (graphop.Memory, error) {
	if err := n.check(); err != nil {
		return graphop.Memory{}, err
	}
	if n.shared != nil {
		return *n.shared, nil
	}
	var keep []*gorgonia.Node
	for _, out := range n.outputs {
		if _, ok := out.Op().(*graphop.Operator); ok { // the images are no operator's output
			keep = append(keep, out)
		}
	}
	memory, err := n.scope.PlanReuse(keep...)
	if err == nil {
		n.shared = &memory
	}
	return memory, err
}

// Masks returns the dropout masks that must be drawn before each run.
func (n *Net) Masks() []Mask { return n.masks }

// Steps returns the nodes of the forward pass from input to logits.
func (n *Net) Steps() []Step { return n.steps }

// Node returns the node of a weight, and nil when there is none of that name.
func (n *Net) Node(weight string) *gorgonia.Node { return n.nodes[weight] }

// Trainable returns the nodes of the trained weights, the only variables: the
// list to give to gorgonia.Grad and to the solver.
func (n *Net) Trainable() gorgonia.Nodes {
	var nodes gorgonia.Nodes
	for _, name := range n.TrainedWeights() {
		nodes = append(nodes, n.nodes[name])
	}
	return nodes
}

// TrainedLayers returns the names of the trained layers, from input to output.
func (n *Net) TrainedLayers() []string { return append([]string(nil), n.trained...) }

// TrainedWeights returns the names of the weights that are variables.
func (n *Net) TrainedWeights() []string { return n.weightsWhere(true) }

// FrozenWeights returns the names of the weights that are not trained: those in
// the graph are constants.
func (n *Net) FrozenWeights() []string { return n.weightsWhere(false) }

func (n *Net) weightsWhere(trained bool) []string {
	names := []string{}
	for _, parameters := range n.wiring.parameters {
		for _, p := range parameters {
			if (n.isTrained(p.Layer) && !p.Fixed) == trained {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

func (n *Net) isTrained(layer string) bool { return slices.Contains(n.trained, layer) }
