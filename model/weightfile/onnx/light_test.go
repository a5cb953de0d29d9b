package onnx

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
)

// Networks of ONNX's model zoo, their weights filled with one number each, give
// the output that comes with them.
func TestLight(t *testing.T) {
	folder := peer.Data(t, "onnx-light")
	paths, err := filepath.Glob(filepath.Join(folder, "*.onnx"))
	if err != nil || len(paths) != 9 {
		t.Fatalf("found %d networks (%v), expected 9", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".onnx")
		t.Run(name, func(t *testing.T) {
			if testing.Short() && (strings.Contains(name, "vgg") || strings.Contains(name, "alexnet") || strings.Contains(name, "zfnet")) {
				t.Skip("hundreds of MB")
			}
			n, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			x := make([]float32, 3*224*224)
			for i := range x {
				x[i] = float32(float64(i) / float64(len(x)))
			}
			got := run(t, n.Network, x, 1)
			if slices.ContainsFunc(n.Notes, func(s string) bool { return strings.Contains(s, "Softmax") }) {
				got = softmax(got, 1)
			}
			d := difference(t, got, tensorFile(t, filepath.Join(folder, name+"_output_0.pb")).floats)
			t.Logf("%d layers, largest difference %.2g of the largest number; %v", len(n.Spec.Layers), d, n.Notes)
			if !(d <= 1e-4) {
				t.Errorf("found a difference of %g, expected at most 1e-4", d)
			}
		})
	}
}
