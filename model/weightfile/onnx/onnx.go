package onnx

import (
	"encoding/json"
	"io"
	"math"
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/internal/atomicfile"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Options says how to write a network.
type Options struct {
	Softmax bool // end in probabilities instead of logits
}

// Versions that the file is written in. IR version 7 came with opset 13, in
// ONNX 1.8.
const (
	irVersion    = 7
	opsetVersion = 13
	// irVersionLater came with opset 15, and goes with the later opset of
	// networks that need one.
	irVersionLater = 8
)

// Names of our metadata that Read takes too.
const (
	keyClasses = "lastlayer.classes"
	keyPrep    = "lastlayer.preprocessing"
)

// maxSize is protobuf's limit on a message.
const maxSize = math.MaxInt32

// Write writes a complete network to path: whole or not at all, the same network
// to the same bytes. The error's cause is model.ErrNetwork, model.ErrSpec,
// model.ErrWeights or one of the operating system.
func Write(path string, n *model.Network, opt Options) error {
	data, err := Encode(n, opt)
	if err != nil {
		return errors.Wrap(err, path)
	}
	return atomicfile.Replace(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return errors.WithStack(err)
	})
}

// Encode returns what Write writes.
func Encode(n *model.Network, opt Options) ([]byte, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	for i, label := range n.Classes {
		if !utf8.ValidString(label) {
			return nil, errors.Wrapf(model.ErrNetwork, "classes: label %d: found %.100q, expected UTF-8", i, label)
		}
	}
	size := 0
	for _, name := range n.Weights.Names() {
		size += 4 * n.Weights.Get(name).Shape().TotalSize()
	}
	if size > maxSize-1<<20 {
		return nil, errors.Wrapf(model.ErrNetwork, "weights: found %d bytes, expected less than ONNX's 2 GiB", size)
	}
	network, opset, err := graph(n, opt)
	if err != nil {
		return nil, err
	}
	// ModelProto
	var p message
	ir := irVersion
	if opset > opsetVersion {
		ir = irVersionLater
	}
	p.number(1, ir)
	p.text(2, "lastlayer")
	p.message(7, network)
	var set message // OperatorSetIdProto, of the default domain
	set.number(2, opset)
	p.message(8, set)
	for _, e := range []struct {
		key   string
		value any
	}{{keyClasses, n.Classes}, {keyPrep, n.Prep}, {"lastlayer.spec", n.Spec}} {
		value, err := json.Marshal(e.value)
		if err != nil {
			return nil, errors.Wrap(err, e.key)
		}
		var entry message // StringStringEntryProto
		entry.text(1, e.key)
		entry.text(2, string(value))
		p.message(14, entry)
	}
	return p, nil
}

// graph returns the GraphProto, nodes from input to output and the weights, and
// the opset that it needs. Names with a slash are the layers' own, which have
// none in theirs.
func graph(n *model.Network, opt Options) (p message, opset int, err error) {
	shapes, err := n.Spec.Shapes()
	if err != nil {
		return nil, 0, err
	}
	output := "logits"
	if opt.Softmax {
		output = "probabilities"
	}
	w, err := nodesOf(n.Spec, shapes)
	if err != nil {
		return nil, 0, err
	}
	last := len(w.nodes) - 1
	if opt.Softmax {
		w.nodes = append(w.nodes, node{operator: "Softmax", inputs: []string{w.nodes[last].output}}) // over the last axis, by default
		last++
	}
	w.nodes[last].output = output
	for _, n := range w.nodes {
		p.message(1, n.encode())
	}
	p.text(2, "lastlayer")
	for _, name := range n.Weights.Names() {
		t := n.Weights.Get(name)
		shape := w.shapes[name]
		if shape == nil {
			shape = t.Shape()
		}
		p.message(5, initializer(name, shape, t.Float32s()))
	}
	for _, c := range w.constants {
		p.message(5, c)
	}
	p.message(11, valueInfo(model.Images, n.Spec.Input))
	p.message(12, valueInfo(output, shapes[len(shapes)-1]))
	return p, w.opset, nil
}

// nodesOf returns the nodes of the network. The last one's output is still
// named after its layer.
func nodesOf(spec model.Spec, shapes [][]int) (*writer, error) {
	w := &writer{shapes: map[string][]int{}, opset: opsetVersion}
	values := map[string]array{model.Images: {model.Images, spec.Input}} // by layer
	for i, l := range spec.Layers {
		var in []array
		for _, name := range spec.InputsOf(i) {
			in = append(in, values[name])
		}
		output, err := w.layer(l, in)
		if err != nil {
			return nil, err
		}
		values[l.Name] = array{output, shapes[i]}
	}
	return w, nil
}

// initializer returns the TensorProto of a weight.
func initializer(name string, shape []int, values []float32) message {
	var p message
	p.numbers(1, shape)
	p.number(2, typeFloat)
	p.text(8, name)
	p.floats(9, values)
	return p
}
