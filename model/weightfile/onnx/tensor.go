package onnx

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
)

// dataType is TensorProto.DataType.
type dataType int

// The types whose numbers are read. Others may be in a file where nothing that
// matters uses them.
const (
	float32Type  dataType = 1
	uint8Type    dataType = 2
	int8Type     dataType = 3
	uint16Type   dataType = 4
	int16Type    dataType = 5
	int32Type    dataType = 6
	int64Type    dataType = 7
	boolType     dataType = 9
	float16Type  dataType = 10
	float64Type  dataType = 11
	uint32Type   dataType = 12
	uint64Type   dataType = 13
	bfloat16Type dataType = 16
)

// widths are the bytes of one number in raw data.
var widths = map[dataType]int{
	float32Type: 4, float64Type: 8, float16Type: 2, bfloat16Type: 2, boolType: 1,
	uint8Type: 1, int8Type: 1, uint16Type: 2, int16Type: 2, uint32Type: 4, int32Type: 4, uint64Type: 8, int64Type: 8,
}

// isFloat reports whether we hold numbers of that type as float32.
func (d dataType) isFloat() bool {
	return d == float32Type || d == float16Type || d == float64Type || d == bfloat16Type
}

// constant is an array whose numbers are known: a weight, or a shape.
type constant struct {
	dtype  dataType
	shape  []int
	floats []float32 // of floating point; a single one stands for all where uniform
	// ints are all other numbers, for a batch of one size and for another: what
	// differs depends on the batch.
	ints    [2][]int64
	uniform bool
}

func (c *constant) size() int { return product(c.shape) }

// at returns floating-point number i.
func (c *constant) at(i int) float32 {
	if c.uniform {
		return c.floats[0]
	}
	return c.floats[i]
}

// constant decodes the numbers. The budget bounds what that may allocate.
func (t *initial) constant(b *budget, folder string) (*constant, error) {
	c := &constant{dtype: t.dtype}
	width, ok := widths[t.dtype]
	if !ok {
		return nil, unsupported("tensor %.100q: found data type %d, expected numbers of 8 to 64 bits", t.name, t.dtype)
	}
	var err error
	if c.shape, err = sides(t.dims); err != nil {
		return nil, damaged("tensor %.100q: %v", t.name, err)
	}
	n := c.size()
	if err := b.take(n); err != nil {
		return nil, damaged("tensor %.100q of shape %v: %v", t.name, c.shape, err)
	}
	raw := t.raw
	if t.external != nil {
		if raw, err = t.readExternal(folder, n*width); err != nil {
			return nil, err
		}
	}
	switch {
	case raw != nil || n == 0:
		if len(raw) != n*width {
			return nil, damaged("tensor %.100q: found %d bytes, expected %d for shape %v (copy the file again)", t.name, len(raw), n*width, c.shape)
		}
		c.fromRaw(raw, width)
	case t.dtype == float16Type || t.dtype == bfloat16Type:
		if len(t.ints) == n {
			c.floats = make([]float32, n)
			for i, v := range t.ints {
				c.floats[i] = half(t.dtype, uint16(v))
			}
		}
	case t.dtype.isFloat():
		c.floats = t.floats
	default:
		c.ints = both(t.ints)
	}
	if len(c.floats)+len(c.ints[0]) != n {
		return nil, damaged("tensor %.100q: found %d numbers, expected %d for shape %v", t.name, len(t.floats)+len(t.ints), n, c.shape)
	}
	return c, nil
}

// fromRaw decodes little-endian numbers.
func (c *constant) fromRaw(raw []byte, width int) {
	n := len(raw) / width
	if c.dtype.isFloat() {
		c.floats = make([]float32, n)
		for i := range c.floats {
			switch b := raw[i*width:]; c.dtype {
			case float32Type:
				c.floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(b))
			case float64Type:
				c.floats[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))
			default:
				c.floats[i] = half(c.dtype, binary.LittleEndian.Uint16(b))
			}
		}
		return
	}
	ints := make([]int64, n)
	for i := range ints {
		switch b := raw[i*width:]; c.dtype {
		case uint8Type, boolType:
			ints[i] = int64(b[0])
		case int8Type:
			ints[i] = int64(int8(b[0]))
		case uint16Type:
			ints[i] = int64(binary.LittleEndian.Uint16(b))
		case int16Type:
			ints[i] = int64(int16(binary.LittleEndian.Uint16(b)))
		case uint32Type:
			ints[i] = int64(binary.LittleEndian.Uint32(b))
		case int32Type:
			ints[i] = int64(int32(binary.LittleEndian.Uint32(b)))
		default:
			ints[i] = int64(binary.LittleEndian.Uint64(b))
		}
	}
	c.ints = both(ints)
}

// half returns what 16 bits stand for.
func half(d dataType, bits uint16) float32 {
	if d == bfloat16Type {
		return math.Float32frombits(uint32(bits) << 16)
	}
	sign := uint32(bits>>15) << 31
	exponent, fraction := uint32(bits>>10&31), uint32(bits&1023)
	switch exponent {
	case 0: // zero, or below the smallest normal number
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

func both(ints []int64) [2][]int64 { return [2][]int64{ints, ints} }

// maxSide bounds each side of an array, and their product.
const maxSide = 1 << 28

// sides returns dims as a shape.
func sides(dims []int64) ([]int, error) {
	shape := make([]int, len(dims))
	n := int64(1)
	for i, side := range dims {
		if side < 0 || side > maxSide || n*max(side, 1) > maxSide {
			return nil, damaged("found shape %v, expected sides from 0 with a product of at most %d", dims, maxSide)
		}
		shape[i] = int(side)
		n *= max(side, 1)
	}
	if slices.Contains(dims, 0) && n > 1<<16 {
		return nil, damaged("found shape %v of no numbers, expected smaller sides", dims)
	}
	return shape, nil
}

func product(shape []int) int {
	n := 1
	for _, side := range shape {
		n *= side
	}
	return n
}

// budget is how many numbers may still be decoded, and how many computed of
// those that were.
type budget struct{ left, derived int }

// maxNumbers is twice what a network may have: an array and what it becomes.
const maxNumbers = 1 << 29

func newBudget() budget { return budget{maxNumbers, 1 << 20} }

// take allows n numbers to be decoded.
func (b *budget) take(n int) error {
	if n > b.left {
		return damaged("found more than %d numbers in all", maxNumbers)
	}
	b.left -= n
	b.derived += 4 * n
	return nil
}

// derive allows n numbers to be computed.
func (b *budget) derive(n int) error {
	if n > b.derived {
		return damaged("found constants that grow to %d numbers, more than their file accounts for", n)
	}
	b.derived -= n
	return nil
}

// decimal returns the float64 that is written as shortly as v: 1e-5 for the
// float32 next to it, as the program that made the file had it.
func decimal(v float32) float64 {
	d, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	if err != nil {
		return float64(v)
	}
	return d
}
