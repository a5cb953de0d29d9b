package graphop_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestConcatInPlace makes sure that convolutions which write into a Concat's output
// give the same bytes as those whose output is copied there, by every method, for
// any number of threads, and for a batch that is not full.
func TestConcatInPlace(t *testing.T) {
	t.Cleanup(func() { _ = parallel.SetThreads(0) })
	for _, threads := range []int{1, 2, 5} {
		if err := parallel.SetThreads(threads); err != nil {
			t.Fatal(err)
		}
		for _, rows := range []int{3, 2, 1} {
			want, without := concatenated(t, rows, false, false)
			for _, observe := range []bool{false, true} {
				got, with := concatenated(t, rows, true, observe)
				if !sameBits(got, want) {
					t.Errorf("threads %d, rows %d, observed %t: the output differs", threads, rows, observe)
				}
				if with >= without {
					t.Errorf("found %d bytes of memory, expected fewer than %d", with, without)
				}
			}
		}
	}
}

// concatenated returns the output of convolutions side by side, and the memory that
// outputs take.
func concatenated(t *testing.T, rows int, plan, observe bool) (y []float32, memory int64) {
	t.Helper()
	const capacity, channels, side = 3, 16, 28
	rng := rand.New(rand.NewPCG(7, 7))
	s := graphop.NewScope(gorgonia.NewGraph(), capacity)
	x := variable(s.Graph(), "x", random(rng, false, capacity, channels, side, side))
	must := func(n *gorgonia.Node, err error) *gorgonia.Node {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	conv := func(x *gorgonia.Node, c graphop.ConvShape, kernel ...int) *gorgonia.Node {
		t.Helper()
		name := fmt.Sprint("conv", len(s.Graph().AllNodes()))
		w := must(graphop.Constant(s, name+"/W", tensor.New(tensor.WithShape(kernel...), tensor.WithBacking(random(rng, false, kernel...).values))))
		return must(graphop.Conv(s, name, x, w, nil, c, graphop.Wants{}))
	}
	one, padded, relu := graphop.Both(1), graphop.Around(1), graphop.Rectify()
	pointwise := conv(x, graphop.ConvShape{Stride: one, Activation: relu}, 20, channels, 1, 1)
	winograd := conv(x, graphop.ConvShape{Stride: one, Pad: padded, Activation: relu}, 24, channels, 3, 3)
	direct := conv(x, graphop.ConvShape{Stride: one, Pad: padded}, 7, channels, 3, 3)
	depthwise := conv(x, graphop.ConvShape{Stride: one, Pad: padded, Groups: channels, Activation: graphop.SiLU()}, channels, 1, 3, 3)
	odd := conv(x, graphop.ConvShape{Stride: one, Pad: graphop.Pads{1, 0, 1, 0}, Groups: channels}, channels, 1, 3, 1)
	chain := conv(conv(x, graphop.ConvShape{Stride: one, Pad: padded, Groups: channels}, channels, 1, 3, 3), graphop.ConvShape{Stride: one}, 9, channels, 1, 1)
	twice := conv(x, graphop.ConvShape{Stride: one}, 3, channels, 1, 1)
	elsewhere := conv(x, graphop.ConvShape{Stride: one}, 5, channels, 1, 1)
	all := must(graphop.Concat(s, "all", []*gorgonia.Node{pointwise, twice, winograd, direct, elsewhere, x, depthwise, odd, chain, twice}, nil))
	pooled := must(graphop.MaxPool(s, "pool", all, graphop.PoolShape{Kernel: graphop.Both(2), Stride: graphop.Both(2)}, false))
	half := conv(x, graphop.ConvShape{Stride: one, Pool: 2}, 6, channels, 1, 1)
	strided := conv(elsewhere, graphop.ConvShape{Stride: graphop.Both(2)}, 4, 5, 1, 1)
	out := must(graphop.Concat(s, "out", []*gorgonia.Node{half, pooled, strided}, nil))
	if plan {
		m, err := s.PlanReuse(out)
		if err != nil {
			t.Fatal(err)
		}
		memory = m.Bytes
	} else {
		for _, n := range s.Graph().AllNodes() {
			memory += 4 * int64(n.Shape().TotalSize())
		}
	}
	if observe {
		s.Observe(func(graphop.Event) {})
	}
	if err := s.SetRows(rows); err != nil {
		t.Fatal(err)
	}
	vm := gorgonia.NewTapeMachine(s.Graph())
	defer vm.Close()
	for range 2 {
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		vm.Reset()
	}
	v := values(out)
	return append([]float32(nil), v[:len(v)/capacity*rows]...), memory
}
