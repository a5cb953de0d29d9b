package weightfile

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// small returns the contents of a file of a few hundred numbers with everything a file holds.
func small(t testing.TB) *ourFile {
	t.Helper()
	spec := model.Spec{Input: []int{1, 6, 6}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv{Out: 2, Kernel: model.Sides{3}, Stride: model.Sides{1}, Pad: model.Sides{1}}},
		{Name: "relu1", Kind: model.ReLU{}},
		{Name: "pool1", Kind: model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{2}}},
		{Name: "fc1", Kind: model.Dense{Out: 3}},
	}}
	w, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	return &ourFile{
		Network: &model.Network{
			Spec: spec, Classes: []string{"5", "7", "<ü>"}, Prep: dataset.MNISTPreprocessing(), Weights: w,
			Meta: map[string]string{"command": "mnist train \"x\"\n", "format": "pt"},
		},
		state: State{"fc1/W velocity": {1, 2.5, -0}, "step": {7}},
	}
}

func (c *ourFile) write(path string) error { return WriteState(path, c.Network, c.state) }

func encode(t testing.TB, m *ourFile) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := m.write(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// same reports whether two models hold the same, bit for bit.
func same(a, b *ourFile) bool {
	if !a.Spec.Equal(b.Spec) || a.Prep != b.Prep || !reflect.DeepEqual(a.Classes, b.Classes) || !reflect.DeepEqual(a.state, b.state) || !reflect.DeepEqual(a.Meta, b.Meta) || !reflect.DeepEqual(a.Weights.Names(), b.Weights.Names()) {
		return false
	}
	for _, name := range a.Weights.Names() {
		if a.Weights.Hash(name) != b.Weights.Hash(name) {
			return false
		}
	}
	return true
}

func TestRoundTrip(t *testing.T) {
	m := small(t)
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := m.write(path); err != nil {
		t.Fatal(err)
	}
	got, err := readFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if !same(m, got) {
		t.Fatalf("found %+v, expected %+v", got, m)
	}
	if a, b := encode(t, m), encode(t, got); !bytes.Equal(a, b) {
		t.Error("the same model gave other bytes")
	}
}

func TestPartial(t *testing.T) {
	m := small(t)
	full := m.Weights
	m.Weights = model.NewWeights()
	m.Weights.Set("conv1/b", full.Get("conv1/b"))
	path := filepath.Join(t.TempDir(), "conv.safetensors")
	if err := WritePartial(path, m.Network); !errors.Is(err, model.ErrWeights) {
		t.Errorf("half a layer: found %v, expected ErrWeights", err)
	}
	m.Weights.Set("conv1/W", full.Get("conv1/W"))
	if err := m.write(path); !errors.Is(err, model.ErrWeights) {
		t.Errorf("Write without fc1: found %v, expected ErrWeights", err)
	}
	if err := WritePartial(path, m.Network); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); !errors.Is(err, model.ErrWeights) || !strings.Contains(err.Error(), "fc1/W") {
		t.Errorf("Read without fc1: found %v, expected ErrWeights that names fc1/W", err)
	}
	got, err := ReadPartial(path)
	if err != nil {
		t.Fatal(err)
	}
	if names := got.Weights.Names(); !reflect.DeepEqual(names, []string{"conv1/W", "conv1/b"}) {
		t.Errorf("found %v", names)
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, test := range []struct {
		reason string
		spoil  func(m *ourFile)
		cause  error
	}{
		{"no weights", func(m *ourFile) { m.Weights = nil }, ErrModel},
		{"NaN weight", func(m *ourFile) { m.Weights.Get("fc1/b").Float32s()[1] = float32(math.NaN()) }, model.ErrWeights},
		{"wrong shape", func(m *ourFile) { m.Weights.SetValues("fc1/b", []int{2}, []float32{1, 2}) }, model.ErrWeights},
		{"unknown weight", func(m *ourFile) { m.Weights.SetValues("fc9/b", []int{1}, []float32{1}) }, model.ErrWeights},
		{"too few labels", func(m *ourFile) { m.Classes = m.Classes[:2] }, ErrModel},
		{"a label twice", func(m *ourFile) { m.Classes = []string{"1", "1", "2"} }, ErrModel},
		{"no preprocessing", func(m *ourFile) { m.Prep = dataset.Preprocessing{} }, ErrModel},
		{"our own metadata name", func(m *ourFile) { m.Meta["lastlayer.spec"] = "{}" }, ErrModel},
		{"metadata not in UTF-8", func(m *ourFile) { m.Meta["x"] = "\xff" }, ErrModel},
		{"metadata too long to read back", func(m *ourFile) { m.Meta["x"] = strings.Repeat("x", maxHeader) }, ErrModel},
		{"empty state", func(m *ourFile) { m.state["x"] = nil }, ErrModel},
		{"infinite state", func(m *ourFile) { m.state["x"] = []float32{float32(math.Inf(1))} }, ErrModel},
	} {
		m := small(t)
		test.spoil(m)
		folder := t.TempDir()
		err := m.write(filepath.Join(folder, "m"))
		if !errors.Is(err, test.cause) {
			t.Errorf("%s: found %v, expected %v", test.reason, err, test.cause)
		}
		mustHold(t, folder)
	}
}

// mustHold fails unless the folder holds exactly these files.
func mustHold(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("folder: found %q, expected %q", names, want)
	}
}

func decodeBytes(data []byte, name string) (*ourFile, error) {
	return decode(bytes.NewReader(data), int64(len(data)), name, false)
}
