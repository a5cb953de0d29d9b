package graphop_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
)

// TestThreads makes sure that the number of threads does not change a single bit.
func TestThreads(t *testing.T) {
	t.Cleanup(func() { _ = parallel.SetThreads(0) })
	wide := append(cases(), convCase("enough work for threads", 17, 8, 20, 22, 40, 5, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(2), Activation: graphop.Rectify(), Pool: 2}, 0),
		denseCase("enough work for threads", 260, true, 0, 65, 520),
		convCase("one image, tiles, pooled", 1, 8, 27, 29, 40, 5, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(2), Activation: graphop.Rectify(), Pool: 2}, 0),
		convCase("one image, patches, pooled", 1, 5, 61, 40, 40, 3, graphop.ConvShape{Stride: graphop.Both(2), Activation: graphop.Rectify(), Pool: 3}, 0),
		convCase("one image, pointwise, pooled", 1, 40, 21, 23, 44, 1, graphop.ConvShape{Stride: graphop.Both(1), Activation: graphop.Rectify(), Pool: 2}, 0),
		convCase("one image, pointwise", 1, 40, 21, 23, 80, 1, graphop.ConvShape{Stride: graphop.Both(1), Activation: graphop.Rectify()}, 0),
		convCase("small images, pointwise", 5, 40, 7, 7, 80, 1, graphop.ConvShape{Stride: graphop.Both(1), Activation: graphop.Rectify()}, 0),
		convCase("one image, many kernels", 1, 180, 14, 14, 170, 3, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(1)}, 0))
	for _, c := range wide {
		var want result
		for _, threads := range []int{1, 2, 3} {
			if err := parallel.SetThreads(threads); err != nil {
				t.Fatal(err)
			}
			r := newRig(t, c.inputs, c.build) // a Scope allocates scratch memory for the threads when it is made
			dy := upstream(max(1, r.y.Shape().TotalSize()))
			got := r.run(t, dy)
			if threads == 1 {
				want = got
				continue
			}
			same(t, c.name, got, want)
		}
	}
}

// TestRepeat makes sure that a second run does not depend on the first.
func TestRepeat(t *testing.T) {
	for _, c := range cases() {
		r := newRig(t, c.inputs, c.build)
		dy := upstream(max(1, r.y.Shape().TotalSize()))
		want := r.run(t, dy)
		kept := slices.Clone(c.inputs[0].values)
		copy(c.inputs[0].values, normal(rand.New(rand.NewPCG(2, 2)), len(kept)))
		r.run(t, dy)
		copy(c.inputs[0].values, kept)
		same(t, c.name, r.run(t, dy), want)
	}
}

// TestSetRows makes sure that n rows in a graph with a larger capacity give the same
// result as a graph with capacity n, and that the other rows are neither read nor
// written.
func TestSetRows(t *testing.T) {
	const spare = 3
	nan := float32(math.NaN())
	for _, c := range cases() {
		n := c.inputs[0].shape[0]
		inputs := slices.Clone(c.inputs)
		for i, in := range inputs {
			if i > 0 && in.labels == nil && !in.rows {
				continue // a weight
			}
			inputs[i].shape = append([]int{n + spare}, in.shape[1:]...)
			if in.labels != nil {
				inputs[i].labels = append(slices.Clone(in.labels), 0, 0, 0)
			} else {
				inputs[i].values = append(slices.Clone(in.values), normal(rand.New(rand.NewPCG(1, 2)), spare*in.row())...)
			}
		}
		r := newRig(t, inputs, c.build)
		full := max(1, r.y.Shape().TotalSize())
		dy := upstream(full)
		before := r.run(t, dy)

		for i, in := range inputs { // rows that must not be read
			if len(in.values) > len(c.inputs[i].values) {
				for j := len(c.inputs[i].values); j < len(in.values); j++ {
					in.values[j] = nan
				}
			} else if len(in.labels) > len(c.inputs[i].labels) {
				in.labels[n] = -1
			}
		}
		used := full
		if !r.y.IsScalar() {
			used = full / (n + spare) * n
		}
		for i := used; i < full; i++ {
			dy[i] = nan
		}
		if err := r.scope.SetRows(n); err != nil {
			t.Fatal(err)
		}
		got := r.run(t, dy)
		small := newRig(t, c.inputs, c.build)
		want := small.run(t, dy[:used])
		beyond := func(all, before, part []float32) []float32 {
			if !sameBits(all[len(part):], before[len(part):]) {
				t.Errorf("%s: rows beyond were written to", c.name)
			}
			return all[:len(part)]
		}
		got.y = beyond(got.y, before.y, want.y)
		for i, g := range got.grads {
			switch {
			case g == nil || i > 0 && !inputs[i].rows:
			case r.grads[i] == r.dy: // its other rows hold the NaN of the input
				got.grads[i] = g[:len(want.grads[i])]
			default:
				got.grads[i] = beyond(g, before.grads[i], want.grads[i])
			}
		}
		same(t, c.name, got, want)
	}
}

