package model_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
)

// TestSeed holds the seed network to its shapes, written by hand.
func TestSeed(t *testing.T) {
	shapes, err := model.Seed().Shapes()
	if err != nil {
		t.Fatal(err)
	}
	want := "[[32 28 28] [32 28 28] [32 14 14] [64 14 14] [64 14 14] [64 7 7] [1024] [1024] [1024] [10]]"
	if got := fmt.Sprint(shapes); got != want {
		t.Errorf("found shapes %s, expected %s", got, want)
	}
	weights, err := model.Seed().WeightShapes()
	if err != nil {
		t.Fatal(err)
	}
	want = "[{conv1/W conv1 [32 1 5 5] 25} {conv1/b conv1 [32] 25}" +
		" {conv2/W conv2 [64 32 5 5] 800} {conv2/b conv2 [64] 800}" +
		" {fc1/W fc1 [3136 1024] 3136} {fc1/b fc1 [1024] 3136}" +
		" {fc2/W fc2 [1024 10] 1024} {fc2/b fc2 [10] 1024}]"
	if got := fmt.Sprint(weights); got != want {
		t.Errorf("found weights %s, expected %s", got, want)
	}
	if n := model.Seed().Classes(); n != 10 {
		t.Errorf("found %d classes, expected 10", n)
	}
}

