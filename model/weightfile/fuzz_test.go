package weightfile

import (
	"bytes"
	"github.com/lastlayer/lastlayer/internal/npz"
	"os"
	"path/filepath"
	"testing"

	"github.com/nlpodyssey/safetensors"
)

// FuzzRead holds that no bytes make Decode panic, and that what it takes is
// written and read back as the same model.
func FuzzRead(f *testing.F) {
	data := encode(f, small(f))
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte(nil))
	f.Add(raw(`{"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}}`, 8))
	f.Add(raw(`{"__metadata__":{"lastlayer.version":"1"},"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decode(bytes.NewReader(data), int64(len(data)), "fuzz", true)
		if err != nil {
			return
		}
		if err := m.check("fuzz", true); err != nil {
			t.Fatal(err)
		}
		metadata, views, err := m.prepare()
		if err != nil {
			t.Fatal(err)
		}
		written, err := safetensors.Serialize(views, metadata)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decode(bytes.NewReader(written), int64(len(written)), "again", true)
		if err != nil {
			t.Fatal(err)
		}
		if !same(m, again) {
			t.Error("read back as another model")
		}
	})
}

// FuzzReadTensors holds that no bytes make ReadTensors panic, and that each
// tensor it lists has as many numbers as its shape says, or none.
func FuzzReadTensors(f *testing.F) {
	seeds, err := filepath.Glob("../../testdata/peers/*.npz")
	if err != nil {
		f.Fatal(err)
	}
	torch, err := filepath.Glob(filepath.Join(torchFiles, "*.pt"))
	if err != nil {
		f.Fatal(err)
	}
	seeds = append(seeds, torch...)
	for _, path := range seeds {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 10_000 {
			f.Add(data)
		}
	}
	var b bytes.Buffer
	if err := writeNPZ(&b, []Tensor{{Name: "a", Shape: []int{2}, Values: []float32{1, 2}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(raw(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "fuzz")
		if err != nil {
			return
		}
		for _, e := range tensors.List {
			if n, err := count(e.Shape, 1<<40); e.Values != nil && (err != nil || n != len(e.Values)) {
				t.Errorf("%q: found %d numbers for shape %v", e.Name, len(e.Values), e.Shape)
			}
		}
	})
}

// FuzzNPY is FuzzReadTensors without the zip archive around, whose checksums
// keep a fuzzer out.
func FuzzNPY(f *testing.F) {
	f.Add(append(npz.Prefix("<f4", []int{2, 1}), make([]byte, 8)...))
	f.Add([]byte("\x93NUMPY\x02\x00\x05\x00\x00\x00{'a'}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := readNPY(bytes.NewReader(data), "fuzz", 1<<20)
		if n, _ := count(e.Shape, 1<<20); err == nil && e.Values != nil && n != len(e.Values) {
			t.Errorf("found %d numbers for shape %v", len(e.Values), e.Shape)
		}
	})
}
