package weightfile

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/pkg/errors"
)

// A float says how numbers of one type lie in a file.
type float struct {
	bytes int
	get   func(order binary.ByteOrder, b []byte) float32
}

// floats are the types whose numbers we take, by their name in safetensors.
var floats = map[string]float{
	"F32":  {4, func(o binary.ByteOrder, b []byte) float32 { return math.Float32frombits(o.Uint32(b)) }},
	"F64":  {8, func(o binary.ByteOrder, b []byte) float32 { return float32(math.Float64frombits(o.Uint64(b))) }},
	"F16":  {2, func(o binary.ByteOrder, b []byte) float32 { return half(o.Uint16(b)) }},
	"BF16": {2, func(o binary.ByteOrder, b []byte) float32 { return math.Float32frombits(uint32(o.Uint16(b)) << 16) }},
}

// half returns the value of an IEEE 754 binary16: one sign bit, five of
// exponent, ten of fraction.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // zero and subnormal: fraction · 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*(1.0/(1<<24))))
	case 31: // Inf and NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// decode reads n numbers of type f from r. The caller has made sure that r
// holds as many. A number that is not finite as a float32 is an error.
func (f float) decode(r io.Reader, order binary.ByteOrder, n int) ([]float32, error) {
	values := make([]float32, n)
	var chunk [1 << 13]byte
	for i := 0; i < n; {
		b := chunk[:min(len(chunk), (n-i)*f.bytes)]
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		for ; len(b) > 0; b = b[f.bytes:] {
			v := f.get(order, b)
			if v-v != 0 {
				return nil, errors.Errorf("number %d: found %v, expected one that is finite as a float32", i, v)
			}
			values[i] = v
			i++
		}
	}
	return values, nil
}
