package model

import (
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// checkLayers makes sure that the layers to build are in the spec, hold all
// trained ones, and sets the shape of their input.
func (n *Net) checkLayers() error {
	if n.from < 0 || n.from >= n.to || n.to > len(n.spec.Layers) {
		return errors.Wrapf(ErrSpec, "layers: found [%d,%d), expected a part of [0,%d)", n.from, n.to, len(n.spec.Layers))
	}
	for i, l := range n.spec.Layers {
		if n.isTrained(l.Name) && (i < n.from || i >= n.to) {
			return errors.Wrapf(ErrSelection, "layer %q is trained, but not among the layers [%d,%d) of the graph", l.Name, n.from, n.to)
		}
	}
	n.shape = n.spec.Input
	if n.from > 0 {
		shapes, err := n.spec.Shapes()
		if err != nil {
			return err
		}
		n.shape = shapes[n.from-1]
	}
	return nil
}

// build adds the input, then each layer from input to output.
func (n *Net) build() error {
	g := gorgonia.NewGraph()
	n.scope = graphop.NewScope(g, n.batch)
	shape := append(tensor.Shape{n.batch}, n.shape...) // [N,C,H,W] or [N,F]
	n.images = tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))
	n.input = gorgonia.NewTensor(g, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName("images"), gorgonia.WithValue(n.images))
	x := n.input
	cut := n.spec.Cut(n.trained)
	for i := n.from; i < n.to; {
		fused := n.spec.fusedAt(i, n.to)
		if l := n.spec.Layers[i]; l.Kind == Dropout && (len(n.trained) == 0 || i < cut || l.Rate == 0) {
			i++ // evaluation: dropout is the identity, and no node
			continue
		}
		y, err := n.addStep(x, fused, n.trainedBelow(i))
		if err != nil {
			return err
		}
		names := make([]string, len(fused))
		for j, l := range fused {
			names[j] = l.Name
		}
		n.steps = append(n.steps, Step{names, y})
		x, i = y, i+len(fused)
	}
	n.output = x // [N,classes], or what the last layer gives
	return nil
}

// fusedAt returns the layers from i on that make one node: a convolution with
// the ReLU and the non-overlapping pooling behind it, a dense layer with its
// ReLU, or one layer alone; none from index to on.
func (s Spec) fusedAt(i, to int) []Layer {
	end := i + 1
	next := func(k Kind) bool { return end < to && s.Layers[end].Kind == k }
	if s.Layers[i].HasWeights() && next(ReLU) {
		end++
	}
	if s.Layers[i].Kind == Conv && next(MaxPool) && s.Layers[end].Kernel == s.Layers[end].Stride {
		end++
	}
	return s.Layers[i:end]
}

// trainedBelow reports whether a layer below index i is trained: only then is
// a gradient towards layer i's input of use.
func (n *Net) trainedBelow(i int) bool {
	for _, l := range n.spec.Layers[:i] {
		if n.isTrained(l.Name) {
			return true
		}
	}
	return false
}

// addStep adds the node of the fused layers on x. Every line's shape stands
// behind it.
func (n *Net) addStep(x *gorgonia.Node, fused []Layer, gradX bool) (*gorgonia.Node, error) {
	l := fused[0]
	switch l.Kind {
	case ReLU:
		return graphop.ReLU(n.scope, l.Name, x, gradX) // x's shape
	case MaxPool:
		return graphop.MaxPool(n.scope, l.Name, x, graphop.PoolShape{Kernel: graphop.Both(l.Kernel), Stride: graphop.Both(l.Stride)}, gradX) // [N,C,H',W']
	case Dropout:
		return n.addDropout(x, l, gradX) // x's shape
	}
	w, err := n.addWeight(l.Name, "/W") // [out,in,k,k] or [in,out]
	if err != nil {
		return nil, err
	}
	b, err := n.addWeight(l.Name, "/b") // [out]
	if err != nil {
		return nil, err
	}
	want := graphop.Wants{Input: gradX, Weights: n.isTrained(l.Name)}
	if l.Kind == Dense {
		var a graphop.Activation
		if len(fused) > 1 {
			a = graphop.Rectify()
		}
		return graphop.Dense(n.scope, l.Name, x, w, b, a, want) // [N,out]
	}
	shape := graphop.ConvShape{Stride: graphop.Both(l.Stride), Pad: graphop.Around(l.Pad)}
	for _, f := range fused[1:] {
		if f.Kind == ReLU {
			shape.Activation = graphop.Rectify()
		} else {
			shape.Pool = f.Kernel
		}
	}
	return graphop.Conv(n.scope, l.Name, x, w, b, shape, want) // [N,out,H',W']
}

// addWeight adds one weight: a variable when its layer is trained, otherwise a
// constant.
func (n *Net) addWeight(layer, part string) (*gorgonia.Node, error) {
	name := layer + part
	t := n.weights.Get(name)
	if n.isTrained(layer) {
		n.nodes[name] = gorgonia.NewTensor(n.scope.Graph(), tensor.Float32, t.Dims(), gorgonia.WithShape(t.Shape()...), gorgonia.WithName(name), gorgonia.WithValue(t))
		return n.nodes[name], nil
	}
	node, err := graphop.Constant(n.scope, name, t)
	n.nodes[name] = node
	return node, err
}

func (n *Net) addDropout(x *gorgonia.Node, l Layer, gradX bool) (*gorgonia.Node, error) {
	t := tensor.New(tensor.WithShape(x.Shape()...), tensor.Of(tensor.Float32))
	mask := gorgonia.NewTensor(n.scope.Graph(), tensor.Float32, x.Dims(), gorgonia.WithShape(x.Shape()...), gorgonia.WithName(l.Name+" mask"), gorgonia.WithValue(t))
	n.masks = append(n.masks, Mask{l.Name, l.Rate, t.Float32s()})
	return graphop.Mask(n.scope, l.Name, x, mask, gradX)
}

func (n *Net) isTrained(layer string) bool {
	for _, name := range n.trained {
		if name == layer {
			return true
		}
	}
	return false
}
