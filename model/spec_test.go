package model_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
)

// TestDeepMNIST holds the tutorial's network to its shapes, written by hand.
func TestDeepMNIST(t *testing.T) {
	shapes, err := model.DeepMNIST().Shapes()
	if err != nil {
		t.Fatal(err)
	}
	want := "[[32 28 28] [32 28 28] [32 14 14] [64 14 14] [64 14 14] [64 7 7] [1024] [1024] [1024] [10]]"
	if got := fmt.Sprint(shapes); got != want {
		t.Errorf("found shapes %s, expected %s", got, want)
	}
	parameters, err := model.DeepMNIST().Parameters()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range parameters {
		found = append(found, fmt.Sprint(p.Name, " ", p.Layer, " ", p.Part, " ", p.Shape, " ", p.FanIn, " ", p.Decays(), " ", p.Fixed))
	}
	want = "conv1/W conv1 W [32 1 5 5] 25 true false, conv1/b conv1 b [32] 0 false false, " +
		"conv2/W conv2 W [64 32 5 5] 800 true false, conv2/b conv2 b [64] 0 false false, " +
		"fc1/W fc1 W [3136 1024] 3136 true false, fc1/b fc1 b [1024] 0 false false, " +
		"fc2/W fc2 W [1024 10] 1024 true false, fc2/b fc2 b [10] 0 false false"
	if got := strings.Join(found, ", "); got != want {
		t.Errorf("found parameters %s, expected %s", got, want)
	}
	if n := model.DeepMNIST().Classes(); n != 10 {
		t.Errorf("found %d classes, expected 10", n)
	}
}

