package foreign

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"gorgonia.org/gorgonia"
)

const peers = "../../testdata/peers/"

func smallSpec(t testing.TB) model.Spec {
	t.Helper()
	text, err := os.ReadFile(peers + "small.json")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := model.ParseSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func smallModel(t testing.TB) *model.Network {
	t.Helper()
	spec := smallSpec(t)
	w, err := model.Init(spec, rand.New(rand.NewPCG(3, 4)))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range w.Names() { // biases of 0.1 would hide a mix-up
		if v := w.Get(name).Float32s(); strings.HasSuffix(name, "/b") {
			for i := range v {
				v[i] += float32(i) / 64
			}
		}
	}
	return &model.Network{Spec: spec, Classes: []string{"5", "6", "7", "8", "9"}, Prep: dataset.MNISTPreprocessing(), Weights: w}
}

func read(t testing.TB, path string) *weightfile.Tensors {
	t.Helper()
	tensors, err := weightfile.ReadTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	return tensors
}

// forward returns the logits of images [N,C,H,W].
func forward(t testing.TB, spec model.Spec, w *model.Weights, n int, images []float32) []float32 {
	t.Helper()
	net, err := model.Build(smallnet.Of(spec, w), model.None(), model.Batch(n))
	if err != nil {
		t.Fatal(err)
	}
	copy(net.Images(), images)
	vm := gorgonia.NewTapeMachine(net.Logits().Graph())
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(net.Logits().Value().Data().([]float32))
}

// mustBeClose fails when two lists of logits differ by more than 1e-4.
func mustBeClose(t testing.TB, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: found %d logits, expected %d", what, len(got), len(want))
	}
	var most float32
	for i := range got {
		most = max(most, got[i]-want[i], want[i]-got[i])
	}
	t.Logf("%s: %d logits, largest difference %.2g", what, len(got), most)
	if !(most <= 1e-4) {
		t.Errorf("%s: logits differ by %g, expected at most 1e-4", what, most)
	}
}

// The files that PyTorch and numpy made give the logits that they gave.
func TestImportGivesThePeersLogits(t *testing.T) {
	spec := smallSpec(t)
	images := read(t, peers+"images.npz").Get("images").Values
	for _, test := range []struct {
		file, logits string
		layout       Layout
	}{{"torch.safetensors", "torch-logits.npz", PyTorch}, {"torch.npz", "torch-logits.npz", PyTorch}, {"keras.npz", "keras-logits.npz", TensorFlow}} {
		for _, said := range []Layout{"", test.layout} {
			w, report, err := Import(read(t, peers+test.file), spec, Options{Layout: said})
			if err != nil {
				t.Fatal(err)
			}
			if report.Layout != test.layout || len(report.Taken) != 8 {
				t.Errorf("%s: found the report %v", test.file, report)
			}
			mustBeClose(t, test.file, forward(t, spec, w, 16, images), read(t, peers+test.logits).Get("logits").Values)
		}
	}
}

