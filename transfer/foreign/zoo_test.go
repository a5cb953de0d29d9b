package foreign_test

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/transfer/foreign"
	"gorgonia.org/gorgonia"
)

// TestTorchvision reads the state dictionaries of torchvision's classifiers, with
// random weights, and compares the logits of two images. Two small networks, or
// those that LASTLAYER_ZOO lists, or all, in their own size.
func TestTorchvision(t *testing.T) {
	sizes := map[string]int{"resnet18": 64, "mobilenet_v3_small": 96}
	if names := wanted(zoo.Names()); names != nil {
		sizes = map[string]int{}
		for _, name := range names {
			sizes[name] = 0
		}
	}
	python := peer.Python(t, "torch", "torchvision")
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			spec, err := zoo.Spec(name, 10, size)
			smallnet.Must(t, err)
			folder := t.TempDir()
			peer.RunPython(t, python, "torchvision_peer.py", name, strconv.Itoa(spec.Input[1]), folder)
			tensors, err := weightfile.ReadTensors(filepath.Join(folder, "net.pt"))
			smallnet.Must(t, err)
			w, report, err := foreign.Import(tensors, spec, foreign.Options{})
			smallnet.Must(t, err)
			if report.Layout != foreign.PyTorch || len(report.Missing) > 0 {
				t.Errorf("found %+v", report)
			}
			sameLogits(t, spec, w, folder)
			again, _, err := foreign.Import(exported(t, spec, w), spec, foreign.Options{Layout: foreign.PyTorch})
			smallnet.Must(t, err)
			for _, name := range w.Names() {
				if again.Hash(name) != w.Hash(name) {
					t.Errorf("%s: exported and imported, it has other bytes", name)
				}
			}
		})
	}
}

// wanted returns the networks that LASTLAYER_ZOO names, or nil.
func wanted(all []string) []string {
	switch list := os.Getenv("LASTLAYER_ZOO"); list {
	case "":
		return nil
	case "all":
		return all
	default:
		return strings.Split(list, ",")
	}
}

// sameLogits compares the logits of a network with those that a peer wrote.
func sameLogits(t *testing.T, spec model.Spec, w *model.Weights, folder string) {
	t.Helper()
	run, err := weightfile.ReadTensors(filepath.Join(folder, "run.npz"))
	smallnet.Must(t, err)
	net, err := model.Build(smallnet.Of(spec, w), model.None(), model.Batch(2))
	smallnet.Must(t, err)
	_, err = net.ShareMemory()
	smallnet.Must(t, err)
	copy(net.Images(), run.Get("image").Values)
	machine := gorgonia.NewTapeMachine(net.Scope().Graph())
	defer machine.Close()
	smallnet.Must(t, machine.RunAll())
	largest, worst := 0.0, 0.0
	for i, v := range run.Get("logits").Values {
		largest = math.Max(largest, math.Abs(float64(v)))
		worst = math.Max(worst, math.Abs(float64(v)-float64(net.Result(2)[i])))
	}
	t.Logf("%d layers, largest difference %.1e of the largest logit", len(spec.Layers), worst/largest)
	if !(worst <= 1e-4*largest) {
		t.Errorf("the largest difference is %g of the largest logit, expected at most 1e-4", worst/largest)
	}
}

// TestTimm is TestTorchvision of timm's networks, which are opened by name, from a
// .pt file and from safetensors. timm comes from PyPI, or from its repository by
// PYTHONPATH.
func TestTimm(t *testing.T) {
	names := wanted(zoo.TimmNames())
	if names == nil {
		names = []string{"mobilenetv3_small_100"}
	}
	python := peer.Python(t, "torch", "timm")
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			spec, _, err := zoo.Timm(name, 10, 0)
			smallnet.Must(t, err)
			peer.RunPython(t, python, "torchvision_peer.py", "timm/"+name, strconv.Itoa(spec.Input[1]), folder)
			for _, file := range []string{"net.pt", "net.safetensors"} {
				r, err := foreign.Open(t.Context(), filepath.Join(folder, file), foreign.OpenOptions{Origin: foreign.Origin{Arch: name}})
				smallnet.Must(t, err)
				sameLogits(t, r.Network.Spec, r.Network.Weights, folder)
			}
		})
	}
}

// exported writes weights in PyTorch's layout and reads the tensors back.
func exported(t *testing.T, spec model.Spec, w *model.Weights) *weightfile.Tensors {
	t.Helper()
	classes := make([]string, spec.Classes())
	for i := range classes {
		classes[i] = strconv.Itoa(i)
	}
	n := &model.Network{Spec: spec, Weights: w, Classes: classes, Prep: dataset.MNISTPreprocessing()}
	path := filepath.Join(t.TempDir(), "n.safetensors")
	smallnet.Must(t, foreign.Export(path, n, foreign.PyTorch))
	tensors, err := weightfile.ReadTensors(path)
	smallnet.Must(t, err)
	return tensors
}