// TestValidate changes one thing in a good spec and expects an error that
// names the layer and what was found.
func TestValidate(t *testing.T) {
	layer := func(i int, change func(*model.Layer)) func(*model.Spec) {
		return func(s *model.Spec) { change(&s.Layers[i]) }
	}
	const relu, fc = 1, 4 // in small()
	conv := changed[model.Conv](0)
	pool := changed[model.MaxPool](2)
	drop := changed[model.Dropout](3)
	dense := changed[model.Dense](4)
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
		{"no layers", func(s *model.Spec) { s.Layers = nil }, []string{"layers: found 0"}},
		{"too many layers", func(s *model.Spec) { s.Layers = make([]model.Layer, 4001) }, []string{"layers", "4001", "4000"}},
		{"no name", layer(relu, func(l *model.Layer) { l.Name = "" }), []string{"layer 1", `""`}},
		{"a slash in a name", layer(fc, func(l *model.Layer) { l.Name = "fc/1" }), []string{"layer 4", "fc/1"}},
		{"a line break in a name", layer(fc, func(l *model.Layer) { l.Name = "fc1\n" }), []string{"layer 4", `fc1\n`}},
		{"a long name", layer(fc, func(l *model.Layer) { l.Name = strings.Repeat("a", 129) }), []string{"layer 4"}},
		{"a name twice", layer(fc, func(l *model.Layer) { l.Name = "conv1" }), []string{`"conv1"`, "twice"}},
		{"an unknown kind", layer(fc, func(l *model.Layer) { l.Kind = struct{ model.Dense }{} }), []string{`"fc1"`, "struct"}},
		{"no kind", layer(relu, func(l *model.Layer) { l.Kind = nil }), []string{`"relu1"`, "kind"}},
		{"conv: no output channels", conv(func(k *model.Conv) { k.Out = 0 }), []string{`"conv1"`, "out 0"}},
		{"conv: no kernel", conv(func(k *model.Conv) { k.Kernel = model.Sides{0} }), []string{`"conv1"`, "kernel [0]"}},
		{"conv: no stride", conv(func(k *model.Conv) { k.Stride = model.Sides{0} }), []string{`"conv1"`, "stride [0]"}},
		{"conv: stride below 0", conv(func(k *model.Conv) { k.Stride = model.Sides{-1} }), []string{`"conv1"`, "stride [-1]"}},
		{"conv: pad below 0", conv(func(k *model.Conv) { k.Pad = model.Sides{-1} }), []string{`"conv1"`, "pad [-1]"}},
		{"conv: kernel larger than the image", conv(func(k *model.Conv) { k.Kernel, k.Pad = model.Sides{9}, model.Sides{0} }), []string{`"conv1"`, "kernel [9 9]", "image [8 8]"}},
		{"conv: padding that overflows", conv(func(k *model.Conv) { k.Kernel, k.Pad = model.Sides{huge}, model.Sides{huge - 1} }), []string{`"conv1"`}},
		{"conv: output that overflows", conv(func(k *model.Conv) { k.Out = huge }), []string{`"conv1"`, "out 9223372036854775807", "expected from 1 to"}},
		{"conv: padding without end", conv(func(k *model.Conv) { k.Kernel, k.Pad = model.Sides{1<<61 + 1}, model.Sides{1 << 61} }), []string{`"conv1"`}},
		{"conv: a kernel too large, on one position", conv(func(k *model.Conv) {
			k.Kernel, k.Pad, k.Stride = model.Sides{1<<61 + 1}, model.Sides{1 << 61}, model.Sides{1 << 62}
		}), []string{`"conv1"`, "kernel ["}},
		{"conv on a flat input", func(s *model.Spec) { s.Input = []int{64} }, []string{`"conv1"`, "[64]", "[C,H,W]"}},
		{"pool: no kernel", pool(func(k *model.MaxPool) { k.Kernel = model.Sides{0} }), []string{`"pool1"`, "kernel [0]"}},
		{"pool: kernel larger than the image by far", pool(func(k *model.MaxPool) { k.Kernel = model.Sides{16} }), []string{`"pool1"`, "window [16 16]"}},
		{"pool: no stride", pool(func(k *model.MaxPool) { k.Stride = model.Sides{0} }), []string{`"pool1"`, "stride [0]"}},
		{"pool: kernel larger than the image", pool(func(k *model.MaxPool) { k.Kernel = model.Sides{9} }), []string{`"pool1"`, "window [9 9]", "image [8 8]"}},
		{"pool behind a dense layer", func(s *model.Spec) {
			s.Layers[6] = model.Layer{Name: "p", Kind: model.MaxPool{Kernel: model.Sides{1}, Stride: model.Sides{1}}}
		}, []string{`"p"`, "[6]", "[C,H,W]"}},
		{"dropout: rate 1", drop(func(k *model.Dropout) { k.Rate = 1 }), []string{`"drop1"`, "rate 1"}},
		{"dropout: rate below 0", drop(func(k *model.Dropout) { k.Rate = -0.1 }), []string{`"drop1"`, "rate -0.1"}},
		{"dropout: rate not a number", drop(func(k *model.Dropout) { k.Rate = math.NaN() }), []string{`"drop1"`, "NaN"}},
		{"dense: no outputs", dense(func(k *model.Dense) { k.Out = 0 }), []string{`"fc1"`, "out 0"}},
		{"dense: outputs below 0", dense(func(k *model.Dense) { k.Out = -5 }), []string{`"fc1"`, "out -5"}},
		{"dense: output too large", dense(func(k *model.Dense) { k.Out = 1 << 27 }), []string{`"fc1"`, "more than"}},
		{"dense: too many weights", dense(func(k *model.Dense) { k.Out = 1 << 23 }), []string{`"fc1"`, "weights"}},
		{"an image last", func(s *model.Spec) { s.Layers = s.Layers[:3] }, []string{`"pool1"`, "[4 4 4]", "gives the logits"}},
		{"dropout last", func(s *model.Spec) { s.Layers = s.Layers[:7] }, []string{`"drop2"`, "gives the logits"}},
		{"an input that comes later", layer(fc, func(l *model.Layer) { l.Inputs = []string{"relu2"} }), []string{`"fc1"`, `"relu2"`, "an earlier layer"}},
		{"its own input", layer(fc, func(l *model.Layer) { l.Inputs = []string{"fc1"} }), []string{`"fc1"`, "an earlier layer"}},
		{"two inputs", layer(fc, func(l *model.Layer) { l.Inputs = []string{"drop1", "drop1"} }), []string{`"fc1"`, "found 2 inputs"}},
		{"an output that nobody reads", layer(fc, func(l *model.Layer) { l.Inputs = []string{"pool1"} }), []string{`"drop1"`, "no layer reads"}},
	} {
		spec := small()
		test.change(&spec)
		wantError(t, test.reason, spec.Validate(), model.ErrSpec, test.says...)
	}
	for reason, spec := range map[string]model.Spec{"seed": model.DeepMNIST(), "small": small()} {
		if err := spec.Validate(); err != nil {
			t.Errorf("%s: found error %v", reason, err)
		}
	}
}

