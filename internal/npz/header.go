// Package npz is what the readers of NumPy's files share: the header of an array,
// and the zip archive around several, which PyTorch writes too. The readers decide
// what the numbers mean.
package npz

import (
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// NumPy's own limits, from numpy.lib.format and its arrays.
const (
	maxHeader = 10_000 // bytes
	maxRank   = 64
)

// Magic begins every array.
const Magic = "\x93NUMPY"

// Header is what stands before the numbers of an array:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
type Header struct {
	Descr   string // "<f4", or as it stands there for anything but plain numbers
	Fortran bool   // the first index runs fastest
	Shape   []int
}

// The three entries of the header, a Python dictionary, and what may stand
// between them. NumPy takes them in any order and with any spaces; Python 2
// wrote sides as 32L.
var (
	descrEntry   = regexp.MustCompile(`['"]descr['"]\s*:\s*(?:['"]([^'"]*)['"]|(\[[^:{}]*\]))`)
	orderEntry   = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	shapeEntry   = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([0-9L,\s]*)\)`)
	restOfHeader = regexp.MustCompile(`^\s*\{\s*,?\s*,?\s*,?\s*\}\s*$`)
	sideOfShape  = regexp.MustCompile(`^\s*([0-9]{1,18})L?\s*$`)
)

// ReadHeader reads magic, version, length and header of an array.
func ReadHeader(r io.Reader) (Header, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:8]); err != nil {
		return Header{}, errors.Wrap(err, "npy header")
	}
	lengthBytes := map[byte]int{1: 2, 2: 4, 3: 4}[head[6]]
	if string(head[:6]) != Magic || lengthBytes == 0 {
		return Header{}, errors.Errorf("npy header: found %q, expected NumPy's %q and version 1 to 3", head[:8], Magic)
	}
	if _, err := io.ReadFull(r, head[8:8+lengthBytes]); err != nil {
		return Header{}, errors.Wrap(err, "npy header")
	}
	n := binary.LittleEndian.Uint32(head[8:]) // the upper bytes are zero in version 1
	if n > maxHeader {
		return Header{}, errors.Errorf("npy header: found %d bytes, expected at most %d", n, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return Header{}, errors.Wrap(err, "npy header")
	}
	return parse(string(text))
}

// parse takes each entry out of the dictionary; what is left must be
// braces and commas.
func parse(text string) (Header, error) {
	rest := text
	take := func(entry *regexp.Regexp) []string {
		at := entry.FindStringSubmatchIndex(rest)
		if at == nil {
			return nil
		}
		found := entry.FindStringSubmatch(rest)
		rest = rest[:at[0]] + rest[at[1]:]
		return found
	}
	descr, order, shape := take(descrEntry), take(orderEntry), take(shapeEntry)
	if descr == nil || order == nil || shape == nil || !restOfHeader.MatchString(rest) {
		return Header{}, errors.Errorf("npy header: found %.100q, expected type, order and shape, as NumPy writes them", text)
	}
	h := Header{Descr: descr[1] + descr[2], Fortran: order[1] == "True"}
	sides := strings.Split(strings.TrimSpace(shape[1]), ",")
	if last := len(sides) - 1; strings.TrimSpace(sides[last]) == "" {
		sides = sides[:last] // the comma at the end of a tuple
	}
	if len(sides) > maxRank {
		return Header{}, errors.Errorf("npy header: found %d dimensions, expected at most %d", len(sides), maxRank)
	}
	for _, side := range sides {
		digits := sideOfShape.FindStringSubmatch(side)
		if digits == nil {
			return Header{}, errors.Errorf("npy header: found shape (%.50s), expected whole numbers", shape[1])
		}
		n, err := strconv.Atoi(digits[1])
		if err != nil {
			return Header{}, errors.Errorf("npy header: found side %s, expected one that fits memory", digits[1])
		}
		h.Shape = append(h.Shape, n)
	}
	return h, nil
}

// Prefix returns what stands before the numbers of an array, version 1.0, padded so that
// they begin at a multiple of 64 bytes. The npyio package cannot write a slice with a
// shape of its choice, so this is written here.
func Prefix(descr string, shape []int) []byte {
	var sides strings.Builder
	for i, side := range shape {
		if i > 0 {
			sides.WriteString(", ")
		}
		fmt.Fprint(&sides, side)
	}
	if len(shape) == 1 {
		sides.WriteString(",") // a tuple of one
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, &sides)
	text += strings.Repeat(" ", 63-(10+len(text))%64) + "\n"
	prefix := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(prefix[8:], uint16(len(text)))
	return append(prefix, text...)
}
