package foreign

import (
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

func TestImportRefuses(t *testing.T) {
	m := smallModel(t)
	other := smallSpec(t)
	other.Layers[0].Kind = model.Conv{Out: 6, Kernel: model.Sides{5}, Stride: model.Sides{1}, Pad: model.Sides{2}}
	square := model.Spec{Input: []int{4}, Layers: []model.Layer{{Name: "a", Kind: model.Dense{Out: 4}}, {Name: "b", Kind: model.Dense{Out: 4}}}}
	squares := func(names ...string) *weightfile.Tensors {
		ts := &weightfile.Tensors{File: "m.npz"}
		for _, name := range names {
			ts.List = append(ts.List,
				weightfile.Tensor{Name: name + "_w", Shape: []int{4, 4}, Values: make([]float32, 16)},
				weightfile.Tensor{Name: name + "_b", Shape: []int{4}, Values: make([]float32, 4)})
		}
		return ts
	}
	whole := torchTensors(t, m, replacer())
	without := &weightfile.Tensors{File: "m.npz", List: whole.List[1:]}
	for _, test := range []struct {
		reason  string
		tensors *weightfile.Tensors
		spec    model.Spec
		opt     Options
		cause   error
		word    string
	}{
		{"another shape", whole, other, Options{}, model.ErrWeights, `conv1/W: found "conv1.weight" [4 1 5 5], expected shape [6 1 5 5]`},
		{"a weight missing", without, m.Spec, Options{}, model.ErrWeights, "conv1/W: found nothing, expected shape [4 1 5 5]"},
		{"the wrong layout said", whole, m.Spec, Options{Layout: TensorFlow}, model.ErrWeights, "expected shape [5 5 1 4]"},
		{"more than is wanted", whole, m.Spec, Options{Layers: []string{"conv*"}}, model.ErrWeights, `no layer takes "fc1.weight"`},
		{"a pattern of no tensor", whole, m.Spec, Options{Ignore: []string{"bn*"}}, model.ErrWeights, "matches nothing"},
		{"a pattern of no layer", whole, m.Spec, Options{Layers: []string{"cnv*"}}, model.ErrWeights, "conv1, conv2, fc1, fc2"},
		{"a broken pattern", whole, m.Spec, Options{Ignore: []string{"["}}, model.ErrWeights, "pattern"},
		{"a map from nowhere", whole, m.Spec, Options{Map: map[string]string{"conv1/W": "x"}}, model.ErrWeights, `no tensor "x"`},
		{"a map to nowhere", whole, m.Spec, Options{Map: map[string]string{"conv9/W": "conv1.weight"}}, model.ErrWeights, "conv9/W"},
		{"a map of one to two", whole, m.Spec, Options{Map: map[string]string{"conv1/b": "conv1.bias", "conv2/b": "conv1.bias"}}, model.ErrWeights, "two weights"},
		{"double bias of no layer", whole, m.Spec, Options{FoldDoubleBias: []string{"x"}}, model.ErrWeights, `no layer "x"`},
		{"integers", &weightfile.Tensors{File: "m.npz", List: []weightfile.Tensor{{Name: "n", DType: "I64"}}}, m.Spec, Options{}, model.ErrWeights, "can be ignored"},
		{"an empty tensor", &weightfile.Tensors{File: "m.npz", List: append(slices.Clip(whole.List), weightfile.Tensor{Name: "n", DType: "F32", Shape: []int{0, 3}, Values: []float32{}})}, m.Spec, Options{}, model.ErrWeights, `no layer takes "n"`},
		{"nothing", &weightfile.Tensors{File: "m.npz"}, m.Spec, Options{}, model.ErrWeights, "found nothing"},
		{"squares of any layout", squares("a", "b"), square, Options{}, ErrAmbiguous, "choose the layout"},
		{"squares in no order", squares("x", "y"), square, Options{}, ErrAmbiguous, "map a/W"},
		{"a square too many", squares("x1", "x2", "x3"), square, Options{}, ErrAmbiguous, "3 tensors fit 2 layers"},
		{"two of one name", squares("p/a", "q/a", "b"), square, Options{}, ErrAmbiguous, "ignore one"},
	} {
		w, _, err := Import(test.tensors, test.spec, test.opt)
		if w != nil || !errors.Is(err, test.cause) || !strings.Contains(err.Error(), test.word) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "m.npz: ") {
			t.Errorf("%s: found %v, expected a word of %q", test.reason, err, test.word)
		}
	}
}

