package dataset

import (
	"encoding/binary"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// maxNPYHeader is NumPy's own limit, from numpy.lib.format.
const maxNPYHeader = 10_000

// npyHeader is the header that NumPy writes for an array of plain numbers:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Python 2 wrote sides as 60000L.
var npyHeader = regexp.MustCompile(`^\{'descr': '([<>|=])([A-Za-z])([0-9]{1,3})', 'fortran_order': (True|False), 'shape': \(([0-9L, ]*)\),? *\} *\n?$`)

// npyArray is an array of a file of NumPy's, row-major.
type npyArray struct {
	order binary.ByteOrder
	kind  string // "u": unsigned, "i": signed, or another letter of NumPy's
	bytes int    // of a number
	shape []int
	data  []byte
}

// readNPY reads an array that r holds and nothing else, of at most room bytes. guess is how many bytes
// are taken to be there before they have been read.
func readNPY(r io.Reader, guess, room int64) (npyArray, error) {
	a, err := readNPYHeader(r)
	if err != nil {
		return a, err
	}
	n := int64(a.bytes)
	for i, side := range a.shape {
		if side == 0 {
			return a, errors.Wrapf(ErrFormat, "shape %v: found a side of 0, expected 1 or more", a.shape)
		}
		if int64(side) > min(room, maxIDX)/n {
			return a, errors.Wrapf(ErrTooLarge, "shape %v: side %d: expected at most %d bytes in all", a.shape, i, min(room, maxIDX))
		}
		n *= int64(side)
	}
	if a.data, err = readExactly(r, int(n), int(min(guess, n))); err != nil {
		return a, errors.Wrapf(ErrFormat, "numbers: found %d bytes, expected %d: %v", len(a.data), n, err)
	}
	// The end, at which archive/zip holds the entry against its checksum.
	if n, err := io.CopyN(io.Discard, r, 1); n != 0 || err != io.EOF {
		return a, errors.Wrapf(ErrFormat, "found more behind the numbers, or a wrong checksum (%v), expected the end", err)
	}
	return a, nil
}

func readNPYHeader(r io.Reader) (a npyArray, err error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:8]); err != nil {
		return a, errors.Wrapf(ErrFormat, "npy header: %v", err)
	}
	lengthBytes := map[byte]int{1: 2, 2: 4, 3: 4}[head[6]]
	if string(head[:6]) != "\x93NUMPY" || lengthBytes == 0 {
		return a, errors.Wrapf(ErrFormat, "npy header: found %q, expected NumPy's and version 1 to 3", head[:8])
	}
	if _, err := io.ReadFull(r, head[8:8+lengthBytes]); err != nil {
		return a, errors.Wrapf(ErrFormat, "npy header: %v", err)
	}
	n := binary.LittleEndian.Uint32(head[8:]) // the upper bytes are zero in version 1
	if n > maxNPYHeader {
		return a, errors.Wrapf(ErrFormat, "npy header: found %d bytes, expected at most %d", n, maxNPYHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return a, errors.Wrapf(ErrFormat, "npy header: %v", err)
	}
	m := npyHeader.FindStringSubmatch(string(text))
	if m == nil {
		return a, errors.Wrapf(ErrFormat, "npy header: found %.100q, expected type, order and shape of plain numbers, as NumPy writes them", text)
	}
	a.kind, a.order = m[2], binary.ByteOrder(binary.LittleEndian)
	if m[1] == ">" {
		a.order = binary.BigEndian
	}
	a.bytes, _ = strconv.Atoi(m[3]) // at most three digits
	if a.bytes == 0 {
		return a, errors.Wrapf(ErrFormat, "npy header: found the type %s0, expected numbers", a.kind)
	}
	for side := range strings.SplitSeq(strings.TrimRight(m[5], ", "), ",") {
		n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(side), "L"), 10, 31)
		if err != nil {
			return a, errors.Wrapf(ErrFormat, "npy header: shape: found (%.50s), expected one or more whole numbers", m[5])
		}
		a.shape = append(a.shape, int(n))
	}
	if m[4] == "True" && len(a.shape) > 1 {
		return a, errors.Wrapf(ErrFormat, "npy header: found Fortran's order, expected C's: save it with np.ascontiguousarray")
	}
	return a, nil
}

// imageShape returns the shape of grey images, [N,1,H,W], of an array [N,H,W] or [N,H,W,1].
func (a npyArray) imageShape() ([]int, error) {
	if a.kind != "u" || a.bytes != 1 {
		return nil, errors.Wrapf(ErrFormat, "type: found %s%d, expected unsigned bytes, uint8", a.kind, a.bytes)
	}
	if n := len(a.shape); n != 3 && (n != 4 || a.shape[3] != 1) {
		return nil, errors.Wrapf(ErrFormat, "shape: found %v, expected [images height width] of grey images", a.shape)
	}
	return []int{a.shape[0], 1, a.shape[1], a.shape[2]}, nil
}

// labels returns the numbers of an array [N] or [N,1] as bytes.
func (a npyArray) labels() ([]byte, error) {
	if !slices.Contains([]string{"u", "i"}, a.kind) || !slices.Contains([]int{1, 2, 4, 8}, a.bytes) {
		return nil, errors.Wrapf(ErrFormat, "type: found %s%d, expected whole numbers, as uint8", a.kind, a.bytes)
	}
	if n := len(a.shape); n != 1 && (n != 2 || a.shape[1] != 1) {
		return nil, errors.Wrapf(ErrFormat, "shape: found %v, expected [labels]", a.shape)
	}
	labels := make([]byte, a.shape[0])
	for i := range labels {
		// A negative number has its highest bit set, in whichever number of bytes.
		var wide [8]byte
		number := a.data[i*a.bytes : (i+1)*a.bytes]
		if a.order == binary.ByteOrder(binary.BigEndian) {
			number = slices.Clone(number)
			slices.Reverse(number)
		}
		copy(wide[:], number)
		n := binary.LittleEndian.Uint64(wide[:])
		if n > math.MaxUint8 || a.kind == "i" && number[a.bytes-1] > math.MaxInt8 {
			return nil, errors.Wrapf(ErrFormat, "label %d: found a number outside 0 to 255", i)
		}
		labels[i] = byte(n)
	}
	return labels, nil
}
