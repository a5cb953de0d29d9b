package model

import (
	"sync"

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
	spec    Spec
	weights *Weights
	trained []string // layers
	batch   int
	from    int // the layers in the graph are [from,to)
	to      int
	shape   []int // of one input example
	scope   *graphop.Scope
	input   *gorgonia.Node
	images  *tensor.Dense // [N,C,H,W] or [N,F], the input's value
	output  *gorgonia.Node
	masks   []Mask
	nodes   map[string]*gorgonia.Node // by weight name
	steps   []Step
}

// Mask is the input of a dropout layer in training: a value of its node's
// shape that holds 0 with probability Rate and 1/(1-Rate) otherwise, to be
// drawn anew before each run.
type Mask struct {
	Layer  string
	Rate   float64
	Values []float32
}

// Step is one node of the forward pass: a layer, with the ReLU and pooling
// that are fused into it.
type Step struct {
	Layers []string
	Node   *gorgonia.Node
}

// An Option changes how Build builds.
type Option func(*Net)

// Batch sets the largest number of examples that one run takes; 64 if unsaid.
func Batch(n int) Option { return func(net *Net) { net.batch = n } }

// Layers builds only the layers [from,to) of the spec: the trunk below a cut,
// or the head above it, whose input is the output of layer from-1.
func Layers(from, to int) Option { return func(net *Net) { net.from, net.to = from, to } }

// building guards Gorgonia's graph construction, which shares state between
// graphs.
var building sync.Mutex

// Build makes the graph of spec with the weights w. The layers that train
// selects enter as variables, all others as constants, and dropout is built
// above the cut only (see Spec.Cut); with None the graph is for evaluation.
// Changing the selection means building another Net.
//
// Errors about the arguments have ErrSpec, ErrWeights or ErrSelection as their
// cause, that about the batch apart.
func Build(spec Spec, w *Weights, train Selection, opts ...Option) (*Net, error) {
	if err := w.Check(spec); err != nil {
		return nil, err
	}
	trained, err := train.Resolve(spec)
	if err != nil {
		return nil, err
	}
	net := &Net{spec: spec, weights: w, trained: trained, batch: 64, to: len(spec.Layers), nodes: map[string]*gorgonia.Node{}}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("build: found a nil Option, expected Batch or Layers")
		}
		opt(net)
	}
	if net.batch < 1 || net.batch > 1<<16 {
		return nil, errors.Errorf("batch: found %d, expected 1 to %d", net.batch, 1<<16)
	}
	if err := net.checkLayers(); err != nil {
		return nil, err
	}
	building.Lock()
	defer building.Unlock()
	if err := net.build(); err != nil {
		return nil, err
	}
	return net, net.CheckWeights()
}

// CheckWeights returns nil when the node of each weight holds the tensor that
// Weights holds under that name, otherwise an error whose cause is ErrWeights.
// Weights.Set and SetValues after Build put another tensor there, which this
// graph would neither read nor train. Gorgonia does the same when it merges
// nodes whose hashes agree, whatever they hold.
func (n *Net) CheckWeights() error {
	for name, node := range n.nodes {
		held, _ := node.Value().(*tensor.Dense)
		if o, ok := node.Op().(*graphop.Operator); ok {
			held = o.Constant()
		}
		if held != n.weights.Get(name) || node.Name() != name {
			return errors.Wrapf(ErrWeights, "weight %s: its node holds another tensor than Weights: it was set after Build (build the net again), or Gorgonia merged two nodes", name)
		}
	}
	return nil
}

// CheckNodes makes sure of what Gorgonia does not: that no two nodes have the
// same hash, by which it would take one for the other, and that only our
// operators read a constant, since a stock one may compute in place and
// overwrite a frozen weight. Call it once all is added, the gradients too.
func (n *Net) CheckNodes() error {
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

// Spec returns what the network is.
func (n *Net) Spec() Spec { return n.spec }

// Weights returns the weights the graph was built from; training changes them.
func (n *Net) Weights() *Weights { return n.weights }

// Scope returns what the graph's operators share.
func (n *Net) Scope() *graphop.Scope { return n.scope }

// Logits returns the node of the last layer's output: [N,classes], or what the
// last layer of a trunk gives.
func (n *Net) Logits() *gorgonia.Node { return n.output }

// InputShape returns the shape of one example, [C,H,W] or [F]: the spec's
// input, or the output of the layer below a head.
func (n *Net) InputShape() []int { return append([]int(nil), n.shape...) }

// ForEvaluation builds the same layers as constants, without dropout, for
// batches of n examples. It shares the weights' memory.
func (n *Net) ForEvaluation(batch int) (*Net, error) {
	return Build(n.spec, n.weights, None(), Batch(batch), Layers(n.from, n.to))
}

// Images returns the values of the input, [N,C,H,W] or [N,F], to be filled
// before each run.
func (n *Net) Images() []float32 { return n.images.Float32s() }

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
	for _, l := range n.spec.Weighted() {
		if n.isTrained(l.Name) == trained {
			names = append(names, l.Name+"/W", l.Name+"/b")
		}
	}
	return names
}
