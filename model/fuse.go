package model

import (
	"slices"

	"gorgonia.org/gorgonia"
)

// mostAbsorbed is the length of the longest chain that a kind absorbs.
const mostAbsorbed = 4

// absorbed returns the layers that are computed in the node of layer i: those
// that its kind takes of the chain of only readers that begins there, and what
// an Add among them takes beside the chain, nil where there is none. Layers that
// are in the chain are all reached by a gradient, or none is.
func (n *Net) absorbed(i int, below []bool, built map[int]*gorgonia.Node) (chain []int, beside *gorgonia.Node) {
	kind, ok := n.network.Spec.Layers[i].Kind.(absorber)
	if !ok {
		return nil, nil
	}
	var next []Kind
	adds := 0 // length of the chain with the Add
	for at := i; len(n.wiring.readers[at]) == 1 && len(chain) < mostAbsorbed; {
		from := at
		at = n.wiring.readers[from][0]
		l := n.network.Spec.Layers[at]
		if below[at] != below[i] || !n.inPart(l.Name) {
			break
		}
		if len(n.wiring.inputs[at]) != 1 {
			other, ok := n.addend(at, from)
			if !ok || below[i] || beside != nil || built[other] == nil {
				break
			}
			beside, adds = built[other], len(chain)+1
		}
		chain, next = append(chain, at), append(next, l.Kind)
	}
	chain = chain[:kind.absorbs(next, !below[i])]
	if len(chain) < adds {
		beside = nil
	}
	return chain, beside
}

// addend returns what layer at adds to the layer from, and false unless it is an
// Add of two layers of one shape.
func (n *Net) addend(at, from int) (int, bool) {
	w := n.wiring
	if _, ok := n.network.Spec.Layers[at].Kind.(Add); !ok {
		return 0, false
	}
	other := w.inputs[at][0]
	if other == from {
		other = w.inputs[at][1]
	}
	return other, slices.Equal(w.shapeOf(other), w.shapes[from])
}
