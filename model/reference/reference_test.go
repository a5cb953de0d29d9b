package reference_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/reference"
	"gorgonia.org/tensor"
)

var spec = model.Spec{
	Input: []int{2, 7, 9},
	Layers: []model.Layer{
		{Name: "c1", Kind: model.Conv{Out: 3, Kernel: model.Sides{3}, Stride: model.Sides{1}, Pad: model.Sides{1}}}, // [3,7,9]
		{Name: "r1", Kind: model.ReLU{}},
		{Name: "p1", Kind: model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{2}}},                           // [3,3,4]
		{Name: "c2", Kind: model.Conv{Out: 4, Kernel: model.Sides{3}, Stride: model.Sides{2}, Pad: model.Sides{1}}}, // [4,2,2]
		{Name: "d1", Kind: model.Dense{Out: 5}},
		{Name: "r2", Kind: model.ReLU{}},
		{Name: "drop", Kind: model.Dropout{Rate: 0.5}},
		{Name: "d2", Kind: model.Dense{Out: 3}},
	},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// build returns a net with its inputs set, the same for the same batch.
func build(t *testing.T, w *model.Weights, batch int, dtype tensor.Dtype) *reference.Net {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	n, err := reference.Build(spec, w, batch, dtype)
	must(t, err)
	images := make([]float32, batch*2*7*9)
	for i := range images {
		images[i] = float32(rng.NormFloat64())
	}
	mask := make([]float32, batch*5)
	for i := range mask {
		mask[i] = float32(2 * rng.IntN(2))
	}
	must(t, n.SetImages(images))
	must(t, n.SetMask("drop", mask))
	must(t, n.SetLabels([]int{0, 2, 1}[:batch]))
	return n
}

func loss(t *testing.T, n *reference.Net) float64 {
	t.Helper()
	must(t, n.Run())
	v, err := reference.Values(n.Loss.Value())
	must(t, err)
	return v[0]
}

// TestGradient holds the gradients to central differences in float64, and
// those in float32 to them.
func TestGradient(t *testing.T) {
	for _, batch := range []int{1, 2, 3} {
		rng := rand.New(rand.NewPCG(1, 2))
		w, err := model.Init(spec, rng)
		must(t, err)
		n, n32 := build(t, w, batch, tensor.Float64), build(t, w, batch, tensor.Float32)
		must(t, n.Grad(w.Names()...))
		must(t, n32.Grad(w.Names()...))
		if l, l32 := loss(t, n), loss(t, n32); math.Abs(l-l32) > 1e-6 {
			t.Errorf("batch %d: found loss %g in float64 and %g in float32", batch, l, l32)
		}
		for _, name := range w.Names() {
			grad, err := n.Gradient(name)
			must(t, err)
			grad32, err := n32.Gradient(name)
			must(t, err)
			for i := range grad {
				if math.Abs(grad[i]-grad32[i]) > 1e-6 {
					t.Errorf("batch %d, %s: found %g in float64 and %g in float32", batch, name, grad[i], grad32[i])
					break
				}
			}
			for range 4 {
				i := rng.IntN(len(grad))
				at := func(x float32) float64 {
					c := w.Clone()
					c.Get(name).Float32s()[i] = x
					return loss(t, build(t, c, batch, tensor.Float64))
				}
				x := w.Get(name).Float32s()[i]
				up, down := x+1e-3, x-1e-3
				numeric := (at(up) - at(down)) / float64(up-down)
				if math.Abs(numeric-grad[i]) > 1e-6 {
					t.Errorf("batch %d, %s at %d: found %g, central difference %g", batch, name, i, grad[i], numeric)
				}
			}
		}
	}
}

// TestOverflow makes sure that large logits do not overflow.
func TestOverflow(t *testing.T) {
	w, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	must(t, err)
	w.SetValues("d2/b", []int{3}, []float32{1e4, 0, -1e4})
	if l := loss(t, build(t, w, 3, tensor.Float32)); !(l > 1e3 && l < 1e5) {
		t.Errorf("found loss %g", l)
	}
}

func TestErrors(t *testing.T) {
	w, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	must(t, err)
	n := build(t, w, 2, tensor.Float32)
	_, errDtype := reference.Build(spec, w, 2, tensor.Int)
	_, errWeights := reference.Build(spec, model.NewWeights(), 2, tensor.Float32)
	_, errGradient := n.Gradient("c1/W")
	_, errValue := reference.Values(n.Loss.Value())
	for reason, err := range map[string]error{
		"dtype": errDtype, "weights": errWeights, "a gradient not asked for": errGradient, "a value before the run": errValue,
		"images": n.SetImages(make([]float32, 3)), "mask": n.SetMask("drop", make([]float32, 3)), "no such mask": n.SetMask("r1", nil),
		"labels": n.SetLabels([]int{0}), "a label": n.SetLabels([]int{0, 3}), "no such weight": n.Grad("c9/W"),
	} {
		if err == nil {
			t.Errorf("%s: found no error", reason)
		}
	}
}
