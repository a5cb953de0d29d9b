package onnx

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/model/zoo"
)

// Networks that people retrain, written with another number of classes, give our
// logits in onnxruntime, and are read again; with LASTLAYER_ZOO=all, all of them.
func TestZoo(t *testing.T) {
	networks := []string{"mobilenet_v2", "squeezenet1_1"}
	if os.Getenv("LASTLAYER_ZOO") == "all" {
		networks = zoo.Names()
	}
	for _, arch := range networks {
		spec, err := zoo.Spec(arch, 10, 0) // of the size that it asks for
		if err != nil {
			t.Fatal(err)
		}
		size := spec.Input[1]
		n := drawn(t, spec)
		path := filepath.Join(t.TempDir(), arch+".onnx")
		if err := Write(path, n, Options{}); err != nil {
			t.Fatal(err)
		}
		x := random(2 * 3 * size * size)
		want := append([]float32(nil), run(t, n, x, 2)...)
		back, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(t, run(t, back.Network, x, 2), want); !(d <= 1e-5) {
			t.Errorf("%s read again: found a difference of %g, expected at most 1e-5", arch, d)
		}
		if theirs, ok := peer.ONNXRuntime(t, path, x, 2, 3, size, size); ok {
			d := difference(t, theirs, want)
			t.Logf("%s: largest difference from onnxruntime %.2g of the largest logit", arch, d)
			if !(d <= 1e-4) {
				t.Errorf("%s: found a difference of %g from onnxruntime, expected at most 1e-4", arch, d)
			}
		}
	}
}
