package foreign

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
	"github.com/pkg/errors"
)

// kept writes a network as one of ours, as weights alone and as ONNX.
func kept(t *testing.T) (n *model.Network, ours, weights, asONNX string) {
	t.Helper()
	n, folder := smallModel(t), t.TempDir()
	ours, weights, asONNX = filepath.Join(folder, "m.safetensors"), filepath.Join(folder, "m.npz"), filepath.Join(folder, "m.onnx")
	for _, err := range []error{Export(ours, n, Ours), Export(weights, n, PyTorch), onnx.Write(asONNX, n, onnx.Options{})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return n, ours, weights, asONNX
}

func TestReadAnyFile(t *testing.T) {
	n, ours, weights, asONNX := kept(t)
	prep := n.Prep
	prep.Mean = 0.25
	for _, test := range []struct {
		path    string
		origin  Origin
		unsaid  bool
		classes string
		mean    float64
	}{
		{ours, Origin{}, false, "56789", n.Prep.Mean},
		{asONNX, Origin{}, false, "56789", n.Prep.Mean},
		{weights, Origin{Spec: &n.Spec}, true, "01234", dataset.MNISTPreprocessing().Mean},
		{weights, Origin{Spec: &n.Spec, Classes: []string{"a", "b", "c", "d", "e"}, Prep: &prep}, true, "abcde", 0.25},
	} {
		r, err := Read(test.path, test.origin, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Unsaid != test.unsaid || strings.Join(r.Network.Classes, "") != test.classes || r.Network.Prep.Mean != test.mean || len(r.Report.Taken) != 8 {
			t.Errorf("%s: found unsaid %v, classes %v, mean %v and\n%s", test.path, r.Unsaid, r.Network.Classes, r.Network.Prep.Mean, r.Report)
		}
		for _, name := range n.Weights.Names() {
			if r.Network.Weights.Hash(name) != n.Weights.Hash(name) {
				t.Errorf("%s: found another %s", test.path, name)
			}
		}
	}
	r, err := Read(ours, Origin{}, Options{Layers: []string{"conv*"}})
	if err != nil || !slices.Equal(r.Network.Weights.Names(), []string{"conv1/W", "conv1/b", "conv2/W", "conv2/b"}) {
		t.Errorf("found %v (%v), expected the convolutions alone", r.Report, err)
	}
}

func TestReadRefuses(t *testing.T) {
	n, ours, weights, asONNX := kept(t)
	prep, wrong := n.Prep, n.Prep
	wrong.Std = 0
	for _, test := range []struct {
		path   string
		origin Origin
		opt    Options
		cause  error
		word   string
	}{
		{ours, Origin{Prep: &prep}, Options{}, ErrSaid, "a preprocessing given"},
		{ours, Origin{Classes: n.Classes}, Options{}, ErrSaid, "list of classes"},
		{ours, Origin{}, Options{Ignore: []string{"x"}}, ErrSaid, "list to ignore"},
		{ours, Origin{}, Options{Map: map[string]string{"conv1/W": "x"}}, ErrSaid, "map"},
		{ours, Origin{}, Options{Layers: []string{"none*"}}, model.ErrSelection, ours},
		{asONNX, Origin{Spec: &n.Spec}, Options{}, ErrSaid, "network"},
		{asONNX, Origin{}, Options{Layers: []string{"conv*"}}, ErrSaid, "list of layers"},
		{asONNX, Origin{}, Options{FoldDoubleBias: []string{"conv1"}}, ErrSaid, "bias"},
		{asONNX, Origin{Prep: &prep}, Options{}, ErrSaid, "preprocessing"},
		{weights, Origin{Spec: &n.Spec, Classes: []string{"a"}}, Options{}, nil, "found 1 classes, expected 5"},
		{weights, Origin{Spec: &n.Spec, Prep: &wrong}, Options{}, dataset.ErrArgument, "std"},
		{weights, Origin{}, Options{}, model.ErrWeights, "[32 1 5 5]"},
		{ours + "x", Origin{}, Options{}, nil, "x"},
	} {
		_, err := Read(test.path, test.origin, test.opt)
		if err == nil || test.cause != nil && !errors.Is(err, test.cause) || !strings.Contains(err.Error(), test.word) || !strings.Contains(err.Error(), filepath.Base(test.path)) {
			t.Errorf("%s: found %v, expected %v, %q and the file's name", filepath.Base(test.path), err, test.cause, test.word)
		}
	}
}
