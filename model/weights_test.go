package model_test

import (
	"math"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"gorgonia.org/tensor"
)

// TestInit holds the first weights to the question: kernels within two
// standard deviations, √(2/784) for the convolution on the image and
// √(2/fan-in) elsewhere, biases 0.1.
func TestInit(t *testing.T) {
	w := mustInit(t, model.DeepMNIST(), 1)
	for _, test := range []struct {
		name      string
		stddev    float64 // before truncation
		tolerance float64 // of the sample's, relative
	}{
		{"conv1/W", math.Sqrt(2. / 784), 0.1},
		{"conv2/W", math.Sqrt(2. / 800), 0.02},
		{"fc1/W", math.Sqrt(2. / 3136), 0.002},
		{"fc2/W", math.Sqrt(2. / 1024), 0.03},
	} {
		v := w.Get(test.name).Float32s()
		var sum, squares, largest float64
		for _, x := range v {
			sum += float64(x)
			squares += float64(x) * float64(x)
			largest = math.Max(largest, math.Abs(float64(x)))
		}
		n := float64(len(v))
		const truncated = 0.87962566 // stddev of a unit normal truncated at ±2
		want := truncated * test.stddev
		if got := math.Sqrt(squares / n); math.Abs(got/want-1) > test.tolerance {
			t.Errorf("%s: found standard deviation %g, expected %g", test.name, got, want)
		}
		if mean := sum / n; math.Abs(mean) > 5*want/math.Sqrt(n) {
			t.Errorf("%s: found mean %g, expected about 0", test.name, mean)
		}
		if largest > 2*test.stddev*(1+1e-6) || largest < 1.9*test.stddev {
			t.Errorf("%s: found a value of %g standard deviations, expected at most 2, and one near it", test.name, largest/test.stddev)
		}
	}
	for _, name := range []string{"conv1/b", "conv2/b", "fc1/b", "fc2/b"} {
		for _, x := range w.Get(name).Float32s() {
			if x != 0.1 {
				t.Errorf("%s: found %v, expected 0.1", name, x)
				break
			}
		}
	}
	if err := w.Check(model.DeepMNIST()); err != nil {
		t.Error(err)
	}
}

// TestInitFanIn makes sure that √(2/784) is for a convolution that reads the
// image only.
func TestInitFanIn(t *testing.T) {
	spec := model.Spec{Input: []int{400}, Layers: []model.Layer{{Name: "fc", Kind: model.Dense{Out: 500}}}}
	for _, x := range mustInit(t, spec, 1).Get("fc/W").Float32s() {
		if math.Abs(float64(x)) > 2*math.Sqrt(2./400)*(1+1e-6) {
			t.Fatalf("found %g, expected at most two standard deviations of √(2/400)", x)
		}
	}
}

func TestInitIsSeeded(t *testing.T) {
	a, b, c := mustInit(t, small(), 1), mustInit(t, small(), 1), mustInit(t, small(), 2)
	if want := []string{"conv1/W", "conv1/b", "fc1/W", "fc1/b", "fc2/W", "fc2/b"}; !slices.Equal(a.Names(), want) {
		t.Errorf("found names %v, expected %v", a.Names(), want)
	}
	for _, name := range a.Names() {
		if a.Hash(name) != b.Hash(name) {
			t.Errorf("%s: the same seed gives other bits", name)
		}
	}
	if a.Hash("fc1/W") == c.Hash("fc1/W") {
		t.Error("another seed gives the same weights")
	}
	_, err := model.Init(model.Spec{}, newRand(1))
	wantError(t, "an invalid spec", err, model.ErrSpec)
}

// TestReinit makes sure that the named layers are drawn anew, into tensors of
// their own, and that no other is touched.
func TestReinit(t *testing.T) {
	w := mustInit(t, small(), 1)
	before := w.Clone()
	tensors := map[string]*tensor.Dense{}
	for _, name := range w.Names() {
		tensors[name] = w.Get(name)
	}
	spec := withClasses(t, small(), 5)
	if err := model.Reinit(spec, w, []string{"fc2"}, newRand(2)); err != nil {
		t.Fatal(err)
	}
	if err := w.Check(spec); err != nil {
		t.Error(err)
	}
	for _, name := range before.Names() {
		kept := name != "fc2/W" && name != "fc2/b"
		if kept != (w.Get(name) == tensors[name]) {
			t.Errorf("%s: found its tensor kept: %v, expected %v", name, !kept, kept)
		}
		if kept && w.Hash(name) != before.Hash(name) {
			t.Errorf("%s: changed", name)
		}
	}
	if !slices.Equal(w.Names(), before.Names()) {
		t.Errorf("found the order %v, expected %v", w.Names(), before.Names())
	}
	if sameBits(tensors["fc2/W"].Float32s(), before.Get("fc2/W").Float32s()) == false {
		t.Error("the old tensor was written to")
	}
	wantError(t, "an invalid spec", model.Reinit(model.Spec{}, w, []string{"fc2"}, newRand(1)), model.ErrSpec)
}

