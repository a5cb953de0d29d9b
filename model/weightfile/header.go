package weightfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/internal/strictjson"
	"github.com/pkg/errors"
)

// Bounds on a safetensors header. They keep what decoding it allocates to some
// 50 MiB, whatever it says; the largest header in use, of a language model
// with thousands of tensors, stays well below.
const (
	maxHeader   = 4 << 20       // bytes
	maxMetadata = maxHeader / 2 // bytes of the metadata, as JSON, in files that we write
	maxTokens   = 200_000       // names, numbers, texts and brackets of the JSON
	maxRank     = 8             // dimensions of a tensor
)

// entry is what a header says about one tensor, checked.
type entry struct {
	name  string
	dtype string
	shape []int
	begin int64 // offset in the file
	bytes int64
}

// readHeader reads and checks the header of a safetensors file of that size:
// https://github.com/huggingface/safetensors#format. The entries it returns, in
// the order of the file, cover the rest of the file without gap or overlap.
// The errors have no cause and no file name yet.
func readHeader(r io.ReaderAt, size int64) (map[string]string, []entry, error) {
	var prefix [8]byte
	if _, err := r.ReadAt(prefix[:], 0); err != nil {
		return nil, nil, err
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > uint64(size-8) {
		return nil, nil, errors.Errorf("size: found %d bytes, expected %d for the header alone", size, n)
	}
	if n > maxHeader {
		return nil, nil, errors.Errorf("header: found %d bytes, expected at most %d", n, maxHeader)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, nil, err
	}
	if !utf8.Valid(header) {
		return nil, nil, errors.New("header: expected UTF-8")
	}
	if err := checkJSON(header); err != nil {
		return nil, nil, errors.Wrap(err, "header")
	}
	var objects map[string]json.RawMessage
	if err := json.Unmarshal(header, &objects); err != nil {
		return nil, nil, errors.Wrap(strictjson.Explain(err), "header")
	}
	var metadata map[string]string
	if text, ok := objects["__metadata__"]; ok {
		if err := json.Unmarshal(text, &metadata); err != nil {
			return nil, nil, errors.Wrap(strictjson.Explain(err), "header: metadata")
		}
		delete(objects, "__metadata__")
	}
	entries, err := layOut(objects, int64(n)+8, size)
	return metadata, entries, err
}

// checkJSON refuses what encoding/json would take: a name said twice, of which
// it would keep the last, deep nesting, and headers that multiply in memory.
func checkJSON(header []byte) error {
	d := json.NewDecoder(bytes.NewReader(header))
	d.UseNumber()
	tokens := 0
	next := func() (json.Token, error) {
		if tokens++; tokens > maxTokens {
			return nil, errors.Errorf("found more than %d JSON tokens", maxTokens)
		}
		return d.Token()
	}
	var value func(depth int) error
	value = func(depth int) error {
		t, err := next()
		if err != nil {
			return err
		}
		open, ok := t.(json.Delim)
		if !ok {
			return nil
		}
		if depth > 3 {
			return errors.New("found objects nested deeper than 3")
		}
		names := map[json.Token]bool{}
		for d.More() {
			if open == '{' {
				name, err := next()
				if err != nil {
					return err
				}
				if names[name] {
					return errors.Errorf("found %.100q twice", name)
				}
				names[name] = true
			}
			if err := value(depth + 1); err != nil {
				return err
			}
		}
		_, err = next() // the closing bracket
		return err
	}
	return value(1)
}

// info is what a header says about one tensor.
type info struct {
	DType   string   `json:"dtype"`
	Shape   []uint64 `json:"shape"`
	Offsets []uint64 `json:"data_offsets"`
}

// dtypeName is what a type's name looks like. The format gets new ones from
// time to time; those that are not known here are listed without values.
var dtypeName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,19}$`)

// parseInfo takes the three members that a tensor must have.
func parseInfo(text json.RawMessage) (info, error) {
	var members map[string]json.RawMessage
	var i info
	if err := json.Unmarshal(text, &members); err != nil {
		return i, strictjson.Explain(err)
	}
	if len(members) != 3 || members["dtype"] == nil || members["shape"] == nil || members["data_offsets"] == nil {
		return i, errors.New("expected dtype, shape and data_offsets")
	}
	if err := json.Unmarshal(text, &i); err != nil {
		return i, strictjson.Explain(err)
	}
	if !dtypeName.MatchString(i.DType) || len(i.Offsets) != 2 || i.Shape == nil {
		return i, errors.Errorf("found type %.20q, shape %v and %d offsets, expected a type, a shape and 2 offsets", i.DType, i.Shape, len(i.Offsets))
	}
	return i, nil
}

// layOut checks that the tensors fill the file from offset to size, each as
// long as its shape says, and returns them in that order.
func layOut(objects map[string]json.RawMessage, offset, size int64) ([]entry, error) {
	entries := make([]entry, 0, len(objects))
	room := uint64(size - offset)
	for name, text := range objects {
		i, err := parseInfo(text)
		if err != nil {
			return nil, errors.Wrapf(err, "tensor %.100q", name)
		}
		begin, end := i.Offsets[0], i.Offsets[1]
		if begin > end || end > room {
			return nil, errors.Errorf("tensor %.100q: found offsets %d to %d, expected them within the %d bytes after the header: cut short?", name, begin, end, room)
		}
		shape, length, known, err := sizeOf(i)
		if err != nil {
			return nil, errors.Wrapf(err, "tensor %.100q", name)
		}
		if known && end-begin != length {
			return nil, errors.Errorf("tensor %.100q: found %d bytes, expected %d for %s %v", name, end-begin, length, i.DType, i.Shape)
		}
		entries = append(entries, entry{name, i.DType, shape, offset + int64(begin), int64(end - begin)})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.bytes, b.bytes), cmp.Compare(a.name, b.name))
	})
	for _, e := range entries {
		if e.begin != offset {
			return nil, errors.Errorf("tensor %.100q: found it at byte %d, expected %d: a gap or an overlap", e.name, e.begin, offset)
		}
		offset += e.bytes
	}
	if offset != size {
		return nil, errors.Errorf("size: found %d bytes, expected %d by the header", size, offset)
	}
	return entries, nil
}

// widths are the lengths in bytes of the types that every reader knows.
var widths = map[string]uint64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
	"I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8, "C64": 8,
}

// sizeOf returns the shape of a tensor and, if its type is known, its length in
// bytes.
func sizeOf(i info) (shape []int, length uint64, known bool, err error) {
	if len(i.Shape) > maxRank {
		return nil, 0, false, errors.Errorf("found %d dimensions, expected at most %d", len(i.Shape), maxRank)
	}
	length, known = widths[i.DType]
	shape = make([]int, len(i.Shape))
	for d, side := range i.Shape {
		if side > math.MaxInt32 || side > 0 && length > math.MaxInt64/side {
			return nil, 0, false, errors.Errorf("found shape %v, expected a product that fits the file", i.Shape)
		}
		length *= side
		shape[d] = int(side)
	}
	return shape, length, known, nil
}
