package graphop_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// folded is a layer followed by a batch normalisation and optionally an addition.
type folded struct {
	name     string
	x, w     []int
	bias     bool
	residual []int // nil for none
	conv     graphop.ConvShape
	act      graphop.Activation
}

// TestFolded makes sure that a normalisation folded into the layer before it gives the
// same bytes as one in its own node, for any number of threads. Cached and uncached,
// trained and frozen layers then agree.
func TestFolded(t *testing.T) {
	t.Cleanup(func() { _ = parallel.SetThreads(0) })
	by := func(stride, pad int) graphop.ConvShape {
		return graphop.ConvShape{Stride: graphop.Both(stride), Pad: graphop.Around(pad)}
	}
	depthwise := by(1, 1)
	depthwise.Groups = 8
	for _, f := range []folded{
		{"3×3", []int{3, 8, 9, 7}, []int{5, 8, 3, 3}, false, nil, by(1, 1), graphop.Rectify()},
		{"strided, bias", []int{3, 8, 9, 7}, []int{5, 8, 3, 3}, true, nil, by(2, 1), graphop.SiLU()},
		{"1×1, added", []int{3, 8, 9, 7}, []int{5, 8, 1, 1}, false, []int{3, 5, 9, 7}, by(1, 0), graphop.Rectify()},
		{"5×5, bias, added", []int{3, 8, 28, 28}, []int{16, 8, 5, 5}, true, []int{3, 16, 28, 28}, by(1, 2), graphop.Activation{}},
		{"depthwise", []int{3, 8, 9, 7}, []int{8, 1, 3, 3}, false, nil, depthwise, graphop.Clip(0, 6)},
		{"dense", []int{3, 2, 4, 5}, []int{40, 6}, true, nil, graphop.ConvShape{}, graphop.Rectify()},
		{"dense without bias", []int{3, 40}, []int{40, 6}, false, nil, graphop.ConvShape{}, graphop.Activation{}},
	} {
		var want []float32
		for _, threads := range []int{1, 2} {
			if err := parallel.SetThreads(threads); err != nil {
				t.Fatal(err)
			}
			for _, own := range []bool{true, false} {
				got := f.run(t, own)
				if want == nil {
					want = got
				}
				if !sameBits(got, want) {
					t.Errorf("%s, %d threads, in a node of its own %v: the outputs differ", f.name, threads, own)
				}
			}
		}
	}
}

// run computes the layer with its normalisation folded, or in its own node.
func (f folded) run(t *testing.T, own bool) []float32 {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	g := gorgonia.NewGraph()
	s := graphop.NewScope(g, f.x[0])
	must := func(n *gorgonia.Node, err error) *gorgonia.Node {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	x, w := variable(g, "x", random(rng, false, f.x...)), variable(g, "w", random(rng, false, f.w...))
	dense := len(f.w) == 2
	out := f.w[0]
	if dense {
		out = f.w[1]
	}
	channel := func(name string) *gorgonia.Node {
		in := random(rng, false, out)
		for i, v := range in.values {
			in.values[i] = v*v + 0.1
		}
		return variable(g, name, in)
	}
	norm := graphop.Norm{BatchNormInputs: graphop.BatchNormInputs{Mean: channel("mean"), Variance: channel("variance"), Scale: channel("scale"), Bias: channel("shift")}, Eps: 1e-5}
	var b, residual *gorgonia.Node
	if f.bias {
		b = channel("b")
	}
	if f.residual != nil {
		residual = variable(g, "residual", random(rng, false, f.residual...))
	}
	var y *gorgonia.Node
	c := f.conv
	if !own {
		c.Norm, c.Activation = &norm, f.act
	}
	switch {
	case dense && own:
		y = must(graphop.Dense(s, "y", x, w, b, graphop.Activation{}, graphop.Wants{}))
	case dense:
		y = must(graphop.DenseNorm(s, "y", x, w, b, norm, f.act))
	case own || residual == nil:
		y = must(graphop.Conv(s, "y", x, w, b, c, graphop.Wants{}))
	default:
		y = must(graphop.ConvAdd(s, "y", x, w, b, residual, c, graphop.Wants{}))
	}
	if own {
		act := f.act
		if residual != nil {
			act = graphop.Activation{}
		}
		y = must(graphop.BatchNorm(s, "norm", y, norm.BatchNormInputs, norm.Eps, act, graphop.Wants{}))
		if residual != nil {
			y = must(graphop.Add(s, "add", residual, y, f.act, graphop.Operands{}))
		}
	}
	vm := gorgonia.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	return values(y)
}

// TestFoldedRefuses makes sure that a folded normalisation with a gradient, or with
// pooling after it, is refused.
func TestFoldedRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for i, change := range []func(c *graphop.ConvShape, w *graphop.Wants, norm *graphop.Norm){
		func(_ *graphop.ConvShape, w *graphop.Wants, _ *graphop.Norm) { w.Input = true },
		func(_ *graphop.ConvShape, w *graphop.Wants, _ *graphop.Norm) { w.Weights = true },
		func(c *graphop.ConvShape, _ *graphop.Wants, _ *graphop.Norm) { c.Pool = 2 },
		func(_ *graphop.ConvShape, _ *graphop.Wants, norm *graphop.Norm) { norm.Mean = nil },
		func(_ *graphop.ConvShape, _ *graphop.Wants, norm *graphop.Norm) { norm.Eps = -1 },
		func(_ *graphop.ConvShape, _ *graphop.Wants, norm *graphop.Norm) {
			norm.Bias = norm.Mean.Graph().AllNodes()[0]
		},
	} {
		g := gorgonia.NewGraph()
		s := graphop.NewScope(g, 2)
		x, w := variable(g, "x", random(rng, false, 2, 3, 8, 8)), variable(g, "w", random(rng, false, 4, 3, 3, 3))
		norm := graphop.Norm{BatchNormInputs: graphop.BatchNormInputs{Mean: variable(g, "mean", random(rng, false, 4)), Variance: variable(g, "variance", random(rng, false, 4))}}
		c, want := graphop.ConvShape{Stride: graphop.Both(1), Norm: &norm}, graphop.Wants{}
		change(&c, &want, &norm)
		if _, err := graphop.Conv(s, "conv", x, w, nil, c, want); !errors.Is(err, graphop.ErrInput) {
			t.Errorf("%s: found error %v, expected ErrInput", fmt.Sprint("change ", i), err)
		}
	}
}
