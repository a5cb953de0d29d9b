package explain_test

import (
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/explain"
	"github.com/lastlayer/lastlayer/transfer/foreign"
	"github.com/pkg/errors"
	"gonum.org/v1/gonum/stat"
)

// mapOf returns the activation map of the first test image.
func mapOf(t *testing.T, n *model.Network, set *dataset.Set, class string) *explain.Map {
	t.Helper()
	a, err := explain.NewActivator(n)
	smallnet.Must(t, err)
	defer a.Close()
	m, err := a.Map(t.Context(), set, 0, class)
	smallnet.Must(t, err)
	return m
}

// logits returns those of the first image.
func logits(t *testing.T, n *model.Network, set *dataset.Set) []float32 {
	t.Helper()
	net, err := model.Build(n, model.None(), model.Batch(1))
	smallnet.Must(t, err)
	e, err := train.NewEvaluator(net)
	smallnet.Must(t, err)
	defer e.Close()
	values, err := e.Logits(set, []int{0})
	smallnet.Must(t, err)
	return slices.Clone(values)
}

// TestActivationExact: of a network that ends in pooling and a linear layer, dense or
// a convolution, the mean of the map plus the bias is the logit, and the bias is the
// output's own, for every class.
func TestActivationExact(t *testing.T) {
	data, _ := smallnet.Sample(t, 20, 10)
	spec := smallnet.Residual()
	conv := spec.Clone()
	last := len(conv.Layers) - 1
	conv.Layers[last] = model.Layer{Name: "fc", Kind: model.Conv{Out: 10, Kernel: model.Sides{1}, Stride: model.Sides{1}}} // [10,1,1]
	conv.Layers = append(conv.Layers, model.Layer{Name: "flat", Kind: model.Flatten{}})
	for _, spec := range []model.Spec{spec, conv} {
		n := &model.Network{Spec: spec, Weights: smallnet.Init(t, spec), Classes: data.Classes, Prep: data.Prep}
		for i, v := range n.Weights.Get("fc/b").Float32s() {
			n.Weights.Get("fc/b").Float32s()[i] = v + 0.1*float32(i)
		}
		before := n.Weights.Clone()
		for class, want := range logits(t, n, data) {
			m := mapOf(t, n, data, data.Classes[class])
			if !m.Exact || m.Layer != "relu3" || m.Height != 7 || m.Width != 7 || m.Class != class {
				t.Fatalf("found %+v, expected an exact map of relu3", m)
			}
			bias := float64(n.Weights.Get("fc/b").Float32s()[class])
			if mean := stat.Mean(m.Values, nil); math.Abs(mean+bias-float64(want)) > 1e-5 || math.Abs(m.Bias-bias) > 1e-5 || m.Logit != float64(want) {
				t.Errorf("class %d: found mean %v, bias %v, logit %v; expected the bias %v and the logit %v", class, mean, m.Bias, m.Logit, bias, want)
			}
		}
		for _, name := range before.Names() {
			if before.Hash(name) != n.Weights.Hash(name) {
				t.Errorf("%s has changed", name)
			}
		}
	}
}

