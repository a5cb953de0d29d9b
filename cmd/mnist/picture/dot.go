package picture

import (
	"fmt"
	"strings"

	"gorgonia.org/gorgonia"
)

// NodesDOT returns every node of the graph in DOT: inputs as ovals, constants
// grey, variables orange, nodes that carry a derivative with a bold border.
func (g Graph) NodesDOT() string { return g.dot }

func nodesDOT(g *gorgonia.ExprGraph) string {
	var b strings.Builder
	b.WriteString("digraph nodes {\n  rankdir=LR;\n  node [shape=box, style=filled, fillcolor=white, fontname=\"Helvetica,Arial,sans-serif\"];\n")
	for _, n := range g.AllNodes() {
		look := ""
		switch {
		case n.Op() == nil && n.Deriv() != nil:
			look = ", shape=oval, fillcolor=\"#f4a742\""
		case n.Op() == nil:
			look = ", shape=oval"
		case n.Op().Arity() == 0:
			look = ", fillcolor=\"#d9d9d9\""
		}
		if n.Deriv() != nil {
			look += ", penwidth=3"
		}
		fmt.Fprintf(&b, "  n%d [label=\"%s\\n%v\"%s];\n", n.ID(), n.Name(), n.Shape(), look)
		for from := g.From(n.ID()); from.Next(); {
			fmt.Fprintf(&b, "  n%d -> n%d;\n", from.Node().ID(), n.ID())
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// DOT returns the graph at the level of layers in DOT.
func (g Graph) DOT() string {
	var b strings.Builder
	b.WriteString("digraph layers {\n  rankdir=LR;\n  node [shape=box, style=filled, fillcolor=white, fontname=\"Helvetica,Arial,sans-serif\"];\n")
	for i, l := range g.blocks {
		fmt.Fprintf(&b, "  l%d [label=\"%s\\n%s\"];\n", i, l.title, l.shape)
		if l.tensors != nil {
			kind, fill := "constant", "#d9d9d9"
			if l.trained() {
				kind, fill = "variable", "#f4a742"
			}
			fmt.Fprintf(&b, "  w%d [label=\"%s\\n%s\", fillcolor=\"%s\"];\n  w%d -> l%d;\n", i, kind, strings.Join(l.weights(), "\\n"), fill, i, i)
		}
		for _, from := range l.inputs {
			fmt.Fprintf(&b, "  l%d -> l%d;\n", from, i)
			if g.blocks[from].reached && l.reached {
				fmt.Fprintf(&b, "  l%d -> l%d [color=\"#1f4e8c\", penwidth=3, label=\"gradient\"];\n", i, from)
			}
		}
	}
	b.WriteString("}\n")
	return b.String()
}