// What cannot be a weight is passed over when it is to be ignored, in each
// format that may hold it.
func TestImportIgnoresWhatIsNoWeight(t *testing.T) {
	m := smallModel(t)
	whole := torchTensors(t, m, replacer())
	odd := []weightfile.Tensor{
		{Name: "empty", DType: "F32", Shape: []int{0}, Values: []float32{}},
		{Name: "f8", DType: "F8_E4M3", Shape: []int{2}},
		{Name: "z complex", DType: "<c8", Shape: []int{2}},
		{Name: "__MACOSX/._conv1.weight.npy", DType: "not an array"},
	}
	for _, e := range odd {
		tensors := &weightfile.Tensors{File: "m.npz", List: append(slices.Clip(whole.List), e)}
		if _, _, err := Import(tensors, m.Spec, Options{}); !errors.Is(err, model.ErrWeights) || !strings.Contains(err.Error(), e.Name) {
			t.Errorf("%s: found %v, expected an error that names it", e.Name, err)
		}
		_, report, err := Import(tensors, m.Spec, Options{Ignore: []string{e.Name[:2] + "*"}})
		if err != nil || !slices.Equal(report.Ignored, []string{e.Name}) {
			t.Errorf("%s: found %v, %v", e.Name, report.Ignored, err)
		}
	}
}

// TestNamedRefuses holds the import by names alone, of a network with a batch
// normalisation, to what it refuses, and to what it passes over.
func TestNamedRefuses(t *testing.T) {
	spec := model.Spec{Input: []int{1, 4, 4}, Layers: []model.Layer{
		{Name: "features.denselayer1.conv1", Kind: model.Conv{Out: 2, Kernel: model.Sides{3}, Stride: model.Sides{1}, NoBias: true}},
		{Name: "features.denselayer1.norm1", Kind: model.BatchNorm{Eps: 1e-5}},
		{Name: "fc", Kind: model.Dense{Out: 2}},
	}}
	tensor := func(name string, shape ...int) weightfile.Tensor {
		n := 1
		for _, side := range shape {
			n *= side
		}
		return weightfile.Tensor{Name: name, DType: "F32", Shape: shape, Values: make([]float32, n)}
	}
	whole := func() []weightfile.Tensor {
		return []weightfile.Tensor{
			tensor("features.denselayer1.conv.1.weight", 2, 1, 3, 3), tensor("features.denselayer1.norm.1.weight", 2), tensor("features.denselayer1.norm.1.bias", 2),
			tensor("features.denselayer1.norm.1.running_mean", 2), tensor("features.denselayer1.norm.1.running_var", 2),
			{Name: "features.denselayer1.norm.1.num_batches_tracked", DType: "I64"},
			tensor("fc.weight", 2, 8), tensor("fc.bias", 2),
		}
	}
	w, report, err := Import(&weightfile.Tensors{File: "m.pt", List: whole()}, spec, Options{})
	if err != nil || w.Check(spec) != nil || report.Layout != PyTorch || !slices.Equal(report.Ignored, []string{"features.denselayer1.norm.1.num_batches_tracked"}) {
		t.Fatalf("found %+v and %v", report, err)
	}
	for _, test := range []struct {
		reason string
		list   []weightfile.Tensor
		opt    Options
		cause  error
		word   string
	}{
		{"one missing", whole()[1:], Options{}, model.ErrWeights, "features.denselayer1.conv1/W: found no tensor"},
		{"one too many", append(whole(), tensor("aux.weight", 2)), Options{}, model.ErrWeights, `no layer takes "aux.weight"`},
		{"another shape", append(whole()[:6], tensor("fc.weight", 8, 2), tensor("fc.bias", 2)), Options{}, model.ErrWeights, "expected shape [2 8]"},
		{"integers", append(whole()[:7], weightfile.Tensor{Name: "fc.bias", DType: "I64", Shape: []int{2}}), Options{}, model.ErrWeights, "I64"},
		{"old and new names", append(whole(), tensor("features.denselayer1.norm1.bias", 2)), Options{}, ErrAmbiguous, "for one weight"},
		{"another layout", whole(), Options{Layout: TensorFlow}, model.ErrWeights, "in tf layout"},
		{"a pattern of nothing", whole(), Options{Ignore: []string{"aux*"}}, model.ErrWeights, "matches nothing"},
	} {
		w, _, err := Import(&weightfile.Tensors{File: "m.pt", List: test.list}, spec, test.opt)
		if w != nil || !errors.Is(err, test.cause) || !strings.Contains(err.Error(), test.word) {
			t.Errorf("%s: found %v, expected it to say %q", test.reason, err, test.word)
		}
	}
}
