package model

import (
	"slices"
	"sync"

	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// building guards Gorgonia's graph construction, which shares state between
// graphs.
var building sync.Mutex

// Build makes the graph of a network. The layers that train selects enter as
// variables, all others as constants, and dropout is built above the cut only
// (see Cut); with None the graph is for evaluation. Changing the selection
// means building another Net. The network needs neither classes nor
// preprocessing.
//
// Errors about the arguments have ErrSpec, ErrWeights, ErrSelection or
// ErrNetwork as their cause, that about the batch apart.
func Build(network *Network, train Selection, opts ...Option) (*Net, error) {
	if network == nil {
		return nil, errors.Wrap(ErrNetwork, "build: found no network")
	}
	if err := network.Weights.Check(network.Spec); err != nil {
		return nil, err
	}
	trained, err := train.Resolve(network.Spec)
	if err != nil {
		return nil, err
	}
	wiring, err := network.Spec.wire()
	if err != nil {
		return nil, err
	}
	net := &Net{network: network, wiring: wiring, trained: trained, batch: 64, nodes: map[string]*gorgonia.Node{}}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("build: found a nil Option, expected Batch, BatchUpTo, TrunkOf or HeadOf")
		}
		opt(net)
	}
	if net.batch < 1 || net.batch > 1<<16 {
		return nil, errors.Errorf("batch: found %d, expected 1 to %d", net.batch, 1<<16)
	}
	if err := net.checkPart(); err != nil {
		return nil, err
	}
	if net.bounded {
		if err := net.boundBatch(); err != nil {
			return nil, err
		}
	}
	building.Lock()
	defer building.Unlock()
	if err := net.build(); err != nil {
		return nil, err
	}
	return net, net.CheckWeights()
}

// ForEvaluation builds the same layers as constants, without dropout, for
// batches by BatchUpTo. It shares the weights' memory.
func (n *Net) ForEvaluation(batch int) (*Net, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	opts := []Option{BatchUpTo(batch)}
	if n.cut != nil {
		opts = append(opts, func(net *Net) { net.cut, net.trunk = n.cut, n.trunk })
	}
	return Build(n.network, None(), opts...)
}

// checkPart makes sure that the part to build is one of this network, and holds
// all trained layers.
func (n *Net) checkPart() error {
	if n.cut == nil {
		return nil
	}
	layers := slices.Concat(n.cut.Trunk, n.cut.Head)
	for _, l := range n.network.Spec.Layers {
		if !slices.Contains(layers, l.Name) {
			return errors.Wrapf(ErrSpec, "cut: found no layer %q in it, expected a cut of this network", l.Name)
		}
		if n.isTrained(l.Name) && !n.inPart(l.Name) {
			return errors.Wrapf(ErrSelection, "layer %q is trained, but not in the part of the network that is built", l.Name)
		}
	}
	if n.trunk && len(n.cut.Trunk) == 0 {
		return errors.Wrap(ErrSpec, "cut: found an empty trunk, expected one with layers")
	}
	return nil
}

// inPart reports whether the layer is built.
func (n *Net) inPart(layer string) bool {
	switch {
	case n.cut == nil:
		return true
	case n.trunk:
		return slices.Contains(n.cut.Trunk, layer)
	}
	return slices.Contains(n.cut.Head, layer)
}

// build adds the inputs, then each layer after those it takes.
func (n *Net) build() error {
	n.scope = graphop.NewScope(gorgonia.NewGraph(), n.batch)
	if n.constant {
		if err := n.scope.KeepConstants(); err != nil {
			return err
		}
	}
	spec := n.network.Spec
	built := map[int]*gorgonia.Node{}  // by layer, or fromImages
	taps := map[int][]*gorgonia.Node{} // what the readers of a layer have not yet taken
	n.addInputs(built)
	head := n.wiring.head(spec, n.trained)
	below := n.dependsOnTrained()
	for i, l := range spec.Layers {
		if built[i] != nil || !n.inPart(l.Name) {
			continue
		}
		p := &place{net: n, name: l.Name, trained: n.isTrained(l.Name), training: len(n.trained) > 0 && head[i], parameters: n.wiring.parameters[i]}
		for _, from := range n.wiring.inputs[i] {
			x := built[from]
			if left := taps[from]; len(left) > 0 {
				x, taps[from] = left[0], left[1:]
			}
			p.in, p.below = append(p.in, x), append(p.below, from != fromImages && below[from])
		}
		names := []string{l.Name}
		chain, beside := n.absorbed(i, below, built)
		p.beside = beside
		for _, j := range chain {
			p.absorbed, names = append(p.absorbed, spec.Layers[j]), append(names, spec.Layers[j].Name)
		}
		y, err := l.Kind.node(p)
		if err != nil {
			return err
		}
		last := i
		for _, j := range append(chain, i) {
			built[j], last = y, max(last, j)
		}
		if readers := n.readersInPart(last); below[last] && readers > 1 {
			if taps[last], err = graphop.Fork(n.scope, spec.Layers[last].Name+" readers", y, readers, true); err != nil {
				return err
			}
		}
		if !slices.Contains(p.in, y) { // dropout in evaluation has no node
			n.steps = append(n.steps, Step{names, y})
		}
	}
	n.setOutputs(built)
	return nil
}

// addInputs adds what the graph's lowest layers read.
func (n *Net) addInputs(built map[int]*gorgonia.Node) {
	features := []Feature{{Images, n.network.Spec.Input}}
	if n.cut != nil && !n.trunk && len(n.cut.Features) > 0 {
		features = n.cut.Features
	}
	for _, f := range features {
		shape := append(tensor.Shape{n.batch}, f.Shape...) // [N,C,H,W] or [N,F]
		value := tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))
		name := f.Layer // which has no node of its own in this graph
		if len(features) == 1 {
			name = Images
		}
		node := gorgonia.NewTensor(n.scope.Graph(), tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name), gorgonia.WithValue(value))
		n.inputs = append(n.inputs, input{f.Layer, node, value})
		built[n.index(f.Layer)] = node
	}
	if len(features) > 1 {
		n.row = make([]float32, n.batch*n.cut.Size())
	}
}

// index returns the index of a layer, or fromImages.
func (n *Net) index(layer string) int {
	return slices.IndexFunc(n.network.Spec.Layers, func(l Layer) bool { return l.Name == layer })
}

// readersInPart returns how many times layer i is read in this graph.
func (n *Net) readersInPart(i int) int {
	count := 0
	for _, reader := range n.wiring.readers[i] {
		if n.inPart(n.network.Spec.Layers[reader].Name) {
			count++
		}
	}
	return count
}

// setOutputs notes the nodes of the features, or of the logits.
func (n *Net) setOutputs(built map[int]*gorgonia.Node) {
	if n.cut == nil || !n.trunk {
		n.outputs = []*gorgonia.Node{built[len(n.network.Spec.Layers)-1]}
		return
	}
	for _, f := range n.cut.Features {
		n.outputs = append(n.outputs, built[n.index(f.Layer)])
	}
}

// dependsOnTrained reports for each layer whether it is trained or reads one
// that depends on a trained one.
func (n *Net) dependsOnTrained() []bool {
	depends := make([]bool, len(n.network.Spec.Layers))
	for i, l := range n.network.Spec.Layers {
		depends[i] = n.isTrained(l.Name) || slices.ContainsFunc(n.wiring.inputs[i], func(from int) bool { return from != fromImages && depends[from] })
	}
	return depends
}
