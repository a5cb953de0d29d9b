package weightfile

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"regexp"
	"strings"

	"codeberg.org/sbinet/npyio/npy"
	"github.com/pkg/errors"
)

// maxNPYHeader is NumPy's own limit, from numpy.lib.format.
const maxNPYHeader = 10_000

// npyHeader is the header that NumPy writes for an array of plain numbers:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. The
// npyio package panics on some others, so they are refused before it sees them.
var npyHeader = regexp.MustCompile(`^\{'descr': '[<>|=][A-Za-z][0-9]{0,6}', 'fortran_order': (True|False), 'shape': \((|[0-9]+,|[0-9]+(, [0-9]+)+)\), \} *\n$`)

// npyFloats are the numbers we take, by NumPy's name without the byte order.
var npyFloats = map[string]string{"f2": "F16", "f4": "F32", "f8": "F64"}

// readNPY reads one array from r, which must end with it. Its numbers may take
// at most room bytes as float32. A type that is not floating point is listed
// without values, and not read.
func readNPY(r io.Reader, name string, room int64) (Tensor, error) {
	h, err := readNPYHeader(r)
	if err != nil {
		return Tensor{}, err
	}
	kind := strings.Trim(h.Descr.Type, "'") // "<f4"
	t := Tensor{Name: name, DType: npyFloats[kind[1:]], Shape: h.Descr.Shape}
	if t.DType == "" {
		t.DType = kind
		return t, nil
	}
	n, err := count(t.Shape, room)
	if err != nil {
		return Tensor{}, err
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if kind[0] == '>' {
		order = binary.BigEndian
	}
	if t.Values, err = floats[t.DType].decode(r, order, n); err != nil {
		return Tensor{}, errors.Wrap(err, "numbers")
	}
	if h.Descr.Fortran {
		t.Values = rowMajor(t.Values, t.Shape)
	}
	// The end, at which archive/zip also holds the entry against its checksum.
	if n, err := io.CopyN(io.Discard, r, 1); n != 0 || err != io.EOF {
		return Tensor{}, errors.Errorf("found more behind the numbers, or a wrong checksum (%v), expected the end", err)
	}
	return t, nil
}

func readNPYHeader(r io.Reader) (npy.Header, error) {
	head := make([]byte, 12)
	if _, err := io.ReadFull(r, head[:8]); err != nil {
		return npy.Header{}, errors.Wrap(err, "npy header")
	}
	lengthBytes := map[byte]int{1: 2, 2: 4}[head[6]]
	if !bytes.Equal(head[:6], npy.Magic[:]) || lengthBytes == 0 {
		return npy.Header{}, errors.Errorf("npy header: found %q, expected NumPy's %q and version 1 or 2", head[:8], npy.Magic)
	}
	head = head[:8+lengthBytes]
	if _, err := io.ReadFull(r, head[8:]); err != nil {
		return npy.Header{}, errors.Wrap(err, "npy header")
	}
	n := uint32(binary.LittleEndian.Uint16(head[8:]))
	if lengthBytes == 4 {
		n = binary.LittleEndian.Uint32(head[8:])
	}
	if n > maxNPYHeader {
		return npy.Header{}, errors.Errorf("npy header length: found %d, expected at most %d", n, maxNPYHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return npy.Header{}, errors.Wrap(err, "npy header")
	}
	if !npyHeader.Match(text) {
		return npy.Header{}, errors.Errorf("npy header: found %.100q, expected type, order and shape of plain numbers, as NumPy writes them", text)
	}
	parsed, err := npy.NewReader(bytes.NewReader(append(head, text...)))
	if err != nil {
		return npy.Header{}, err
	}
	return parsed.Header, nil
}

// count returns the number of elements of a shape that takes at most room
// bytes as float32.
func count(shape []int, room int64) (int, error) {
	if len(shape) > maxRank {
		return 0, errors.Errorf("found %d dimensions, expected at most %d", len(shape), maxRank)
	}
	n := int64(1)
	for _, side := range shape {
		if side < 1 || side > math.MaxInt32 || n*int64(side) > room/4 {
			return 0, errors.Errorf("found shape %v, expected sides from 1 and at most %d numbers", shape, room/4)
		}
		n *= int64(side)
	}
	return int(n), nil
}

// rowMajor returns values that lie in Fortran's order, the first index running
// fastest, with the last index running fastest.
func rowMajor(values []float32, shape []int) []float32 {
	out := make([]float32, len(values))
	index := make([]int, len(shape))
	for _, v := range values {
		at := 0
		for i, side := range shape {
			at = at*side + index[i]
		}
		out[at] = v
		for i := range index {
			if index[i]++; index[i] < shape[i] {
				break
			}
			index[i] = 0
		}
	}
	return out
}