// TestCheck makes sure that each difference is named, wanted and found.
func TestCheck(t *testing.T) {
	float64s := tensor.New(tensor.WithShape(6), tensor.Of(tensor.Float64))
	transposed := tensor.New(tensor.WithShape(3, 6), tensor.Of(tensor.Float32))
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	view, err := tensor.New(tensor.WithShape(6, 5), tensor.Of(tensor.Float32)).Slice(nil, tensor.S(0, 3))
	if err != nil {
		t.Fatal(err)
	}
	of := func(x float32) []float32 { return []float32{0, 0, x, 0, 0, 0} }
	for _, test := range []struct {
		reason string
		change func(*model.Weights)
		says   []string
	}{
		{"one more", func(w *model.Weights) { w.SetValues("fc3/b", []int{3}, make([]float32, 3)) }, []string{"fc3/b: found shape [3], expected nothing"}},
		{"another shape", func(w *model.Weights) { w.SetValues("fc1/b", []int{7}, make([]float32, 7)) }, []string{"fc1/b: found shape [7], expected [6]"}},
		{"a column for a vector", func(w *model.Weights) { w.SetValues("fc1/b", []int{6, 1}, make([]float32, 6)) }, []string{"fc1/b: found shape [6 1], expected [6]"}},
		{"sides swapped", func(w *model.Weights) { w.SetValues("fc2/W", []int{3, 6}, make([]float32, 18)) }, []string{"fc2/W: found shape [3 6], expected [6 3]"}},
		{"float64", func(w *model.Weights) { w.Set("fc1/b", float64s) }, []string{"fc1/b: found float64, expected float32"}},
		{"transposed", func(w *model.Weights) { w.Set("fc2/W", transposed) }, []string{"fc2/W: found a view"}},
		{"a view", func(w *model.Weights) { w.Set("fc2/W", view.(*tensor.Dense)) }, []string{"fc2/W: found a view"}},
		{"NaN", func(w *model.Weights) { w.SetValues("fc1/b", []int{6}, of(float32(math.NaN()))) }, []string{"fc1/b: found NaN or Inf"}},
		{"Inf", func(w *model.Weights) { w.SetValues("fc1/b", []int{6}, of(float32(math.Inf(-1)))) }, []string{"fc1/b: found NaN or Inf"}},
		{"two differences", func(w *model.Weights) {
			w.SetValues("fc1/b", []int{7}, make([]float32, 7))
			w.SetValues("conv1/b", []int{5}, make([]float32, 5))
		}, []string{"conv1/b: found shape [5], expected [4]; fc1/b: found shape [7], expected [6]"}},
	} {
		w := mustInit(t, small(), 1)
		test.change(w)
		wantError(t, test.reason, w.Check(small()), model.ErrWeights, test.says...)
		_, err := model.Build(smallnet.Of(small(), w), model.All())
		wantError(t, test.reason+", in Build", err, model.ErrWeights)
	}
	wantError(t, "nothing there", model.NewWeights().Check(small()), model.ErrWeights, "conv1/W: found nothing, expected shape [4 1 3 3]", "fc2/b: found nothing, expected shape [3]")
	wantError(t, "an invalid spec", model.NewWeights().Check(model.Spec{}), model.ErrSpec)
}

// TestHash makes sure that the hash is of every bit, and that a clone has
// memory of its own.
func TestHash(t *testing.T) {
	w := mustInit(t, small(), 1)
	c := w.Clone()
	if w.Hash("fc1/W") != c.Hash("fc1/W") || w.Get("fc1/W") == c.Get("fc1/W") {
		t.Error("a clone is not an equal copy")
	}
	for _, i := range []int{0, 100, c.Get("fc1/W").Size() - 1} {
		v := &c.Get("fc1/W").Float32s()[i]
		was := *v
		*v = math.Float32frombits(math.Float32bits(was) ^ 1)
		if w.Hash("fc1/W") == c.Hash("fc1/W") {
			t.Errorf("the lowest bit of value %d does not change the hash", i)
		}
		*v = was
	}
	w.SetValues("zero", []int{1}, []float32{0})
	w.SetValues("negative zero", []int{1}, []float32{float32(math.Copysign(0, -1))})
	if w.Hash("zero") == w.Hash("negative zero") {
		t.Error("0 and −0 have the same hash")
	}
	// SHA-256 of the bytes 00 00 80 3f, as coreutils' sha256sum gives it.
	w.SetValues("one", []int{1}, []float32{1})
	if got, want := w.Hash("one"), [4]byte{0xe0, 0x0e, 0x5e, 0xb9}; [4]byte(got[:4]) != want {
		t.Errorf("found %x, expected it to begin with %x", got, want)
	}
}