func TestSetRowsRange(t *testing.T) {
	s := graphop.NewScope(gorgonia.NewGraph(), 4)
	for n, ok := range map[int]bool{-1: false, 0: false, 1: true, 4: true, 5: false} {
		if err := s.SetRows(n); (err == nil) != ok {
			t.Errorf("SetRows(%d) of 4: found error %v", n, err)
		}
	}
	if s.Rows() < 1 || s.Rows() > s.Capacity() {
		t.Errorf("found %d rows of %d", s.Rows(), s.Capacity())
	}
}

// TestNaN makes sure that NaN comes out exactly where it does in the naive operator; no
// ReLU, pooling or maximum hides it. There are two exceptions: NaN in a kernel also
// meets the zeros of the padding, and tiles are affected as a whole.
func TestNaN(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for _, c := range cases() {
		r := newRig(t, c.inputs, c.build)
		dy := upstream(max(1, r.y.Shape().TotalSize()))
		for i, in := range c.inputs {
			if in.labels != nil {
				continue
			}
			for range 4 {
				at := &in.values[rng.IntN(len(in.values))]
				kept := *at
				*at = float32(math.NaN())
				got := r.run(t, dy)
				y, _ := c.naive(arrays(c.inputs))
				*at = kept
				for j, v := range got.y {
					if (i == 1 || c.spread) && v != v {
						y.v[j] = math.NaN()
					}
				}
				if d := difference(got.y, y.v); !(d <= c.tol) {
					t.Errorf("%s, NaN in input %d: found NaN elsewhere than expected, or a difference of %g", c.name, i, d)
				}
			}
		}
	}
}

// TestReLU checks the values of ReLU and its derivative where Gorgonia's differ, alone
// and fused.
func TestReLU(t *testing.T) {
	inf := float32(math.Inf(1))
	negZero := float32(math.Copysign(0, -1))
	x := input{shape: []int{1, 5}, values: []float32{0, negZero, -inf, inf, -1}, grad: true}
	one := input{shape: []int{1}, values: []float32{1}, grad: true}
	zero := input{shape: []int{1}, values: []float32{0}, grad: true}
	dense := []input{{shape: []int{1, 1}, values: []float32{0}, grad: true}, {shape: []int{1, 1}, values: one.values, grad: true}, zero}
	conv := []input{{shape: []int{1, 1, 1, 1}, values: []float32{0}, grad: true}, {shape: []int{1, 1, 1, 1}, values: one.values, grad: true}, zero}
	for _, test := range []struct {
		name   string
		inputs []input
		build  buildFunc
		y, dx  []float32
	}{
		{"relu", []input{x}, func(s *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.ReLU(s, "relu", in[0], true)
		}, []float32{0, negZero, 0, inf, 0}, []float32{0, 0, 0, 1, 0}},
		{"dense with relu", dense, func(s *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Dense(s, "dense", in[0], in[1], in[2], graphop.Rectify(), all)
		}, []float32{0}, []float32{0}},
		{"conv with relu", conv, func(s *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Conv(s, "conv", in[0], in[1], in[2], graphop.ConvShape{Stride: graphop.Both(1), Activation: graphop.Rectify()}, all)
		}, []float32{0}, []float32{0}},
	} {
		got := newRig(t, test.inputs, test.build).run(t, []float32{1, 1, 1, 1, 1}[:len(test.y)])
		if !slices.Equal(got.y, test.y) || !slices.Equal(got.grads[0], test.dx) {
			t.Errorf("%s: found %v and derivative %v, expected %v and %v", test.name, got.y, got.grads[0], test.y, test.dx)
		}
	}
}
