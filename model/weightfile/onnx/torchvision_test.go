package onnx

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/model"
)

// Networks that PyTorch exported give PyTorch's logits: two small images of two
// small networks, or with LASTLAYER_ZOO=all, or a list of names, large ones of
// all.
func TestTorchvision(t *testing.T) {
	python := peer.Python(t, "torch", "torchvision")
	networks, size, opsets := []string{"squeezenet1_1", "mobilenet_v3_small"}, "64", "13"
	switch list := os.Getenv("LASTLAYER_ZOO"); list {
	case "":
	case "all":
		networks = strings.Fields("resnet18 resnet50 vgg11_bn mobilenet_v2 mobilenet_v3_small squeezenet1_1 densenet121 efficientnet_b0 " +
			"alexnet vgg16 googlenet inception_v3 mnasnet1_0 shufflenet_v2_x1_0 regnet_x_400mf regnet_y_400mf convnext_tiny efficientnet_v2_s resnext50_32x4d wide_resnet50_2 densenet169")
		size, opsets = "224", "11,13,17"
	default:
		networks, size, opsets = strings.Split(list, ","), "224", "11,13,17"
	}
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			folder := t.TempDir()
			peer.RunPython(t, python, "export_peer.py", folder, size, opsets, network)
			x, y := rawFloats(t, filepath.Join(folder, network+"-x")), rawFloats(t, filepath.Join(folder, network+"-y"))
			paths, err := filepath.Glob(filepath.Join(folder, "*.onnx"))
			if err != nil || len(paths) != 2*(strings.Count(opsets, ",")+1) {
				t.Fatalf("found %d files (%v)", len(paths), err)
			}
			for _, path := range paths {
				n, err := Read(path)
				if err != nil {
					t.Error(err)
					continue
				}
				d := difference(t, run(t, n.Network, x, 2), y)
				t.Logf("%s: %d layers, largest difference %.2g of the largest logit", filepath.Base(path), len(n.Spec.Layers), d)
				if !(d <= 1e-4) {
					t.Errorf("%s: found a difference of %g, expected at most 1e-4", filepath.Base(path), d)
				}
				checkNames(t, network, n.Network, strings.HasSuffix(path, "plain.onnx"))
			}
		})
	}
}

// Networks with attention are refused, and the error says why. For LASTLAYER_ZOO=all.
func TestAttention(t *testing.T) {
	if os.Getenv("LASTLAYER_ZOO") != "all" {
		t.Skip("exports networks of hundreds of megabytes: for LASTLAYER_ZOO=all")
	}
	python, folder := peer.Python(t, "torch", "torchvision"), t.TempDir()
	peer.RunPython(t, python, "export_peer.py", folder, "224", "13", "vit_b_16", "swin_t")
	for _, network := range []string{"vit_b_16", "swin_t"} {
		_, err := Read(filepath.Join(folder, network+"-13-folded.onnx"))
		mustSay(t, err, ErrUnsupported, "attention is not supported, found at node", "MatMul")
	}
}

// checkNames holds some names of each network: torchvision's own.
func checkNames(t *testing.T, network string, n *model.Network, plain bool) {
	t.Helper()
	want := map[string][]string{
		"squeezenet1_1":      {"features.0", "features.3.squeeze", "features.12.expand3x3", "classifier.1"},
		"mobilenet_v3_small": {"features.0.0", "features.1.block.1.fc1", "features.12.0", "classifier.0", "classifier.3"},
		"resnet18":           {"conv1", "layer1.0.conv1", "layer2.0.downsample.0", "layer4.1.conv2", "fc", "layer4.1.relu_1", "avgpool"},
	}[network]
	if plain && network == "mobilenet_v3_small" {
		want = append(want, "features.0.1", "features.11.block.3.1")
	}
	if plain && network == "resnet18" {
		want = append(want, "bn1", "layer4.0.downsample.1")
	}
	for _, name := range want {
		if !slices.ContainsFunc(n.Spec.Layers, func(l model.Layer) bool { return l.Name == name }) {
			t.Errorf("%s: found no layer %q", network, name)
		}
	}
}

func rawFloats(t *testing.T, path string) []float32 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}