// changed returns what changes the kind of layer i.
func changed[K model.Kind](i int) func(change func(*K)) func(*model.Spec) {
	return func(change func(*K)) func(*model.Spec) {
		return func(s *model.Spec) {
			k := s.Layers[i].Kind.(K)
			change(&k)
			s.Layers[i].Kind = k
		}
	}
}

// TestParametersTogether makes sure that the bound is on all layers together.
func TestParametersTogether(t *testing.T) {
	spec := model.Spec{Input: []int{1 << 14}}
	for i := range 2 {
		spec.Layers = append(spec.Layers, model.Layer{Name: fmt.Sprint("fc", i), Kind: model.Dense{Out: 1 << 14}})
	}
	wantError(t, "2 × 2^28 numbers", spec.Validate(), model.ErrSpec, `"fc0"`, "weights up to here")
	spec.Layers[0].Kind = model.Dense{Out: 1 << 13}
	wantError(t, "2 × 2^27 numbers and biases", spec.Validate(), model.ErrSpec, `"fc1"`, "weights up to here")
	spec.Layers[1].Kind = model.Dense{Out: 1 << 12}
	if err := spec.Validate(); err != nil {
		t.Errorf("found error %v", err)
	}
}

func TestJSON(t *testing.T) {
	for _, spec := range []model.Spec{model.DeepMNIST(), small()} {
		data, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := model.ParseSpec(data)
		if err != nil || !got.Equal(spec) {
			t.Errorf("found %v and error %v, expected %v", got, err, spec)
		}
	}
	if model.DeepMNIST().Equal(small()) || model.DeepMNIST().Equal(withClasses(t, model.DeepMNIST(), 5)) {
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
		{"a field of another kind", strings.Replace(string(good), `"kind":"relu"`, `"kind":"relu","out":3`, 1), `"out", which this kind`},
		{"a field of another kind, zero", strings.Replace(string(good), `"kind":"relu"`, `"kind":"relu","rate":0`, 1), `"rate", which this kind`},
		{"an unknown kind", strings.Replace(string(good), `"kind":"relu"`, `"kind":"lstm"`, 1), `"lstm", expected one of add, avgpool, batchnorm,`},
		{"no kind", strings.Replace(string(good), `"kind":"relu"`, `"kin":"relu"`, 1), `kind ""`},
		{"an unknown input", strings.Replace(string(good), `"kind":"relu"`, `"kind":"relu","inputs":["conv9"]`, 1), `"conv9"`},
		{"an unknown field at the top", `{"inputs":[1]}`, `"inputs"`},
		{"a text for a number", strings.Replace(string(good), `"out":4`, `"out":"4"`, 1), `out: found "4", expected a whole number`},
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
	spec := model.DeepMNIST()
	five := withClasses(t, spec, 5)
	if five.Classes() != 5 || spec.Classes() != 10 {
		t.Errorf("found %d classes and %d in the original, expected 5 and 10", five.Classes(), spec.Classes())
	}
	five.Input[0] = 3
	if spec.Input[0] != 1 {
		t.Error("the two specs share memory")
	}
	for _, n := range []int{0, -1, 1 << 27} {
		_, err := spec.WithClasses(n)
		wantError(t, fmt.Sprint(n, " classes"), err, model.ErrSpec, `"fc2"`)
	}
}

func withClasses(t *testing.T, spec model.Spec, n int) model.Spec {
	t.Helper()
	spec, err := spec.WithClasses(n)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// FuzzParseSpec makes sure that no input panics, and that a spec which is
// accepted is within its bounds and survives being written and read.
func FuzzParseSpec(f *testing.F) {
	for _, spec := range []model.Spec{model.DeepMNIST(), small()} {
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
		weights, err := spec.Parameters()
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
