package foreign

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
)

// A file may call layers otherwise, and have a convolution over the whole image
// where the network has a dense layer.
func TestImportNames(t *testing.T) {
	n := smallModel(t)
	names := map[string]string{"conv1": "stem.conv", "fc1": "pre.fc1", "fc2": "head.fc"}
	tensors := torchTensors(t, n, replacer("conv1.", "stem.conv.", "fc1.", "pre.fc1.", "fc2.", "head.fc."))
	images, err := flattened(n.Spec)
	smallnet.Must(t, err)
	for layer, shape := range map[string][]int{"pre.fc1.weight": images["fc1"], "head.fc.weight": {tensors.Get("head.fc.weight").Shape[1], 1, 1}} {
		e := tensors.Get(layer)
		e.Shape = append([]int{e.Shape[0]}, shape...)
	}
	w, report, err := Import(tensors, n.Spec, Options{Names: names})
	smallnet.Must(t, err)
	for _, name := range n.Weights.Names() {
		if w.Hash(name) != n.Weights.Hash(name) {
			t.Errorf("found another %s:\n%s", name, report)
		}
	}
	tensors.Get("pre.fc1.weight").Shape = []int{tensors.Get("pre.fc1.weight").Shape[0], images["fc1"][0] * images["fc1"][1], images["fc1"][2], 1}
	if _, _, err := Import(tensors, n.Spec, Options{Names: names}); err == nil {
		t.Error("a kernel of another shape was taken")
	}
}

// A dense layer may flatten an image through other layers, and the next one does
// not flatten it again: with a normalisation, where names match, and without,
// where shapes may.
func TestFlattenedThroughLayers(t *testing.T) {
	for _, first := range []model.Kind{model.BatchNorm{Eps: 1e-5}, model.ReLU{}} {
		spec := model.Spec{Input: []int{2, 3, 3}, Layers: []model.Layer{
			{Name: "first", Kind: first},
			{Name: "flatten", Kind: model.Flatten{}},
			{Name: "dropout", Kind: model.Dropout{Rate: 0.5}},
			{Name: "a", Kind: model.Dense{Out: 5}},
			{Name: "b", Kind: model.Dense{Out: 3}},
		}}
		n, err := model.New(spec, []string{"x", "y", "z"}, dataset.MNISTPreprocessing(), rand.New(rand.NewPCG(1, 2)))
		smallnet.Must(t, err)
		path := filepath.Join(t.TempDir(), "n.npz")
		smallnet.Must(t, Export(path, n, TensorFlow))
		tensors, err := weightfile.ReadTensors(path)
		smallnet.Must(t, err)
		kernel := n.Weights.Get("a/W").Float32s()
		if e := tensors.Get("a/kernel"); e.Values[5] != kernel[9*5] { // pixel 0 of channel 1
			t.Errorf("%s: found %g in the second row, expected the second channel's first pixel, %g", first, e.Values[5], kernel[9*5])
		}
		w, _, err := Import(tensors, spec, Options{Layout: TensorFlow})
		smallnet.Must(t, err)
		for _, name := range n.Weights.Names() {
			if w.Hash(name) != n.Weights.Hash(name) {
				t.Errorf("%s: found another %s", first, name)
			}
		}
	}
}
