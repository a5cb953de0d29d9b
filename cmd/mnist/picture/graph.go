// Package picture draws what there is to see of a network. First of all the
// graph that trains: at a glance, what is a constant, where the network is cut,
// what is trained, and how far the gradient reaches.
//
// That is Graph, read off a train.Trainer by Of; it gives SVG, PNG and, for
// Graphviz, DOT. All other drawings are a Picture: curves of a training,
// kernels, a confusion matrix, mistakes. Drawing is gonum's vg: one drawing for
// all formats, and no Graphviz needed, since a network here is a chain.
package picture

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/train"
	"gorgonia.org/gorgonia"
)

// Graph is the expression graph at the level of layers.
type Graph struct {
	blocks []block
	cut    int    // index of the first block above the cut; 0: no layer is below
	dot    string // every node, in DOT
}

// block is one node of the forward pass with what belongs to it.
type block struct {
	title     string   // "conv1 + relu1 + pool1"
	shape     string   // of the output
	weights   []string // "W [64 32 5 5]", "b [64]"; nil for none
	trained   bool
	reached   bool     // the gradient passes through its output
	gradients []string // computed for its weights: "dW", "db"
}

// Of reads the graph of a trainer.
func Of(t *train.Trainer) (Graph, error) {
	net := t.Net()
	layers := net.Describe()
	cut, err := net.Spec().Cut(net.TrainedLayers())
	if err != nil {
		return Graph{}, err
	}
	g := Graph{dot: nodesDOT(net.Scope().Graph())}
	input := "images"
	if layers[0].Cached {
		input = "features" // what the layers below made of the images
	}
	g.blocks = append(g.blocks, block{title: input, shape: shape(net.InputShape())})
	for _, s := range net.Steps() {
		b := block{title: strings.Join(s.Layers, " + "), shape: shape(s.Node.Shape()[1:]), reached: s.Node.Deriv() != nil}
		if g.cut == 0 && len(cut.Trunk) > 0 && slices.Contains(cut.Head, s.Layers[0]) {
			g.cut = len(g.blocks)
		}
		for _, l := range layers {
			if l.Name == s.Layers[0] && l.Kernel != nil {
				b.trained = l.Trained
				b.weights = []string{"W " + shape(l.Kernel), fmt.Sprintf("b [%d]", l.Kernel[outAxis(l.Kernel)])}
				for _, part := range []string{"W", "b"} {
					if net.Node(l.Name+"/"+part).Deriv() != nil {
						b.gradients = append(b.gradients, "d"+part)
					}
				}
			}
		}
		g.blocks = append(g.blocks, b)
	}
	g.blocks = append(g.blocks, block{title: "loss", shape: "cross-entropy", reached: true})
	return g, nil
}

// outAxis is where the number of outputs stands in a kernel's shape:
// [out,in,k,k] or [in,out].
func outAxis(kernel []int) int {
	if len(kernel) == 2 {
		return 1
	}
	return 0
}

func shape(s []int) string {
	return strings.ReplaceAll(fmt.Sprint(s), " ", "·")
}

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
		if l.weights != nil {
			kind, fill := "constant", "#d9d9d9"
			if l.trained {
				kind, fill = "variable", "#f4a742"
			}
			fmt.Fprintf(&b, "  w%d [label=\"%s\\n%s\", fillcolor=\"%s\"];\n  w%d -> l%d;\n", i, kind, strings.Join(l.weights, "\\n"), fill, i, i)
		}
		if i > 0 {
			fmt.Fprintf(&b, "  l%d -> l%d;\n", i-1, i)
			if g.blocks[i-1].reached && l.reached {
				fmt.Fprintf(&b, "  l%d -> l%d [color=\"#1f4e8c\", penwidth=3, label=\"gradient\"];\n", i, i-1)
			}
		}
	}
	b.WriteString("}\n")
	return b.String()
}
