package graphop_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestPooledMap makes sure that a pooling which has a large map computed in strips gives
// the same bytes as one that reads it from memory, and that the map then takes no
// memory.
func TestPooledMap(t *testing.T) {
	t.Cleanup(func() { _ = parallel.SetThreads(0) })
	packs := gemm.Lanes() > 0 // gonum has no panels that patches go to
	three := graphop.PoolShape{Kernel: graphop.Both(3), Stride: graphop.Both(2), Pad: graphop.Around(1)}
	for name, c := range map[string]firstLayers{
		"SqueezeNet": {3, 3, 2, 0, graphop.PoolShape{Kernel: graphop.Both(3), Stride: graphop.Both(2), Ceil: true}, packs},
		"ResNet":     {3, 7, 2, 3, three, packs},
		"9 channels": {9, 3, 2, 1, three, packs},
		"stride 4":   {3, 5, 4, 1, three, false},
		"1×1":        {20, 1, 1, 0, graphop.PoolShape{Kernel: graphop.Pair{2, 3}, Stride: graphop.Pair{2, 1}, Pad: graphop.Pads{1, 0, 0, 1}}, true},
		"all in one": {3, 3, 2, 0, graphop.PoolShape{Kernel: graphop.Both(60), Stride: graphop.Both(3)}, false},
	} {
		want, without := c.run(t, 2, false, false)
		for _, threads := range []int{1, 2, 5} {
			if err := parallel.SetThreads(threads); err != nil {
				t.Fatal(err)
			}
			for _, rows := range []int{1, 2} {
				for _, observe := range []bool{false, true} {
					got, with := c.run(t, rows, true, observe)
					if !sameBits(got, want[:len(got)]) {
						t.Errorf("%s, threads %d, rows %d, observed %t: the output differs", name, threads, rows, observe)
					}
					if hidden := with < without; hidden != c.hides {
						t.Errorf("%s: found %d bytes of memory of %d, expected fewer: %t", name, with, without, c.hides)
					}
				}
			}
		}
	}
}

// firstLayers is a convolution of a large image and a pooling.
type firstLayers struct {
	channels, side, stride, pad int
	pool                        graphop.PoolShape
	hides                       bool
}

// run returns the output, and the memory that it and the map take.
func (c firstLayers) run(t *testing.T, rows int, plan, observe bool) (y []float32, memory int64) {
	t.Helper()
	const capacity, out = 2, 40
	rng := rand.New(rand.NewPCG(8, 8))
	s := graphop.NewScope(gorgonia.NewGraph(), capacity)
	x := variable(s.Graph(), "x", random(rng, false, capacity, c.channels, 62*c.stride, 61*c.stride))
	shape := []int{out, c.channels, c.side, c.side}
	w, err := graphop.Constant(s, "W", tensor.New(tensor.WithShape(shape...), tensor.WithBacking(random(rng, false, shape...).values)))
	if err != nil {
		t.Fatal(err)
	}
	conv := graphop.ConvShape{Stride: graphop.Both(c.stride), Pad: graphop.Around(c.pad), Activation: graphop.SiLU()}
	m, err := graphop.Conv(s, "map", x, w, nil, conv, graphop.Wants{})
	if err != nil {
		t.Fatal(err)
	}
	pooled, err := graphop.MaxPool(s, "pool", m, c.pool, false)
	if err != nil {
		t.Fatal(err)
	}
	memory = 4 * int64(m.Shape().TotalSize()+pooled.Shape().TotalSize())
	if plan {
		planned, err := s.PlanReuse(pooled)
		if err != nil {
			t.Fatal(err)
		}
		memory = planned.Bytes
	}
	if observe {
		s.Observe(func(graphop.Event) {})
	}
	if err := s.SetRows(rows); err != nil {
		t.Fatal(err)
	}
	vm := gorgonia.NewTapeMachine(s.Graph())
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	v := values(pooled)
	return append([]float32(nil), v[:len(v)/capacity*rows]...), memory
}
