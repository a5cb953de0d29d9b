package model

import (
	"slices"

	"github.com/lastlayer/lastlayer/model/graphop"
)

// LayerInfo is what one layer of a Net is: a row of the table of what is
// trained and what is not.
type LayerInfo struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	Inputs     []string `json:"inputs,omitempty"`     // where it takes another layer than the one before
	Output     []int    `json:"output"`               // of one example: [C,H,W] or [F]
	Kernel     []int    `json:"kernel,omitempty"`     // shape of the first tensor: [out,in,kh,kw] or [in,out]
	Parameters int      `json:"parameters,omitempty"` // numbers in all its tensors
	Trained    bool     `json:"trained"`
	Enters     string   `json:"enters,omitempty"` // how its tensors are in the graph: "variable", "constant", or "cut off"
	Node       string   `json:"node,omitempty"`   // the node that computes the layer, shared by fused layers
	Folded     bool     `json:"folded,omitempty"` // a frozen normalisation that the layer below it computes, in its node
	Cached     bool     `json:"cached"`           // below the cut: not in this graph, computed once
}

// Describe returns the layers from input to logits, as they are in the graph.
func (n *Net) Describe() []LayerInfo {
	nodes := map[string]string{}
	for _, s := range n.steps {
		for _, layer := range s.Layers {
			nodes[layer] = s.Node.Name()
		}
	}
	infos := make([]LayerInfo, len(n.network.Spec.Layers))
	for i, l := range n.network.Spec.Layers {
		infos[i] = LayerInfo{
			Name: l.Name, Kind: l.Kind.String(), Inputs: slices.Clone(l.Inputs), Output: slices.Clone(n.wiring.shapes[i]),
			Trained: n.isTrained(l.Name), Node: nodes[l.Name], Cached: n.cut != nil && !n.trunk && !n.inPart(l.Name),
		}
		_, norm := l.Kind.(BatchNorm)
		infos[i].Folded = norm && infos[i].Node != "" && infos[i].Node != l.Name
		for j, p := range n.wiring.parameters[i] {
			infos[i].Parameters += size(p.Shape)
			if j == 0 {
				infos[i].Kernel, infos[i].Enters = slices.Clone(p.Shape), n.enters(p.Name)
			}
		}
	}
	return infos
}

// enters says how a weight is in the graph, from the very node.
func (n *Net) enters(weight string) string {
	node := n.nodes[weight]
	if node == nil {
		return "cut off"
	}
	if o, ok := node.Op().(*graphop.Operator); ok && o.Constant() != nil {
		return "constant"
	}
	return "variable"
}
