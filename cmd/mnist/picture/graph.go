// Package picture draws what there is to see of a network. First of all the
// graph that trains: at a glance, what is a constant, where the network is cut,
// what is trained, and how far the gradient reaches.
//
// That is Graph, read off a train.Trainer by Of; it gives SVG, PNG and, for
// Graphviz, DOT. A short chain is drawn layer by layer; of other networks blocks
// are folded, by the names of their layers, and paths beside the chain are drawn.
// All other drawings are a Picture: curves of a training, kernels, a confusion
// matrix, mistakes. Drawing is gonum's vg: one drawing for all formats, and no
// Graphviz needed.
package picture

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Graph is the expression graph at the level of layers.
type Graph struct {
	blocks []block
	cut    int    // index of the first block above the cut; 0: no layer is below
	dot    string // every node, in DOT
}

// block is one node of the forward pass with what belongs to it, or several that
// are folded.
type block struct {
	layers  []string
	title   string   // "conv1 + relu1 + pool1"
	shape   string   // of the output
	folded  string   // what is folded: "7 layers"; "" for one node
	tensors []weight // weights
	below   bool     // below the cut
	reached bool     // the gradient passes through its output
	inputs  []int    // blocks that it reads
	joins   bool     // paths part and join inside
}

// weight is a tensor of a block.
type weight struct {
	part     string // "W"
	shape    []int
	trained  bool
	gradient bool // there is one
}

// Of reads the graph of a trainer.
func Of(t *train.Trainer) (Graph, error) {
	if t == nil || t.Net() == nil {
		return Graph{}, errors.Wrap(model.ErrNetwork, "graph: found no trainer, expected one that train.New made")
	}
	net := t.Net()
	cut, err := net.Spec().Cut(net.TrainedLayers())
	if err != nil {
		return Graph{}, err
	}
	parameters, err := net.Spec().Parameters()
	if err != nil {
		return Graph{}, err
	}
	g := Graph{dot: nodesDOT(net.Scope().Graph())}
	input := "images"
	if net.Describe()[0].Cached {
		input = "features" // what the layers below made of the images
	}
	g.blocks = append(g.blocks, block{title: input, shape: shape(net.InputShape()), below: len(cut.Trunk) > 0})
	at := map[*gorgonia.Node]int{}
	for _, n := range net.Scope().Graph().AllNodes() {
		if n.Op() == nil && (n.Name() == model.Images || slices.ContainsFunc(cut.Features, func(f model.Feature) bool { return f.Layer == n.Name() })) {
			at[n] = 0
		}
	}
	// What is below the cut reads nothing above it, wherever it stands.
	for _, below := range []bool{true, false} {
		for _, s := range net.Steps() {
			if slices.Contains(cut.Trunk, s.Layers[0]) != below {
				continue
			}
			at[s.Node] = len(g.blocks)
			b := block{layers: s.Layers, title: strings.Join(s.Layers, " + "), shape: shape(s.Node.Shape()[1:]), below: below, reached: s.Node.Deriv() != nil}
			b.inputs = inputsOf(net.Scope().Graph(), s.Node, at)
			for _, p := range parameters {
				if slices.Contains(s.Layers, p.Layer) {
					b.tensors = append(b.tensors, weightOf(net, p))
				}
			}
			g.blocks = append(g.blocks, b)
		}
		if below && len(cut.Trunk) > 0 {
			g.cut = len(g.blocks)
		}
	}
	g.blocks = append(g.blocks, block{title: "loss", shape: "cross-entropy", reached: true, inputs: []int{at[net.Logits()]}})
	return g, nil
}

func weightOf(net *model.Net, p model.Parameter) weight {
	node := net.Node(p.Name)
	return weight{p.Part, p.Shape, slices.Contains(net.TrainedWeights(), p.Name), node.Deriv() != nil}
}

// inputsOf returns the blocks that a node reads, in their order: those in at. Nodes
// that hand a value on, as where several readers take it, are no blocks, nor are
// weights and masks.
func inputsOf(g *gorgonia.ExprGraph, n *gorgonia.Node, at map[*gorgonia.Node]int) []int {
	var inputs []int
	for from := g.From(n.ID()); from.Next(); {
		node := from.Node().(*gorgonia.Node)
		if i, ok := at[node]; ok {
			inputs = append(inputs, i)
		} else {
			inputs = append(inputs, inputsOf(g, node, at)...)
		}
	}
	slices.Sort(inputs)
	return slices.Compact(inputs)
}

// trained reports whether a weight of the block is.
func (b block) trained() bool {
	return slices.ContainsFunc(b.tensors, func(t weight) bool { return t.trained })
}

// weights says in at most two lines which weights the block has.
func (b block) weights() []string {
	var lines []string
	trained, numbers := 0, 0
	for _, t := range b.tensors {
		lines = append(lines, t.part+" "+shape(t.shape))
		if t.trained == b.trained() {
			trained, numbers = trained+1, numbers+t.size()
		}
	}
	if len(lines) <= 2 {
		return lines
	}
	count := fmt.Sprintf("%d tensors", len(b.tensors))
	if trained < len(b.tensors) {
		count = fmt.Sprintf("%d of %d tensors", trained, len(b.tensors))
	}
	return []string{count, grouped(numbers) + " numbers"}
}

// gradients says in one line for which weights the block has a gradient.
func (b block) gradients() string {
	var parts []string
	for _, t := range b.tensors {
		if t.gradient {
			parts = append(parts, "d"+t.part)
		}
	}
	switch {
	case len(parts) == 0:
		return "passes through"
	case len(parts) > 3:
		return fmt.Sprintf("of %d tensors", len(parts))
	}
	return strings.Join(parts, ", ")
}

func (t weight) size() int {
	n := 1
	for _, side := range t.shape {
		n *= side
	}
	return n
}

// grouped returns a number with its thousands apart.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func shape(s []int) string {
	return strings.ReplaceAll(fmt.Sprint(s), " ", "·")
}