// TestValidate changes one thing in a good spec and expects an error that
// names the layer and what was found.
func TestValidate(t *testing.T) {
	layer := func(i int, change func(*model.Layer)) func(*model.Spec) {
		return func(s *model.Spec) { change(&s.Layers[i]) }
	}
	const conv, relu, pool, drop, fc = 0, 1, 2, 3, 4 // in small()
	const huge = math.MaxInt
	for _, test := range []struct {
		reason string
		change func(*model.Spec)
		says   []string
	}{
		{"no input", func(s *model.Spec) { s.Input = nil }, []string{"input", "[]", "[C,H,W] or [F]"}},
		{"input of rank 2", func(s *model.Spec) { s.Input = []int{8, 8} }, []string{"input", "[8 8]"}},
		{"input with a side of 0", func(s *model.Spec) { s.Input = []int{1, 0, 8} }, []string{"input", "[1 0 8]"}},
		{"input with a side below 0", func(s *model.Spec) { s.Input = []int{-1, -8, 8} }, []string{"input", "[-1 -8 8]"}},
		{"input too large", func(s *model.Spec) { s.Input = []int{1 << 20, 1 << 20, 1} }, []string{"input", "at most"}},
		{"input whose size overflows", func(s *model.Spec) { s.Input = []int{1 << 32, 1 << 32, 1} }, []string{"input", "at most"}},
		{"input whose size overflows to 1", func(s *model.Spec) { s.Input = []int{huge, huge, 1} }, []string{"input", "at most"}},
		{"no layers", func(s *model.Spec) { s.Layers = nil }, []string{"last layer must be dense"}},
		{"too many layers", func(s *model.Spec) { s.Layers = make([]model.Layer, 1001) }, []string{"layers", "1001", "1000"}},
		{"no name", layer(relu, func(l *model.Layer) { l.Name = "" }), []string{"layer 1", `""`}},
		{"a slash in a name", layer(fc, func(l *model.Layer) { l.Name = "fc/1" }), []string{"layer 4", "fc/1"}},
		{"a line break in a name", layer(fc, func(l *model.Layer) { l.Name = "fc1\n" }), []string{"layer 4", `fc1\n`}},
		{"a long name", layer(fc, func(l *model.Layer) { l.Name = strings.Repeat("a", 65) }), []string{"layer 4"}},
		{"a name twice", layer(fc, func(l *model.Layer) { l.Name = "conv1" }), []string{`"conv1"`, "twice"}},
		{"an unknown kind", layer(fc, func(l *model.Layer) { l.Kind = "lstm" }), []string{`"fc1"`, `kind "lstm"`, "expected conv"}},
		{"no kind", layer(relu, func(l *model.Layer) { l.Kind = "" }), []string{`"relu1"`, `kind ""`}},
		{"relu: a field it does not have", layer(relu, func(l *model.Layer) { l.Out = 3 }), []string{`"relu1"`, `"out"`}},
		{"pool: a field it does not have", layer(pool, func(l *model.Layer) { l.Pad = 1 }), []string{`"pool1"`, `"pad"`}},
		{"dense: kernel", layer(fc, func(l *model.Layer) { l.Kernel = 1 }), []string{`"fc1"`, `"kernel"`}},
		{"dense: stride", layer(fc, func(l *model.Layer) { l.Stride = 1 }), []string{`"fc1"`, `"stride"`}},
		{"conv: rate", layer(conv, func(l *model.Layer) { l.Rate = 0.5 }), []string{`"conv1"`, `"rate"`}},
		{"conv: no output channels", layer(conv, func(l *model.Layer) { l.Out = 0 }), []string{`"conv1"`, "out 0"}},
		{"conv: no kernel", layer(conv, func(l *model.Layer) { l.Kernel = 0 }), []string{`"conv1"`, "kernel 0"}},
		{"conv: no stride", layer(conv, func(l *model.Layer) { l.Stride = 0 }), []string{`"conv1"`, "stride 0"}},
		{"conv: stride below 0", layer(conv, func(l *model.Layer) { l.Stride = -1 }), []string{`"conv1"`, "stride -1"}},
		{"conv: pad below 0", layer(conv, func(l *model.Layer) { l.Pad = -1 }), []string{`"conv1"`, "pad -1"}},
		{"conv: a window of padding only", layer(conv, func(l *model.Layer) { l.Pad = 3 }), []string{`"conv1"`, "pad 3"}},
		{"conv: kernel larger than the image", layer(conv, func(l *model.Layer) { l.Kernel, l.Pad = 9, 0 }), []string{`"conv1"`, "kernel 9", "8×8"}},
		{"conv: padding that overflows", layer(conv, func(l *model.Layer) { l.Kernel, l.Pad = huge, huge-1 }), []string{`"conv1"`}},
		{"conv: output that overflows", layer(conv, func(l *model.Layer) { l.Out = huge }), []string{`"conv1"`, "more than"}},
		{"conv: padding without end", layer(conv, func(l *model.Layer) { l.Kernel, l.Pad = 1<<61+1, 1<<61 }), []string{`"conv1"`}},
		{"conv: a kernel too large, on one position", layer(conv, func(l *model.Layer) { l.Kernel, l.Pad, l.Stride = 1<<61+1, 1<<61, 1<<62 }), []string{`"conv1"`, "weights"}},
		{"conv on a flat input", func(s *model.Spec) { s.Input = []int{64} }, []string{`"conv1"`, "[64]", "[C,H,W]"}},
		{"pool: no kernel", layer(pool, func(l *model.Layer) { l.Kernel = 0 }), []string{`"pool1"`, "kernel 0"}},
		{"pool: kernel above 15", layer(pool, func(l *model.Layer) { l.Kernel = 16 }), []string{`"pool1"`, "kernel 16"}},
		{"pool: no stride", layer(pool, func(l *model.Layer) { l.Stride = 0 }), []string{`"pool1"`, "stride 0"}},
		{"pool: kernel larger than the image", layer(pool, func(l *model.Layer) { l.Kernel = 9 }), []string{`"pool1"`, "8×8"}},
		{"pool behind a dense layer", func(s *model.Spec) { s.Layers[6] = model.Layer{Name: "p", Kind: model.MaxPool, Kernel: 1, Stride: 1} }, []string{`"p"`, "[6]", "[C,H,W]"}},
		{"dropout: rate 1", layer(drop, func(l *model.Layer) { l.Rate = 1 }), []string{`"drop1"`, "rate 1"}},
		{"dropout: rate below 0", layer(drop, func(l *model.Layer) { l.Rate = -0.1 }), []string{`"drop1"`, "rate -0.1"}},
		{"dropout: rate not a number", layer(drop, func(l *model.Layer) { l.Rate = math.NaN() }), []string{`"drop1"`, "NaN"}},
		{"dense: no outputs", layer(fc, func(l *model.Layer) { l.Out = 0 }), []string{`"fc1"`, "out 0"}},
		{"dense: outputs below 0", layer(fc, func(l *model.Layer) { l.Out = -5 }), []string{`"fc1"`, "out -5"}},
		{"dense: output too large", layer(fc, func(l *model.Layer) { l.Out = 1 << 27 }), []string{`"fc1"`, "more than"}},
		{"dense: too many weights", layer(fc, func(l *model.Layer) { l.Out = 1 << 23 }), []string{`"fc1"`, "weights"}},
		{"relu last", func(s *model.Spec) { s.Layers = s.Layers[:6] }, []string{"last layer must be dense"}},
	} {
		spec := small()
		test.change(&spec)
		wantError(t, test.reason, spec.Validate(), model.ErrSpec, test.says...)
	}
	for reason, spec := range map[string]model.Spec{"seed": model.Seed(), "small": small()} {
		if err := spec.Validate(); err != nil {
			t.Errorf("%s: found error %v", reason, err)
		}
	}
}

