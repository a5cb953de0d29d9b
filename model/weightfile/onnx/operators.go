package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// array is an array of the graph that is written: its name, and its shape for
// one example.
type array struct {
	name  string
	shape []int
}

// writer collects the nodes of the graph, and the constants beside its weights.
type writer struct {
	nodes     []node
	constants []message        // TensorProto
	shapes    map[string][]int // of weights that ONNX has in another shape, by name
	opset     int
}

// plain writes a kind that is one operator with the same inputs and without
// attributes.
func plain(operator string) writing {
	return func(w *writer, l model.Layer, in []array) { w.add(operator, l, in) }
}

// layer adds the nodes of a layer and returns its output, but for the shape.
func (w *writer) layer(l model.Layer, in []array) (string, error) {
	count := len(w.nodes)
	write, ok := writers[l.Kind.String()]
	if !ok {
		return "", errors.Wrapf(model.ErrSpec, "layer %q: found kind %s, which is not written as ONNX", l.Name, l.Kind)
	}
	write(w, l, in)
	if len(w.nodes) == count {
		return in[0].name, nil
	}
	return w.nodes[len(w.nodes)-1].output, nil
}

// add adds the node that gives a layer's output.
func (w *writer) add(operator string, l model.Layer, in []array, attributes ...attributeOf) *node {
	return w.addAs(operator, l.Name+"/out", names(in), attributes...)
}

// addAs adds a node with an output of that name.
func (w *writer) addAs(operator, output string, in []string, attributes ...attributeOf) *node {
	w.nodes = append(w.nodes, node{operator: operator, inputs: in, output: output, attributes: attributes})
	return &w.nodes[len(w.nodes)-1]
}

// step adds a node between others of a layer and returns its output.
func (w *writer) step(operator string, l model.Layer, name string, in []string, attributes ...attributeOf) string {
	return w.addAs(operator, l.Name+"/"+name, in, attributes...).output
}

// numbers adds a constant list of integers and returns its name.
func (w *writer) numbers(l model.Layer, name string, values ...int) string {
	var p message
	p.numbers(1, []int{len(values)})
	p.number(2, int(int64Type))
	p.numbers(7, values)
	p.text(8, l.Name+"/"+name)
	w.constants = append(w.constants, p)
	return l.Name + "/" + name
}

// scalar adds a constant number and returns its name.
func (w *writer) scalar(l model.Layer, name string, value float64) string {
	var p message
	p.number(2, int(float32Type))
	p.text(8, l.Name+"/"+name)
	p.floats(9, []float32{float32(value)})
	w.constants = append(w.constants, p)
	return l.Name + "/" + name
}

func names(in []array) []string {
	list := make([]string, len(in))
	for i, a := range in {
		list[i] = a.name
	}
	return list
}

// pair returns height and width of sides, or the default.
func pair(s model.Sides, byDefault int) []int {
	switch len(s) {
	case 0:
		return []int{byDefault, byDefault}
	case 1:
		return []int{s[0], s[0]}
	}
	return slices.Clone(s)
}

// around returns top, left, bottom and right, which is ONNX's order too.
func around(s model.Sides) []int {
	switch len(s) {
	case 0:
		return []int{0, 0, 0, 0}
	case 1:
		return []int{s[0], s[0], s[0], s[0]}
	}
	return slices.Clone(s)
}