// TestActivationByGradient compares a channel's weight with central differences of
// the logit, for a network whose head is not linear.
func TestActivationByGradient(t *testing.T) {
	data, _ := smallnet.Sample(t, 20, 10)
	spec := smallnet.Digits()
	n := &model.Network{Spec: spec, Weights: smallnet.Init(t, spec), Classes: data.Classes, Prep: data.Prep}
	m := mapOf(t, n, data, "3")
	if m.Exact || m.Bias != 0 || m.Layer != "pool2" || m.Height != 7 || slices.Min(m.Values) < 0 {
		t.Fatalf("found %+v, expected a map by gradient of pool2", m)
	}
	// The same by differences: what pool2 gives, each channel in turn a little more.
	cut, err := spec.Cut([]string{"fc1"})
	smallnet.Must(t, err)
	trunk, err := model.Build(n, model.None(), model.Batch(1), model.TrunkOf(cut))
	smallnet.Must(t, err)
	e, err := train.NewEvaluator(trunk)
	smallnet.Must(t, err)
	defer e.Close()
	values, err := e.Logits(data, []int{0})
	smallnet.Must(t, err)
	pixels := slices.Clone(values)
	head, err := model.Build(n, model.None(), model.Batch(1), model.HeadOf(cut))
	smallnet.Must(t, err)
	above, err := train.NewEvaluator(head)
	smallnet.Must(t, err)
	defer above.Close()
	logit := func(p []float32) float64 {
		out, err := above.Logits(one{p, head.InputShape()}, []int{0})
		smallnet.Must(t, err)
		return float64(out[3])
	}
	const step = 1e-3
	want := make([]float64, 49)
	for c := range len(pixels) / 49 {
		up, down := slices.Clone(pixels), slices.Clone(pixels)
		for i := range 49 {
			up[c*49+i] += step
			down[c*49+i] -= step
		}
		weight := (logit(up) - logit(down)) / (2 * step)
		for i := range want {
			want[i] += weight * float64(pixels[c*49+i])
		}
	}
	for i, v := range want {
		if math.Abs(max(0, v)-m.Values[i]) > 0.02*(1+math.Abs(v)) {
			t.Errorf("value %d: found %v, expected %v", i, m.Values[i], max(0, v))
		}
	}
	a, err := explain.NewActivator(n)
	smallnet.Must(t, err)
	defer a.Close()
	if _, err := a.Map(t.Context(), data, 0, "nope"); !errors.Is(err, dataset.ErrClass) || !strings.Contains(err.Error(), `"nope"`) {
		t.Errorf("found error %v, expected ErrClass that names it", err)
	}
	if _, err := a.Map(t.Context(), data, data.Len(), ""); !errors.Is(err, train.ErrData) {
		t.Errorf("no such image: found error %v, expected ErrData", err)
	}
	dense := model.Spec{Input: []int{1, 28, 28}, Layers: []model.Layer{{Name: "fc", Kind: model.Dense{Out: 10}}}}
	flat := &model.Network{Spec: dense, Weights: smallnet.Init(t, dense), Classes: data.Classes, Prep: data.Prep}
	if _, err := explain.NewActivator(flat); !errors.Is(err, model.ErrSpec) {
		t.Errorf("no convolution: found error %v, expected ErrSpec", err)
	}
}

// one is an example of that shape.
type one struct {
	values []float32
	shape  []int
}

func (one) Len() int                        { return 1 }
func (o one) ExampleShape() []int           { return o.shape }
func (one) Label(int) int                   { return 0 }
func (o one) Gather(dst []float32, _ []int) { copy(dst, o.values) }

// TestActivationCat: MobileNet V1 sees the cat where the cat is. ACTIVATION_OUT names
// a folder to draw the maps into.
func TestActivationCat(t *testing.T) {
	network, photos := peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx"), peer.Data(t, "photos/single")
	classes, err := foreign.ReadLabels(peer.Data(t, "pretrained/imagenet-1001-labels.txt"))
	smallnet.Must(t, err)
	r, err := foreign.Open(t.Context(), network, foreign.OpenOptions{Origin: foreign.Origin{Classes: classes, Preset: "tf"}})
	smallnet.Must(t, err)
	for _, photo := range []string{"cat", "burger", "dogs", "sparrow"} {
		f, err := os.Open(filepath.Join(photos, photo+".jpg"))
		smallnet.Must(t, err)
		img, err := dataset.DecodeImage(f, f.Name())
		smallnet.Must(t, err)
		smallnet.Must(t, f.Close())
		m, err := explain.Activation(t.Context(), r.Network, img, "")
		smallnet.Must(t, err)
		t.Logf("%s: %v", photo, m)
		if mean := stat.Mean(m.Values, nil); !m.Exact || math.Abs(mean+m.Bias-m.Logit) > 1e-3 {
			t.Errorf("%s: found mean %v, bias %v, logit %v, expected their sum", photo, mean, m.Bias, m.Logit)
		}
		if photo == "cat" { // its face is at 70% from the left and 29% from the top
			cat, err := explain.Activation(t.Context(), r.Network, img, "Egyptian cat")
			smallnet.Must(t, err)
			most := slices.Index(cat.Values, slices.Max(cat.Values))
			if x, y := most%7, most/7; x < 3 || x > 6 || y < 1 || y > 4 {
				t.Errorf("found the cat at column %d, row %d of 7, expected its head and body on the right", x, y)
			}
		}
		if out := os.Getenv("ACTIVATION_OUT"); out != "" {
			writePNG(t, filepath.Join(out, photo+"-map.png"), m.Draw())
		}
	}
}

func writePNG(t *testing.T, path string, img image.Image) {
	t.Helper()
	f, err := os.Create(path)
	smallnet.Must(t, err)
	smallnet.Must(t, png.Encode(f, img))
	smallnet.Must(t, f.Close())
}
