package model

import (
	"slices"

	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// place is where a layer's node goes.
type place struct {
	net      *Net
	name     string
	in       []*gorgonia.Node
	below    []bool         // towards which inputs there is a gradient: something trained is below
	trained  bool           // the layer is
	training bool           // the layer is in a head that is trained: dropout drops
	absorbed []Layer        // the layers that this node computes too
	beside   *gorgonia.Node // what an Add among them takes besides this node's sum, nil where there is none

	parameters []Parameter
}

func (p *place) scope() *graphop.Scope { return p.net.scope }

// wantsInput reports whether a gradient towards input i is of use.
func (p *place) wantsInput(i int) bool { return p.below[i] }

// tensors adds tensors of the layer, "W" or "mean". They are variables when the
// layer is trained, but for those that never are; all others are constants.
func (p *place) tensors(parts ...string) ([]*gorgonia.Node, error) {
	return p.tensorsOf(p.name, p.trained, parts)
}

// tensorsOf is tensors for any layer that this node computes.
func (p *place) tensorsOf(layer string, trained bool, parts []string) ([]*gorgonia.Node, error) {
	nodes := make([]*gorgonia.Node, len(parts))
	for i, part := range parts {
		n, name := p.net, layer+"/"+part
		t := n.network.Weights.Get(name)
		if trained && !p.fixed(part) {
			nodes[i] = gorgonia.NewTensor(n.scope.Graph(), tensor.Float32, t.Dims(), gorgonia.WithShape(t.Shape()...), gorgonia.WithName(name), gorgonia.WithValue(t))
		} else {
			var err error
			if nodes[i], err = graphop.Constant(n.scope, name, t); err != nil {
				return nil, err
			}
		}
		n.nodes[name] = nodes[i]
	}
	return nodes, nil
}

// fixed reports whether a tensor of the layer is never trained.
func (p *place) fixed(part string) bool {
	return slices.ContainsFunc(p.parameters, func(q Parameter) bool { return q.Part == part && q.Fixed })
}

// kernelAndBias adds W and, unless there is none, b.
func (p *place) kernelAndBias(noBias bool) (w, b *gorgonia.Node, err error) {
	parts := []string{"W", "b"}
	if noBias {
		parts = parts[:1]
	}
	nodes, err := p.tensors(parts...)
	switch {
	case err != nil:
		return nil, nil, err
	case noBias:
		return nodes[0], nil, nil
	}
	return nodes[0], nodes[1], nil
}