func TestExportThenImport(t *testing.T) {
	m := smallModel(t)
	for _, layout := range Layouts() {
		for _, ending := range []string{".npz", ".safetensors"} {
			path := filepath.Join(t.TempDir(), "m"+ending)
			if err := Export(path, m, layout); err != nil {
				t.Fatal(err)
			}
			w, report, err := Import(read(t, path), m.Spec, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if report.Layout != layout {
				t.Errorf("found layout %s (%s), expected %s", report.Layout, report.Reason, layout)
			}
			mustBeSame(t, m.Weights, w)
		}
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := Export(path, m, Ours); err != nil {
		t.Fatal(err)
	}
	if _, err := weightfile.Read(path); err != nil {
		t.Errorf("our own layout as safetensors: found %v, expected a model file", err)
	}
}

func mustBeSame(t testing.TB, want, got *model.Weights) {
	t.Helper()
	if !reflect.DeepEqual(want.Names(), got.Names()) {
		t.Fatalf("found weights %v, expected %v", got.Names(), want.Names())
	}
	for _, name := range want.Names() {
		if !got.Get(name).Shape().Eq(want.Get(name).Shape()) || got.Hash(name) != want.Hash(name) {
			t.Errorf("%s: found other numbers", name)
		}
	}
}

// torchTensors returns the small model in PyTorch's layout, each name changed
// by rename.
func torchTensors(t testing.TB, m *model.Network, rename func(string) string) *weightfile.Tensors {
	t.Helper()
	tensors, err := exportTensors(m, PyTorch)
	if err != nil {
		t.Fatal(err)
	}
	tensors.File = "m.npz"
	for i := range tensors.List {
		tensors.List[i].Name = rename(tensors.List[i].Name)
	}
	return tensors
}

// replacer returns a rename by pairs of old and new.
func replacer(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }

func TestImportMapsNames(t *testing.T) {
	m := smallModel(t)
	position := -1
	for _, test := range []struct {
		reason string
		rename func(string) string
		opt    Options
	}{
		{"a prefix", func(s string) string { return "module.net." + s }, Options{}},
		{"nn.Sequential", replacer("conv1", "features.0", "conv2", "features.3", "fc1", "classifier.0", "fc2", "classifier.10"), Options{}},
		{"the TensorFlow tutorial", replacer("conv1.weight", "W_conv1", "conv1.bias", "b_conv1", "fc1.weight", "W_fc1", "fc1.bias", "b_fc1"), Options{}},
		{"W1, b1", replacer("conv1.weight", "W1", "conv1.bias", "b1", "conv2.weight", "W2", "conv2.bias", "b2", "fc1.weight", "W3", "fc1.bias", "b3", "fc2.weight", "W4", "fc2.bias", "b4"), Options{}},
		{"positions", func(string) string { position++; return "arr_" + string(rune('0'+position)) }, Options{}},
		{"a map, the bias along", replacer("conv1", "x", "conv2", "y"), Options{Map: map[string]string{"conv1/W": "x.weight"}}},
		{"a map of names that say nothing", replacer("conv1.weight", "Variable", "conv1.bias", "Variable_1"), Options{Map: map[string]string{"conv1/W": "Variable", "conv1/b": "Variable_1"}}},
	} {
		w, report, err := Import(torchTensors(t, m, test.rename), m.Spec, test.opt)
		if err != nil {
			t.Errorf("%s: %v", test.reason, err)
			continue
		}
		if report.Layout != PyTorch {
			t.Errorf("%s: found layout %s, expected torch", test.reason, report.Layout)
		}
		mustBeSame(t, m.Weights, w)
	}
}

func TestImportConvolutionsOnly(t *testing.T) {
	m := smallModel(t)
	tensors := torchTensors(t, m, replacer("fc1", "classifier.1"))
	tensors.List = append(tensors.List, weightfile.Tensor{Name: "steps", DType: "I64", Shape: []int{}})
	opt := Options{Layers: []string{"conv*"}, Ignore: []string{"classifier.*", "fc2.*", "steps"}}
	w, report, err := Import(tensors, m.Spec, opt)
	if err != nil {
		t.Fatal(err)
	}
	if names := w.Names(); !reflect.DeepEqual(names, []string{"conv1/W", "conv1/b", "conv2/W", "conv2/b"}) {
		t.Errorf("found %v", names)
	}
	const want = `layout: torch (others come to the same for these layers)
taken  conv1/W  from "conv1.weight"  [4 1 5 5]
taken  conv1/b  from "conv1.bias"    [4]
taken  conv2/W  from "conv2.weight"  [8 4 3 3]
taken  conv2/b  from "conv2.bias"    [8]
ignored  "classifier.1.weight"
ignored  "classifier.1.bias"
ignored  "fc2.weight"
ignored  "fc2.bias"
ignored  "steps"
missing  fc1/W
missing  fc1/b
missing  fc2/W
missing  fc2/b
`
	if got := report.String(); got != want {
		t.Errorf("found the report\n%s\nexpected\n%s", got, want)
	}
	path := filepath.Join(t.TempDir(), "conv.safetensors")
	m.Weights = w
	if err := Export(path, m, Ours); err != nil {
		t.Fatal(err)
	}
	if _, err := weightfile.ReadPartial(path); err != nil {
		t.Error(err)
	}
}

func TestFoldDoubleBias(t *testing.T) {
	m := smallModel(t)
	tensors := torchTensors(t, m, replacer())
	w, _, err := Import(tensors, m.Spec, Options{FoldDoubleBias: []string{"conv1"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range tensors.Get("conv1.bias").Values {
		if got := w.Get("conv1/b").Float32s()[i]; got != 2*v {
			t.Errorf("number %d: found %v, expected %v", i, got, 2*v)
		}
	}
	if w.Hash("conv2/b") != m.Weights.Hash("conv2/b") {
		t.Error("another bias was changed")
	}
}

// Keras flattens [H,W,C]: without the permutation of the rows, all shapes
// still fit. So the layout has to come from the names when no convolution
// tells.
func TestDenseLayersAlone(t *testing.T) {
	m := smallModel(t)
	for _, layout := range []Layout{TensorFlow, Ours} {
		tensors, err := exportTensors(m, layout)
		if err != nil {
			t.Fatal(err)
		}
		opt := Options{Layers: []string{"fc*"}, Ignore: []string{"conv*"}}
		w, report, err := Import(tensors, m.Spec, opt)
		if err != nil || report.Layout != layout {
			t.Fatalf("found %v, %v", report.Layout, err)
		}
		if w.Hash("fc1/W") != m.Weights.Hash("fc1/W") {
			t.Errorf("%s: the rows of fc1 are in another order", layout)
		}
	}
}

func TestParseMap(t *testing.T) {
	got, err := ParseMap([]string{"conv1/W=a=b", " conv1/b = c "})
	if err != nil || !reflect.DeepEqual(got, map[string]string{"conv1/W": "a=b", "conv1/b": "c"}) {
		t.Errorf("found %v, %v", got, err)
	}
	for _, bad := range [][]string{{"x"}, {"=y"}, {"x="}, {"x=1", "x=2"}} {
		if _, err := ParseMap(bad); err == nil {
			t.Errorf("%q: found no error", bad)
		}
	}
}

func FuzzParseMap(f *testing.F) {
	f.Add("conv1/W=features.0.weight", "conv1/b=x")
	f.Fuzz(func(t *testing.T, a, b string) {
		got, err := ParseMap([]string{a, b})
		if err == nil && len(got) != 2 {
			t.Errorf("found %v for %q, %q", got, a, b)
		}
	})
}
