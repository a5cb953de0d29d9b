package graphop_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// block is a series of convolutions as in MobileNet: expand, filter, project.
type block struct {
	rows, channels, height, width int
	expand, filters, project      int // channels after each step; 0: no such step
	side, stride, pad             int
	residual                      bool
	again                         bool // filter and project once more, as in MobileNet V1
	activation                    graphop.Activation
}

// TestHidden makes sure that hidden maps, computed strip by strip by their readers,
// give the same bytes as maps in memory, for any number of threads, and that Observe
// still sees them all.
func TestHidden(t *testing.T) {
	t.Cleanup(func() { _ = parallel.SetThreads(0) })
	for _, b := range []block{
		{1, 3, 9, 7, 20, 20, 5, 3, 1, 1, false, false, graphop.Clip(0, 6)},
		{3, 5, 9, 7, 20, 20, 5, 3, 1, 1, true, false, graphop.Clip(0, 6)},
		{2, 8, 60, 100, 70, 70, 8, 3, 1, 1, true, false, graphop.Rectify()}, // several strips and chunks
		{2, 4, 61, 90, 100, 100, 6, 3, 2, 1, false, false, graphop.SiLU()},
		{2, 4, 31, 30, 24, 24, 0, 5, 2, 2, false, false, graphop.HardSwish()}, // no projection
		{2, 24, 31, 30, 0, 24, 10, 5, 1, 2, false, false, graphop.Rectify()},  // no expansion
		{2, 8, 31, 30, 8, 8, 0, 3, 1, 1, true, false, graphop.Rectify()},      // filters that add a residual: not hidden
		{3, 4, 9, 9, 7, 21, 5, 3, 1, 0, false, false, graphop.Rectify()},      // three filters per channel
		{2, 3, 30, 20, 8, 8, 12, 3, 1, 1, false, true, graphop.Clip(0, 6)},
		{2, 3, 30, 20, 0, 3, 12, 3, 1, 1, false, true, graphop.Clip(0, 6)},
		{2, 4, 9, 9, 8, 8, 5, 3, 1, 4, false, false, graphop.Rectify()}, // more padding than kernel: not hidden
	} {
		want, _ := b.run(t, false, false)
		for _, threads := range []int{1, 2, 5} {
			if err := parallel.SetThreads(threads); err != nil {
				t.Fatal(err)
			}
			for _, observe := range []bool{false, true} {
				got, seen := b.run(t, true, observe)
				if !sameBits(got, want) {
					t.Errorf("%+v, threads %d, observed %t: the output differs", b, threads, observe)
				}
				if observe && seen != b.convolutions() {
					t.Errorf("%+v: found %d outputs observed, expected %d", b, seen, b.convolutions())
				}
			}
		}
	}
}

func (b block) convolutions() int {
	n := 1
	for _, channels := range []int{b.expand, b.project} {
		if channels > 0 {
			n++
		}
	}
	if b.again {
		n += 2
	}
	return n
}

// run returns the block's output, and for how many of its convolutions Observe saw
// nonzero values.
func (b block) run(t *testing.T, plan, observe bool) (y []float32, seen int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(6, 6))
	s := graphop.NewScope(gorgonia.NewGraph(), b.rows)
	x := variable(s.Graph(), "x", random(rng, false, b.rows, b.channels, b.height, b.width))
	weight := func(name string, shape ...int) *gorgonia.Node {
		n, err := graphop.Constant(s, name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(random(rng, false, shape...).values)))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	node, err := x, error(nil)
	layer := func(name string, out int, c graphop.ConvShape, residual *gorgonia.Node, kernel ...int) {
		t.Helper()
		w, bias := weight(name+"/W", append([]int{out}, kernel...)...), weight(name+"/b", out)
		if residual != nil {
			node, err = graphop.ConvAdd(s, name, node, w, bias, residual, c, graphop.Wants{})
		} else {
			node, err = graphop.Conv(s, name, node, w, bias, c, graphop.Wants{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	channels := b.channels
	if b.expand > 0 {
		layer("expand", b.expand, graphop.ConvShape{Stride: graphop.Both(1), Activation: b.activation}, nil, channels, 1, 1)
		channels = b.expand
	}
	var residual *gorgonia.Node
	if b.residual {
		residual = x
	}
	filtered := residual
	if b.project > 0 {
		filtered = nil
	}
	layer("filter", b.filters, graphop.ConvShape{Stride: graphop.Both(b.stride), Pad: graphop.Around(b.pad), Groups: channels, Activation: b.activation}, filtered, 1, b.side, b.side)
	if b.project > 0 {
		layer("project", b.project, graphop.ConvShape{Stride: graphop.Both(1)}, residual, b.filters, 1, 1)
	}
	if b.again {
		layer("filter2", b.project, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(b.pad), Groups: b.project, Activation: b.activation}, nil, 1, b.side, b.side)
		layer("project2", 5, graphop.ConvShape{Stride: graphop.Both(1)}, nil, b.project, 1, 1)
	}
	if plan {
		if _, err := s.PlanReuse(node); err != nil {
			t.Fatal(err)
		}
	}
	if observe {
		s.Observe(func(e graphop.Event) {
			if e.Kind != "constant" && slices.ContainsFunc(e.Output.Data().([]float32), func(v float32) bool { return v != 0 }) {
				seen++
			}
		})
	}
	vm := gorgonia.NewTapeMachine(s.Graph())
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	return append([]float32(nil), values(node)...), seen
}
