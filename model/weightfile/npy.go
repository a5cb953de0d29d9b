package weightfile

import (
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/lastlayer/lastlayer/internal/npz"
	"github.com/pkg/errors"
)

// npyFloats are the numbers we take, by NumPy's name.
var npyFloats = map[string]struct {
	dtype string
	order binary.ByteOrder
}{
	"<f2": {"F16", binary.LittleEndian}, "<f4": {"F32", binary.LittleEndian}, "<f8": {"F64", binary.LittleEndian},
	"=f2": {"F16", binary.LittleEndian}, "=f4": {"F32", binary.LittleEndian}, "=f8": {"F64", binary.LittleEndian},
	">f2": {"F16", binary.BigEndian}, ">f4": {"F32", binary.BigEndian}, ">f8": {"F64", binary.BigEndian},
}

// readNPY reads one array from r, which must end with it. Its numbers may take
// at most room bytes as float32. A type that is not floating point is listed
// without values, and not read.
func readNPY(r io.Reader, name string, room int64) (Tensor, error) {
	h, err := npz.ReadHeader(r)
	if err != nil {
		return Tensor{}, err
	}
	f, ok := npyFloats[h.Descr]
	t := Tensor{Name: name, DType: f.dtype, Shape: h.Shape}
	if !ok {
		t.DType = clip(h.Descr, 40)
		return t, nil
	}
	n, err := count(t.Shape, room)
	if err != nil {
		return Tensor{}, err
	}
	if t.Values, err = floats[t.DType].decode(r, f.order, n); err != nil {
		return Tensor{}, errors.Wrap(err, "numbers")
	}
	if h.Fortran {
		t.Values = gather(t.Values, t.Shape, fortranStrides(t.Shape))
	}
	// The end, at which archive/zip also holds the entry against its checksum.
	if n, err := io.CopyN(io.Discard, r, 1); n != 0 || err != io.EOF {
		return Tensor{}, errors.Errorf("found more behind the numbers, or a wrong checksum (%v), expected the end", err)
	}
	return t, nil
}

// count returns the number of elements of a shape that takes at most room
// bytes as float32.
func count(shape []int, room int64) (int, error) {
	if len(shape) > maxRank {
		return 0, errors.Errorf("found %d dimensions, expected at most %d", len(shape), maxRank)
	}
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	n := int64(1)
	for _, side := range shape {
		if side < 0 || side > math.MaxInt32 || n*int64(side) > room/4 {
			return 0, errors.Errorf("found shape %v, expected at most %d numbers", shape, room/4)
		}
		n *= int64(side)
	}
	return int(n), nil
}
