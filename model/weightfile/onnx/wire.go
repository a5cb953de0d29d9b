package onnx

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message.
type field struct {
	number protowire.Number
	kind   protowire.Type
	varint uint64 // of a number, the bits of a fixed one too
	bytes  []byte // of a text, a message or a packed list
}

// eachField calls f with each field of a message, in order.
func eachField(m []byte, f func(field) error) error {
	for len(m) > 0 {
		number, kind, n := protowire.ConsumeTag(m)
		if n < 0 {
			return damaged("found %d bytes that are not a protobuf field", len(m))
		}
		m = m[n:]
		e := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			e.varint, n = protowire.ConsumeVarint(m)
		case protowire.BytesType:
			e.bytes, n = protowire.ConsumeBytes(m)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(m)
			e.varint = uint64(v)
		case protowire.Fixed64Type:
			e.varint, n = protowire.ConsumeFixed64(m)
		default:
			n = protowire.ConsumeFieldValue(number, kind, m)
		}
		if n < 0 {
			return damaged("field %d: cut short (copy the file again)", number)
		}
		m = m[n:]
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}

// ints appends the integers of a repeated field, packed or not.
func (f field) ints(list []int64) ([]int64, error) {
	if f.kind != protowire.BytesType {
		return append(list, int64(f.varint)), nil
	}
	for b := f.bytes; len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return nil, damaged("field %d: expected a list of integers", f.number)
		}
		list, b = append(list, int64(v)), b[n:]
	}
	return list, nil
}

// floats appends the numbers of a repeated float field, packed or not.
func (f field) floats(list []float32) ([]float32, error) {
	if f.kind != protowire.BytesType {
		return append(list, math.Float32frombits(uint32(f.varint))), nil
	}
	if len(f.bytes)%4 != 0 {
		return nil, damaged("field %d: found %d bytes, expected a list of floats", f.number, len(f.bytes))
	}
	for b := f.bytes; len(b) > 0; b = b[4:] {
		list = append(list, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return list, nil
}

// doubles appends the numbers of a repeated double field, packed or not.
func (f field) doubles(list []float32) ([]float32, error) {
	if f.kind != protowire.BytesType {
		return append(list, float32(math.Float64frombits(f.varint))), nil
	}
	if len(f.bytes)%8 != 0 {
		return nil, damaged("field %d: found %d bytes, expected a list of doubles", f.number, len(f.bytes))
	}
	for b := f.bytes; len(b) > 0; b = b[8:] {
		list = append(list, float32(math.Float64frombits(binary.LittleEndian.Uint64(b))))
	}
	return list, nil
}
