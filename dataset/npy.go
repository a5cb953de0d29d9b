package dataset

import (
	"encoding/binary"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"

	"github.com/lastlayer/lastlayer/internal/npz"
	"github.com/pkg/errors"
)

// plainNumbers matches NumPy's name of a type: the order of bytes, a letter, and bytes of a number.
var plainNumbers = regexp.MustCompile(`^([<>|=])([A-Za-z])([1-9][0-9]?)$`)

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
	a, fortran, err := readNPYHeader(r)
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
	if fortran {
		a.rowMajor()
	}
	return a, nil
}

// readNPYHeader returns an array without its numbers, and whether they stand in Fortran's order.
func readNPYHeader(r io.Reader) (a npyArray, fortran bool, err error) {
	h, err := npz.ReadHeader(r)
	if err != nil {
		return a, false, errors.Wrap(ErrFormat, err.Error())
	}
	m := plainNumbers.FindStringSubmatch(h.Descr)
	switch {
	case m == nil:
		return a, false, errors.Wrapf(ErrFormat, "npy header: found the type %.100q, expected plain numbers, as uint8", h.Descr)
	case len(h.Shape) == 0:
		return a, false, errors.Wrap(ErrFormat, "npy header: shape: found a single number, expected an array")
	}
	a.kind, a.order, a.shape = m[2], binary.ByteOrder(binary.LittleEndian), h.Shape
	if m[1] == ">" {
		a.order = binary.BigEndian
	}
	a.bytes, _ = strconv.Atoi(m[3]) // at most two digits
	return a, h.Fortran, nil
}

// rowMajor brings numbers from Fortran's order, in which the first index runs fastest, to C's.
func (a *npyArray) rowMajor() {
	if len(a.shape) < 2 {
		return
	}
	out := make([]byte, len(a.data))
	at := make([]int, len(a.shape)) // the index of the number that is next in data
	for from := 0; from < len(a.data); from += a.bytes {
		to := 0
		for i, side := range a.shape {
			to = to*side + at[i]
		}
		copy(out[to*a.bytes:(to+1)*a.bytes], a.data[from:])
		for i := range at {
			if at[i]++; at[i] < a.shape[i] {
				break
			}
			at[i] = 0
		}
	}
	a.data = out
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
