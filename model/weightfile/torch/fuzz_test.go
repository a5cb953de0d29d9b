package torch

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// seeds returns the pickles and the older files that PyTorch wrote.
func seeds(f *testing.F) (pickles, legacy [][]byte) {
	paths, err := filepath.Glob("../../../testdata/peers/torch/*.pt")
	if err != nil || len(paths) == 0 {
		f.Fatal(paths, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			legacy = append(legacy, data)
			continue
		}
		_, entries, err := list(z)
		if err != nil {
			f.Fatal(err)
		}
		r, err := openRecord(entries["data.pkl"], bytes.NewReader(data), 0)
		if err != nil {
			f.Fatal(err)
		}
		pickled := make([]byte, r.bytes)
		if _, err := r.data.ReadAt(pickled, 0); err != nil {
			f.Fatal(err)
		}
		pickles = append(pickles, pickled)
	}
	return pickles, legacy
}

// FuzzPickle holds that no pickle makes reading it panic or allocate more than
// a file of its length may, and that each tensor lies within its storage.
func FuzzPickle(f *testing.F) {
	pickles, legacy := seeds(f)
	for _, data := range append(pickles, legacy...) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		used := allocated(func() {
			p := newParser(int64(len(data)))
			root, _, err := p.unpickle(bytes.NewReader(data), 0, int64(len(data)))
			if err != nil {
				return
			}
			_, _ = finish(root, func(key string) (*record, error) {
				s := p.storages[key]
				return &record{bytes: int64(s.numbers) * int64(s.dtype.width)}, nil
			})
		})
		if used > allowed(len(data)) {
			t.Errorf("a pickle of %d bytes allocated %d MiB", len(data), used>>20)
		}
	})
}

// FuzzLegacy holds the same of the layout without zip, whole.
func FuzzLegacy(f *testing.F) {
	_, legacy := seeds(f)
	for _, data := range legacy {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		used := allocated(func() {
			file, err := ReadLegacy(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				return
			}
			for i := range file.Tensors {
				e := &file.Tensors[i]
				if e.Span == 0 {
					continue
				}
				in, err := e.Numbers()
				if err != nil {
					t.Error(err)
					continue
				}
				if n, err := io.Copy(io.Discard, in); err != nil || int(n) != e.Span*e.width {
					t.Errorf("%q: found %d bytes, %v, expected %d numbers of %d", e.Name, n, err, e.Span, e.width)
				}
			}
		})
		if used > allowed(len(data)) {
			t.Errorf("a file of %d bytes allocated %d MiB", len(data), used>>20)
		}
	})
}
