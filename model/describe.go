package model

import (
	"slices"

	"github.com/lastlayer/lastlayer/model/graphop"
)

// LayerInfo is what one layer of a Net is: a row of the table of what is
// trained and what is not.
type LayerInfo struct {
	Name       string `json:"name"`
	Kind       Kind   `json:"kind"`
	Output     []int  `json:"output"`               // of one example: [C,H,W] or [F]
	Kernel     []int  `json:"kernel,omitempty"`     // shape of W: [out,in,k,k] or [in,out]
	Parameters int    `json:"parameters,omitempty"` // numbers in W and b
	Trained    bool   `json:"trained"`
	Enters     string `json:"enters,omitempty"` // how W and b are in the graph: "variable", "constant", or "cut off"
	Node       string `json:"node,omitempty"`   // the node that computes the layer, shared by fused layers
	Cached     bool   `json:"cached"`           // below the cut: not in this graph, computed once
}

// Describe returns the layers from input to logits, as they are in the graph.
func (n *Net) Describe() ([]LayerInfo, error) {
	shapes, err := n.spec.Shapes()
	if err != nil {
		return nil, err
	}
	var infos []LayerInfo
	in := n.spec.Input
	for i, l := range n.spec.Layers {
		info := LayerInfo{Name: l.Name, Kind: l.Kind, Output: shapes[i], Trained: n.isTrained(l.Name), Cached: i < n.from}
		if l.HasWeights() {
			info.Kernel = l.kernelShape(in)
			info.Parameters = size(info.Kernel) + l.Out
			info.Enters = n.enters(l.Name)
		}
		for _, s := range n.steps {
			if slices.Contains(s.Layers, l.Name) {
				info.Node = s.Node.Name()
			}
		}
		infos = append(infos, info)
		in = shapes[i]
	}
	return infos, nil
}

// enters says how the weights of a layer are in the graph, from the very node.
func (n *Net) enters(layer string) string {
	node := n.nodes[layer+"/W"]
	if node == nil {
		return "cut off"
	}
	if o, ok := node.Op().(*graphop.Operator); ok && o.Constant() != nil {
		return "constant"
	}
	return "variable"
}
