package weightfile

import (
	"encoding/binary"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// maxNPYHeader is NumPy's own limit, from numpy.lib.format.
const maxNPYHeader = 10_000

const npyMagic = "\x93NUMPY"

// npyHeader is what stands before the numbers of an array:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
type npyHeader struct {
	descr   string // "<f4", or as it stands there for anything but plain numbers
	fortran bool   // the first index runs fastest
	shape   []int
}

// The three entries of the header, a Python dictionary, and what may stand
// between them. NumPy takes them in any order and with any spaces; Python 2
// wrote sides as 32L.
var (
	npyDescr = regexp.MustCompile(`['"]descr['"]\s*:\s*(?:['"]([^'"]*)['"]|(\[[^:{}]*\]))`)
	npyOrder = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	npyShape = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([0-9L,\s]*)\)`)
	npyRest  = regexp.MustCompile(`^\s*\{\s*,?\s*,?\s*,?\s*\}\s*$`)
	npySide  = regexp.MustCompile(`^\s*([0-9]{1,18})L?\s*$`)
)

// readNPYHeader reads magic, version, length and header of an array.
func readNPYHeader(r io.Reader) (npyHeader, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:8]); err != nil {
		return npyHeader{}, errors.Wrap(err, "npy header")
	}
	lengthBytes := map[byte]int{1: 2, 2: 4, 3: 4}[head[6]]
	if string(head[:6]) != npyMagic || lengthBytes == 0 {
		return npyHeader{}, errors.Errorf("npy header: found %q, expected NumPy's %q and version 1 to 3", head[:8], npyMagic)
	}
	if _, err := io.ReadFull(r, head[8:8+lengthBytes]); err != nil {
		return npyHeader{}, errors.Wrap(err, "npy header")
	}
	n := binary.LittleEndian.Uint32(head[8:]) // the upper bytes are zero in version 1
	if n > maxNPYHeader {
		return npyHeader{}, errors.Errorf("npy header: found %d bytes, expected at most %d", n, maxNPYHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return npyHeader{}, errors.Wrap(err, "npy header")
	}
	return parseNPYHeader(string(text))
}

// parseNPYHeader takes each entry out of the dictionary; what is left must be
// braces and commas.
func parseNPYHeader(text string) (npyHeader, error) {
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
	descr, order, shape := take(npyDescr), take(npyOrder), take(npyShape)
	if descr == nil || order == nil || shape == nil || !npyRest.MatchString(rest) {
		return npyHeader{}, errors.Errorf("npy header: found %.100q, expected type, order and shape, as NumPy writes them", text)
	}
	h := npyHeader{descr: descr[1] + descr[2], fortran: order[1] == "True"}
	sides := strings.Split(strings.TrimSpace(shape[1]), ",")
	if last := len(sides) - 1; strings.TrimSpace(sides[last]) == "" {
		sides = sides[:last] // the comma at the end of a tuple
	}
	if len(sides) > maxRank {
		return npyHeader{}, errors.Errorf("npy header: found %d dimensions, expected at most %d", len(sides), maxRank)
	}
	for _, side := range sides {
		digits := npySide.FindStringSubmatch(side)
		if digits == nil {
			return npyHeader{}, errors.Errorf("npy header: found shape (%.50s), expected whole numbers", shape[1])
		}
		n, err := strconv.Atoi(digits[1])
		if err != nil {
			return npyHeader{}, errors.Errorf("npy header: found side %s, expected one that fits memory", digits[1])
		}
		h.shape = append(h.shape, n)
	}
	return h, nil
}
