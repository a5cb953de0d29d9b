package onnx

import (
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
)

// photo returns the middle of a photo at that size as [3,H,W] of −1 to 1, each
// pixel the mean of those that it covers.
func photo(t *testing.T, path string, size int) []float32 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := jpeg.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, 3*size*size)
	b := img.Bounds()
	side := min(b.Dx(), b.Dy()) * 7 / 8
	left, top := b.Min.X+(b.Dx()-side)/2, b.Min.Y+(b.Dy()-side)/2
	for y := range size {
		for x := range size {
			sum, count := [3]float32{}, float32(0)
			for v := top + y*side/size; v < max(top+(y+1)*side/size, top+y*side/size+1); v++ {
				for u := left + x*side/size; u < max(left+(x+1)*side/size, left+x*side/size+1); u++ {
					r, g, bl, _ := img.At(u, v).RGBA()
					for c, p := range []uint32{r, g, bl} {
						sum[c] += float32(p >> 8)
					}
					count++
				}
			}
			for c, s := range sum {
				out[(c*size+y)*size+x] = s/count/127.5 - 1
			}
		}
	}
	return out
}

// Networks that others trained see what is on photos, and give onnxruntime's
// logits where that is there.
func TestPretrained(t *testing.T) {
	labels, err := os.ReadFile(peer.Data(t, "pretrained/imagenet-1001-labels.txt"))
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Split(strings.TrimSpace(string(labels)), "\n")
	for _, file := range []string{"mobilenet_v1_025_224.onnx", "mobilenet_v2_100_224.onnx"} {
		path := peer.Data(t, filepath.Join("pretrained", file))
		n, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		var x []float32
		photos, want := []string{"burger", "cat", "dogs", "sparrow"}, map[string]string{"burger": "cheeseburger"}
		if file == "mobilenet_v2_100_224.onnx" { // the smaller one takes it for a hound, in onnxruntime too
			want["cat"] = "Egyptian cat"
		}
		for _, name := range photos {
			x = append(x, photo(t, peer.Data(t, "photos/single/"+name+".jpg"), 224)...)
		}
		logits := run(t, n.Network, x, len(photos))
		for i, name := range photos {
			row, best := logits[i*len(names):(i+1)*len(names)], 0
			for k, v := range row {
				if v > row[best] {
					best = k
				}
			}
			t.Logf("%s, %s: %s", file, name, names[best])
			if w := want[name]; w != "" && w != strings.TrimSpace(names[best]) {
				t.Errorf("%s, %s: found %q, expected %q", file, name, names[best], w)
			}
		}
		theirs, ok := peer.ONNXRuntime(t, path, x, len(photos), 3, 224, 224)
		if !ok {
			continue
		}
		d := difference(t, logits, theirs)
		t.Logf("%s: largest difference from onnxruntime %.2g of the largest logit", file, d)
		if !(d <= 1e-4) {
			t.Errorf("%s: found a difference of %g from onnxruntime, expected at most 1e-4", file, d)
		}
	}
}
