package onnx

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzRead holds that no file makes Read panic, and that what it reads is a
// sound network.
func FuzzRead(f *testing.F) {
	if data, err := Encode(drawn(f, everything()), Options{Softmax: true}); err == nil {
		f.Add(data)
	} else {
		f.Fatal(err)
	}
	f.Add([]byte(growing()))
	f.Add([]byte(tiny(outside("location", "../w"))))
	paths, _ := filepath.Glob(filepath.Join("../../../../shared/data/onnx-light", "*.onnx"))
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil && len(data) < 20<<10 {
			f.Add(data)
		}
	}
	operators, _ := filepath.Glob(filepath.Join(backendData, "node", "test_*", "model.onnx"))
	for i, path := range operators {
		if data, err := os.ReadFile(path); err == nil && i%4 == 0 && len(data) < 4<<10 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := decodeModel(data)
		if err != nil {
			return
		}
		r := newReader(d, "", "")
		r.budget.left = 1 << 22 // what a file is allowed at most takes a second
		n, err := r.read()
		if err == nil {
			err = n.Weights.Check(n.Spec)
		} else if n != nil {
			t.Error("found a network and an error")
		}
		if n != nil && err != nil {
			t.Error(err)
		}
	})
}
