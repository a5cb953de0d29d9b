// Package onnx writes a model as ONNX, so that it runs where Go does not:
// https://onnx.ai. Operators are those of opset 13, which every runtime since
// 2020 has.
//
// The one input is "images", float32 [N,C,H,W] or [N,F] for any N, prepared as
// the metadata lastlayer.preprocessing says: x = (byte*scale - mean)/std. The
// one output is "logits" [N,classes], or "probabilities" when asked for; the
// metadata lastlayer.classes is the JSON list of their labels.
//
// ONNX is a protobuf message. Of its schema, a file needs ten small messages;
// they are written with protobuf's own wire package and the field numbers of
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, rather than with code
// generated from a schema of a thousand lines.
package onnx

import (
	"encoding/json"
	"io"
	"math"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Options says what to write beside the network.
type Options struct {
	Softmax bool // end in probabilities instead of logits
}

// Versions that the file is written in. IR version 7 came with opset 13, in
// ONNX 1.8.
const (
	irVersion    = 7
	opsetVersion = 13
)

// maxSize is protobuf's limit on a message.
const maxSize = math.MaxInt32

// Write writes a complete model to path as weightfile.Write does: whole or not
// at all, the same model to the same bytes. The error's cause is as there.
func Write(path string, m *weightfile.Model, opt Options) error {
	data, err := Encode(m, opt)
	if err != nil {
		return errors.Wrap(err, path)
	}
	return weightfile.ReplaceFile(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return errors.WithStack(err)
	})
}

// Encode returns what Write writes.
func Encode(m *weightfile.Model, opt Options) ([]byte, error) {
	if err := m.Check(false); err != nil {
		return nil, err
	}
	size := 0
	for _, name := range m.Weights.Names() {
		size += 4 * m.Weights.Get(name).Shape().TotalSize()
	}
	if size > maxSize-1<<20 {
		return nil, errors.Wrapf(weightfile.ErrModel, "weights: found %d bytes, expected less than ONNX's 2 GiB", size)
	}
	network, err := graph(m, opt)
	if err != nil {
		return nil, err
	}
	// ModelProto
	var p message
	p.number(1, irVersion)
	p.text(2, "lastlayer")
	p.message(7, network)
	var opset message // OperatorSetIdProto, of the default domain
	opset.number(2, opsetVersion)
	p.message(8, opset)
	for _, e := range []struct {
		key   string
		value any
	}{{"lastlayer.classes", m.Classes}, {"lastlayer.preprocessing", m.Prep}, {"lastlayer.spec", m.Spec}} {
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

// graph returns the GraphProto: nodes from input to output, and the weights.
// Names with a slash are the layers' own, which have none in theirs. Dropout is nothing when a
// network is used, and has no node.
func graph(m *weightfile.Model, opt Options) (message, error) {
	shapes, err := m.Spec.Shapes()
	if err != nil {
		return nil, err
	}
	output := "logits"
	if opt.Softmax {
		output = "probabilities"
	}
	nodes := steps(m.Spec, shapes, opt)
	nodes[len(nodes)-1].output = output
	var p message
	x := "images"
	for _, n := range nodes {
		p.message(1, n.encode(x))
		x = n.output
	}
	p.text(2, "lastlayer")
	for _, name := range m.Weights.Names() {
		p.message(5, initializer(name, m.Weights.Get(name)))
	}
	p.message(11, valueInfo("images", m.Spec.Input))
	p.message(12, valueInfo(output, shapes[len(shapes)-1]))
	return p, nil
}

// steps returns the nodes of the network.
func steps(spec model.Spec, shapes [][]int, opt Options) []node {
	var nodes []node
	in := spec.Input
	for i, l := range spec.Layers {
		square := func(side int) []int { return []int{side, side} }
		n := node{output: l.Name + "/out"}
		switch l.Kind {
		case model.Conv:
			n.operator = "Conv"
			n.weights = []string{l.Name + "/W", l.Name + "/b"} // [out,in,kh,kw], [out]
			n.lists = []list{{"kernel_shape", square(l.Kernel)}, {"pads", []int{l.Pad, l.Pad, l.Pad, l.Pad}}, {"strides", square(l.Stride)}}
		case model.MaxPool:
			n.operator = "MaxPool"
			n.lists = []list{{"kernel_shape", square(l.Kernel)}, {"strides", square(l.Stride)}}
		case model.ReLU:
			n.operator = "Relu"
		case model.Dense:
			if len(in) == 3 {
				nodes = append(nodes, node{operator: "Flatten", output: l.Name + "/flatten"}) // [N,C*H*W], by its default axis 1
			}
			n.operator = "Gemm"                                // x·W + b by its defaults
			n.weights = []string{l.Name + "/W", l.Name + "/b"} // [in,out], [out]
		case model.Dropout:
			continue
		}
		nodes, in = append(nodes, n), shapes[i]
	}
	if opt.Softmax {
		nodes = append(nodes, node{operator: "Softmax"}) // over the last axis, by default
	}
	return nodes
}

// initializer returns the TensorProto of a weight.
func initializer(name string, t *tensor.Dense) message {
	var p message
	p.numbers(1, t.Shape())
	p.number(2, typeFloat)
	p.text(8, name)
	p.floats(9, t.Float32s())
	return p
}
