package weightfile

import (
	"encoding/binary"
	"io"
)

// readSafetensors reads a whole safetensors file of that size.
func readSafetensors(r io.ReaderAt, size int64, file string) (*Tensors, error) {
	metadata, entries, err := readHeader(r, size)
	if err != nil {
		return nil, fault(ErrFormat, file, "safetensors: %v (%s)", err, againHint)
	}
	t := &Tensors{File: file, Metadata: metadata, List: make([]Tensor, len(entries))}
	for i, e := range entries {
		t.List[i] = Tensor{Name: e.name, DType: e.dtype, Shape: e.shape}
		f, ok := floats[e.dtype]
		if !ok {
			continue // integers and others: listed, without values
		}
		data := io.NewSectionReader(r, e.begin, e.bytes)
		t.List[i].Values, err = f.decode(data, binary.LittleEndian, int(e.bytes)/f.bytes)
		if err != nil {
			return nil, fault(ErrFormat, file, "tensor %.100q: %v", e.name, err)
		}
	}
	return t, nil
}
