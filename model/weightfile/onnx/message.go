package onnx

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of ONNX's enumerations.
const (
	typeFloat = 1 // TensorProto.DataType

	attributeFloat    = 1 // AttributeProto.AttributeType
	attributeInteger  = 2
	attributeText     = 3
	attributeIntegers = 7
)

// message is an encoded protobuf message; its methods append a field.
type message []byte

func (m *message) number(field protowire.Number, v int) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(v))
}

func (m *message) text(field protowire.Number, s string) { m.message(field, message(s)) }

func (m *message) message(field protowire.Number, b message) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, b)
}

// numbers appends a repeated field, each number for itself: proto2, which ONNX
// is, packs only what its schema says is packed, and readers take both.
func (m *message) numbers(field protowire.Number, values []int) {
	for _, v := range values {
		m.number(field, v)
	}
}

// floats appends the raw little-endian bytes of the values.
func (m *message) floats(field protowire.Number, values []float32) {
	raw := make(message, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	m.message(field, raw)
}

// node is one operator of the graph that is written.
type node struct {
	operator   string
	inputs     []string // outputs of other nodes, or the graph's input
	output     string
	weights    []string // further inputs
	attributes []attributeOf
}

// attributeOf is an encoded AttributeProto.
type attributeOf message

func ints(name string, values []int) attributeOf {
	var a message
	a.text(1, name)
	a.numbers(8, values)
	a.number(20, attributeIntegers)
	return attributeOf(a)
}

func whole(name string, value int) attributeOf {
	var a message
	a.text(1, name)
	a.number(3, value)
	a.number(20, attributeInteger)
	return attributeOf(a)
}

func float(name string, value float64) attributeOf {
	var a message
	a.text(1, name)
	a = protowire.AppendTag(a, 2, protowire.Fixed32Type)
	a = protowire.AppendFixed32(a, math.Float32bits(float32(value)))
	a.number(20, attributeFloat)
	return attributeOf(a)
}

func text(name, value string) attributeOf {
	var a message
	a.text(1, name)
	a.text(4, value)
	a.number(20, attributeText)
	return attributeOf(a)
}

// encode returns the NodeProto.
func (n node) encode() message {
	var p message
	for _, x := range n.inputs {
		p.text(1, x)
	}
	for _, w := range n.weights {
		p.text(1, w)
	}
	p.text(2, n.output)
	p.text(3, n.output) // the node's own name
	p.text(4, n.operator)
	for _, a := range n.attributes {
		p.message(5, message(a))
	}
	return p
}

// valueInfo returns the ValueInfoProto of a float32 array [N, shape...] for any
// N.
func valueInfo(name string, shape []int) message {
	var dims message // TensorShapeProto
	var batch message
	batch.text(2, "N")
	dims.message(1, batch)
	for _, side := range shape {
		var d message
		d.number(1, side)
		dims.message(1, d)
	}
	var t message // TypeProto.Tensor
	t.number(1, typeFloat)
	t.message(2, dims)
	var kind message // TypeProto
	kind.message(1, t)
	var p message
	p.text(1, name)
	p.message(2, kind)
	return p
}
