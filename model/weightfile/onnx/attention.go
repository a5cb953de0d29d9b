package onnx

import (
	"slices"
	"strings"
)

// attention returns where a network computes attention, or "": a node of that
// name, or a product with what a Softmax gave.
func (f *file) attention() string {
	weighted := map[string]bool{} // names that a Softmax gave, however seen
	for _, n := range f.nodes {
		behind := slices.ContainsFunc(n.inputs, func(name string) bool { return weighted[name] })
		switch {
		case strings.Contains(n.kind, "Attention"), behind && (n.kind == "MatMul" || n.kind == "Einsum"):
			return n.where()
		case n.kind == "Softmax", behind && slices.Contains(viewsOnly, n.kind):
			for _, name := range n.outputs {
				weighted[name] = true
			}
		}
	}
	return ""
}
