package onnx

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/pkg/errors"
)

// tiny returns a network of one dense layer [2,2], its weights as given.
func tiny(weights message) message {
	var g message
	n := node{operator: "Gemm", inputs: []string{"images"}, weights: []string{"w"}, output: "logits"}
	g.message(1, n.encode())
	g.message(5, weights)
	g.message(11, valueInfo("images", []int{2}))
	g.message(12, valueInfo("logits", []int{2}))
	return model13(g)
}

func model13(g message) message {
	var m, set message
	m.number(1, 7)
	m.message(7, g)
	set.number(2, 13)
	m.message(8, set)
	return m
}

// outside returns weights that lie in another file.
func outside(entries ...string) message {
	var w message
	w.numbers(1, []int{2, 2})
	w.number(2, typeFloat)
	w.text(8, "w")
	w.number(14, 1) // data_location EXTERNAL
	for i := 0; i < len(entries); i += 2 {
		var e message
		e.text(1, entries[i])
		e.text(2, entries[i+1])
		w.message(13, e)
	}
	return w
}

// Weights are read from the network's own folder; no path or link leads out of
// it.
func TestExternalData(t *testing.T) {
	above := t.TempDir()
	folder := filepath.Join(above, "net")
	if err := os.MkdirAll(filepath.Join(folder, "parts"), 0o700); err != nil {
		t.Fatal(err)
	}
	numbers := []byte{0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64} // 1 to 4
	for _, name := range []string{"w", "net/w", "net/parts/w"} {
		if err := os.WriteFile(filepath.Join(above, name), append(make([]byte, 8), numbers...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"link": "../w", "within": "w", "dir": ".."} {
		if err := os.Symlink(to, filepath.Join(folder, name)); err != nil {
			t.Skip(err)
		}
	}
	path := filepath.Join(folder, "n.onnx")
	read := func(entries ...string) (*Network, error) {
		if err := os.WriteFile(path, tiny(outside(entries...)), 0o600); err != nil {
			t.Fatal(err)
		}
		return Read(path)
	}
	for _, location := range []string{"w", "parts/w", "./w", "within"} {
		n, err := read("location", location, "offset", "8")
		if err != nil {
			t.Errorf("%s: %v", location, err)
			continue
		}
		if w := n.Weights.Get("w/W"); w == nil || w.Float32s()[3] != 4 {
			t.Errorf("%s: found %v, expected 1 to 4", location, w)
		}
	}
	for _, location := range []string{"../w", "parts/../../w", filepath.Join(above, "w"), "/etc/passwd", "/dev/zero", "link", "dir/w", ".", "parts", "", "..", "../net/w"} {
		_, err := read("location", location, "offset", "8")
		mustSay(t, err, ErrUnsupported, "own folder")
		if err != nil && bytes.Contains([]byte(err.Error()), []byte("root:")) {
			t.Errorf("%s: the error shows what is in the file", location)
		}
	}
	for reason, entries := range map[string][]string{
		"beyond the end": {"location", "w", "offset", "9"}, "far beyond": {"location", "w", "offset", "9223372036854775807"},
		"below 0": {"location", "w", "offset", "-8"}, "no number": {"location", "w", "offset", "x"},
		"another length": {"location", "w", "length", "12"}, "a huge length": {"location", "w", "length", "9223372036854775807"},
	} {
		if _, err := read(entries...); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: found %v, expected ErrFormat", reason, err)
		}
	}
	if _, err := read("location", "missing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("found %v, expected that there is no such file", err)
	}
	if _, err := Decode(tiny(outside("location", "w", "offset", "8"))); !errors.Is(err, ErrUnsupported) {
		t.Errorf("from memory: found %v, expected ErrUnsupported", err)
	}
}

// Small files that ask for much memory are refused before it is taken.
func TestHostileSizes(t *testing.T) {
	huge := func(dims ...int) message {
		var w message
		w.numbers(1, dims)
		w.number(2, typeFloat)
		w.text(8, "w")
		return w
	}
	for reason, data := range map[string]message{
		"a shape of 2^62":      tiny(huge(1<<31, 1<<31)),
		"a shape of 2^28":      tiny(huge(1<<14, 1<<14)),
		"no numbers, 2^28":     tiny(huge(1<<28, 0)),
		"a side below 0":       tiny(huge(-1, 2)),
		"a side of 2^63":       tiny(huge(math.MinInt64, 2)),
		"many dimensions":      tiny(huge(1, 1, 1, 1, 1, 1, 1, 1, 1, 1)),
		"constants that grow":  growing(),
		"weights out of a box": boxed(1 << 27),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Decode(data)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: found %v, expected ErrFormat or ErrUnsupported", reason, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: found %d MiB allocated, expected at most 64", reason, used>>20)
		}
	}
}

// growing doubles a constant again and again, and uses it.
func growing() message {
	var g, w message
	w.numbers(1, []int{1, 2})
	w.number(2, typeFloat)
	w.text(8, "w0")
	w.floats(9, []float32{1, 2})
	name := "w0"
	for i := range 40 {
		n := node{operator: "Concat", inputs: []string{name, name}, output: name + string(rune('a'+i%26)), attributes: []attributeOf{whole("axis", 0)}}
		g.message(1, n.encode())
		name = n.output
	}
	g.message(1, node{operator: "MatMul", inputs: []string{"images", name}, output: "logits"}.encode())
	g.message(5, w)
	g.message(11, valueInfo("images", []int{2}))
	g.message(12, valueInfo("logits", []int{2}))
	return model13(g)
}

// boxed asks for a matrix of n rows by its shape alone, where the network has
// two.
func boxed(n int) message {
	var g, shape message
	shape.numbers(1, []int{2})
	shape.number(2, int(int64Type))
	shape.numbers(7, []int{n, 2})
	shape.text(8, "shape")
	g.message(1, node{operator: "ConstantOfShape", inputs: []string{"shape"}, output: "w"}.encode())
	g.message(1, node{operator: "MatMul", inputs: []string{"images", "w"}, output: "logits"}.encode())
	g.message(5, shape)
	g.message(11, valueInfo("images", []int{2}))
	g.message(12, valueInfo("logits", []int{2}))
	return model13(g)
}

// A file that is cut short anywhere is an error, and no panic.
func TestCutShort(t *testing.T) {
	data, err := Encode(drawn(t, everything()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(data); n += 1 + len(data)/500 {
		if _, err := Decode(data[:n]); err == nil {
			t.Errorf("%d of %d bytes: found no error", n, len(data))
		}
	}
}
