package weightfile

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/nlpodyssey/safetensors"
	"github.com/pkg/errors"
)

// Bounds on a safetensors header. They keep what decoding it allocates to some
// 50 MiB, whatever it says; the largest header in use, of a language model
// with thousands of tensors, stays well below.
const (
	maxHeader = 4 << 20 // bytes
	maxTokens = 200_000 // names, numbers, texts and brackets of the JSON
	maxRank   = 8       // dimensions of a tensor
)

// entry is what a header says about one tensor, checked.
type entry struct {
	name  string
	dtype safetensors.DType
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
	if size < int64(len(prefix))+2 {
		return nil, nil, errors.Errorf("size: found %d bytes, expected at least 10", size)
	}
	if _, err := r.ReadAt(prefix[:], 0); err != nil {
		return nil, nil, err
	}
	limit := uint64(min(size-8, maxHeader))
	n := binary.LittleEndian.Uint64(prefix[:])
	if n < 2 || n > limit {
		return nil, nil, errors.Errorf("header length: found %d, expected 2 to %d", n, limit)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, nil, err
	}
	if header[0] != '{' || !utf8.Valid(header) {
		return nil, nil, errors.Errorf("header: found %.12q..., expected a JSON object in UTF-8", header)
	}
	if err := checkJSON(header); err != nil {
		return nil, nil, errors.Wrap(err, "header")
	}
	var m safetensors.Metadata
	if err := json.Unmarshal(header, &m); err != nil {
		return nil, nil, errors.Wrap(err, "header")
	}
	entries, err := layOut(m.Tensors(), int64(n)+8, size)
	return m.Metadata(), entries, err
}

// checkJSON refuses what the safetensors package would take: a name said
// twice, of which it would keep the last, deep nesting, and headers that
// multiply in memory.
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

// layOut checks that the tensors fill the file from offset to size, each as
// long as its shape says, and returns them in that order. It does not rely on
// the safetensors package for that, whose sum of offsets can overflow.
func layOut(infos map[string]*safetensors.TensorInfo, offset, size int64) ([]entry, error) {
	entries := make([]entry, 0, len(infos))
	room := uint64(size - offset)
	for name, info := range infos {
		begin, end := info.DataOffsets[0], info.DataOffsets[1]
		if begin > end || end > room {
			return nil, errors.Errorf("tensor %.100q: found offsets %d to %d, expected them within the %d bytes after the header", name, begin, end, room)
		}
		shape, length, err := sizeOf(info)
		if err != nil {
			return nil, errors.Wrapf(err, "tensor %.100q", name)
		}
		if end-begin != length {
			return nil, errors.Errorf("tensor %.100q: found %d bytes, expected %d for %s %v", name, end-begin, length, info.DType, info.Shape)
		}
		entries = append(entries, entry{name, info.DType, shape, offset + int64(begin), int64(length)})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if a.begin != b.begin {
			return int(min(max(a.begin-b.begin, -1), 1))
		}
		return int(min(max(a.bytes-b.bytes, -1), 1))
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

// sizeOf returns the shape of a tensor and its length in bytes.
func sizeOf(info *safetensors.TensorInfo) ([]int, uint64, error) {
	if len(info.Shape) > maxRank {
		return nil, 0, errors.Errorf("found %d dimensions, expected at most %d", len(info.Shape), maxRank)
	}
	length := info.DType.Size()
	shape := make([]int, len(info.Shape))
	for i, side := range info.Shape {
		if side < 1 || side > math.MaxInt32 || length > math.MaxInt64/side {
			return nil, 0, errors.Errorf("found shape %v, expected sides from 1 and a product that fits the file", info.Shape)
		}
		length *= side
		shape[i] = int(side)
	}
	return shape, length, nil
}