// TestParametersTogether makes sure that the bound is on all layers together.
func TestParametersTogether(t *testing.T) {
	spec := model.Spec{Input: []int{1 << 14}}
	for i := range 2 {
		spec.Layers = append(spec.Layers, model.Layer{Name: fmt.Sprint("fc", i), Kind: model.Dense, Out: 1 << 14})
	}
	wantError(t, "2 × 2^28 numbers", spec.Validate(), model.ErrSpec, `"fc0"`, "weights up to here")
	spec.Layers[0].Out = 1 << 13
	wantError(t, "2 × 2^27 numbers and biases", spec.Validate(), model.ErrSpec, `"fc1"`, "weights up to here")
	spec.Layers[1].Out = 1 << 12
	if err := spec.Validate(); err != nil {
		t.Errorf("found error %v", err)
	}
}

func TestJSON(t *testing.T) {
	for _, spec := range []model.Spec{model.Seed(), small()} {
		data, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := model.ParseSpec(data)
		if err != nil || !got.Equal(spec) {
			t.Errorf("found %v and error %v, expected %v", got, err, spec)
		}
	}
	if model.Seed().Equal(small()) || model.Seed().Equal(model.Seed().WithClasses(5)) {
		t.Error("different specs are equal")
	}
}

func TestParseSpecErrors(t *testing.T) {
	good, err := json.Marshal(small())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ reason, data, says string }{
		{"nothing", "", "JSON"},
		{"cut short", string(good[:len(good)/2]), "JSON"},
		{"more behind it", string(good) + "{}", "found more behind the end"},
		{"a misspelt field", strings.Replace(string(good), `"stride"`, `"strid"`, 1), `"strid"`},
		{"an unknown field at the top", `{"inputs":[1]}`, `"inputs"`},
		{"a text for a number", strings.Replace(string(good), `"out":4`, `"out":"4"`, 1), "JSON"},
		{"half a number", strings.Replace(string(good), `"out":4`, `"out":4.5`, 1), "JSON"},
		{"a number too large", strings.Replace(string(good), `"out":4`, `"out":1e30`, 1), "JSON"},
		{"null", "null", "input"},
		{"valid JSON of an invalid spec", strings.Replace(string(good), `"out":4`, `"out":-4`, 1), `layer "conv1"`},
	} {
		_, err := model.ParseSpec([]byte(test.data))
		wantError(t, test.reason, err, model.ErrSpec, test.says)
	}
}

func TestWithClasses(t *testing.T) {
	spec := model.Seed()
	five := spec.WithClasses(5)
	if five.Classes() != 5 || spec.Classes() != 10 {
		t.Errorf("found %d classes and %d in the original, expected 5 and 10", five.Classes(), spec.Classes())
	}
	five.Input[0] = 3
	if spec.Input[0] != 1 {
		t.Error("the two specs share memory")
	}
	var names []string
	for _, l := range spec.Weighted() {
		names = append(names, l.Name)
	}
	if want := []string{"conv1", "conv2", "fc1", "fc2"}; !slices.Equal(names, want) {
		t.Errorf("found layers with weights %v, expected %v", names, want)
	}
}

// FuzzParseSpec makes sure that no input panics, and that a spec which is
// accepted is within its bounds and survives being written and read.
func FuzzParseSpec(f *testing.F) {
	for _, spec := range []model.Spec{model.Seed(), small()} {
		data, err := json.Marshal(spec)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
		f.Add([]byte(strings.ReplaceAll(string(data), "1", "9223372036854775807")))
	}
	f.Add([]byte(`{"input":[3],"layers":[{"name":"a","kind":"dense","out":67108864}]}`))
	f.Add([]byte(`{"input":[1,1,1],"layers":[{"name":"c","kind":"conv","out":1,"kernel":16384,"stride":1,"pad":16383},{"name":"d","kind":"dense","out":1}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		spec, err := model.ParseSpec(data)
		if err != nil {
			return
		}
		weights, err := spec.WeightShapes()
		if err != nil {
			t.Fatal(err)
		}
		shapes, err := spec.Shapes()
		if err != nil {
			t.Fatal(err)
		}
		for _, shape := range shapes {
			if n := product(shape); n < 1 || n > 1<<26 {
				t.Errorf("found an output of %v", shape)
			}
		}
		parameters := 0
		for _, w := range weights {
			parameters += product(w.Shape)
		}
		if parameters < 1 || parameters > 1<<28 {
			t.Errorf("found %d parameters", parameters)
		}
		written, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := model.ParseSpec(written); err != nil || !again.Equal(spec) {
			t.Errorf("found %v and error %v after writing and reading %v", again, err, spec)
		}
	})
}

func product(shape []int) int {
	n := 1
	for _, side := range shape {
		n *= side
	}
	return n
}
