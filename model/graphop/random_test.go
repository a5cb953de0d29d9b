package graphop_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
)

// randomNet draws a chain of operators on images [n,c,h,w] and its naive counterpart.
// Sides start at 1, some kernels fit the image only with its padding, and pads may
// exceed the kernel. All values are small integers, so float32 is exact and the two
// must be identical.
type randomNet struct {
	inputs []input
	build  []buildFunc // each takes the output so far as input 0
	naive  []func(in []array) (array, backward)
	takes  []int // number of further inputs of each
	says   []string
}

func (r *randomNet) add(says string, weights []input, build buildFunc, naive func([]array) (array, backward)) {
	r.inputs = append(r.inputs, weights...)
	r.takes = append(r.takes, len(weights))
	r.build = append(r.build, build)
	r.naive = append(r.naive, naive)
	r.says = append(r.says, says)
}

// addConv adds a convolution and returns the shape of its output.
func (r *randomNet) addConv(rng *rand.Rand, shape []int, kernel, stride, pad int) []int {
	out := 1 + rng.IntN(7) // too few channels for Winograd tiles, which round
	s := graphop.ConvShape{Stride: graphop.Both(stride), Pad: graphop.Around(pad)}
	if rng.IntN(2) == 0 {
		s.Activation = graphop.Rectify()
	}
	name := fmt.Sprint("conv", len(r.build))
	weights := []input{whole(rng, out, shape[1], kernel, kernel), whole(rng, out)}
	r.add(fmt.Sprintf("conv %d k%d s%d p%d %v", out, kernel, stride, pad, s.Activation), weights,
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Conv(sc, name, in[0], in[1], in[2], s, all)
		},
		func(in []array) (array, backward) {
			y, back := naiveConv(in[0], in[1], in[2], s)
			return then(back)(naiveActivation(y, s.Activation))
		})
	side := func(n int) int { return (n+2*pad-kernel)/stride + 1 }
	return []int{shape[0], out, side(shape[2]), side(shape[3])}
}

func (r *randomNet) addPool(shape []int, kernel, stride int) []int {
	name := fmt.Sprint("pool", len(r.build))
	r.add(fmt.Sprintf("maxpool k%d s%d", kernel, stride), nil,
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.MaxPool(sc, name, in[0], square(kernel, stride), true)
		},
		func(in []array) (array, backward) { return naiveMaxPool(in[0], square(kernel, stride)) })
	side := func(n int) int { return (n-kernel)/stride + 1 }
	return []int{shape[0], shape[1], side(shape[2]), side(shape[3])}
}

// whole returns an input of -1, 0 and 1.
func whole(rng *rand.Rand, shape ...int) input {
	in := blank(shape...)
	in.grad = true
	for i := range in.values {
		in.values[i] = float32(rng.IntN(3) - 1)
	}
	return in
}

func newRandomNet(rng *rand.Rand) *randomNet {
	shape := []int{1 + rng.IntN(3), 1 + rng.IntN(7), 1 + rng.IntN(12), 1 + rng.IntN(12)}
	r := &randomNet{inputs: []input{whole(rng, shape...)}}
	r.says = []string{fmt.Sprint(shape)}
	for range 1 + rng.IntN(3) {
		if kernel := 1 + rng.IntN(3); rng.IntN(3) == 0 && kernel <= min(shape[2], shape[3]) {
			shape = r.addPool(shape, kernel, 1+rng.IntN(3))
			continue
		}
		kernel, pad := 1+rng.IntN(7), rng.IntN(8)
		if kernel <= min(shape[2], shape[3])+2*pad {
			shape = r.addConv(rng, shape, kernel, 1+rng.IntN(3), pad)
		}
	}
	return r
}

// compare checks the output and all gradients of the chain against the definition.
func (r *randomNet) compare(t *testing.T) {
	t.Helper()
	rig := newRig(t, r.inputs, func(s *graphop.Scope, in []*gorgonia.Node) (y *gorgonia.Node, err error) {
		y, in = in[0], in[1:]
		for i, build := range r.build {
			if y, err = build(s, append([]*gorgonia.Node{y}, in[:r.takes[i]]...)); err != nil {
				return nil, err
			}
			in = in[r.takes[i]:]
		}
		return y, nil
	})
	in := arrays(r.inputs)
	y, in := in[0], in[1:]
	var backs []backward
	for i, naive := range r.naive {
		var back backward
		y, back = naive(append([]array{y}, in[:r.takes[i]]...))
		backs, in = append(backs, back), in[r.takes[i]:]
	}
	dy := whole(rand.New(rand.NewPCG(3, 4)), len(y.v)).values
	got := rig.run(t, dy)
	if d := difference(got.y, y.v); d != 0 {
		t.Errorf("%s: output: the largest difference is %.2g", strings.Join(r.says, ", "), d)
	}
	grad, n := wide(y.shape, dy), len(r.inputs)
	for i, back := range slices.Backward(backs) {
		grads := back(grad)
		n -= r.takes[i]
		for j, want := range grads[1:] {
			if d := difference(got.grads[n+j], want.v); d != 0 {
				t.Errorf("%s: gradient towards input %d: the largest difference is %.2g", strings.Join(r.says, ", "), n+j, d)
			}
		}
		grad = grads[0]
	}
	if d := difference(got.grads[0], grad.v); d != 0 {
		t.Errorf("%s: gradient towards the images: the largest difference is %.2g", strings.Join(r.says, ", "), d)
	}
}

// TestRandomNets compares random chains with the definition. Some of their convolutions
// have more padding than output.
func TestRandomNets(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 1))
	for _, c := range []struct {
		shape               []int
		kernel, stride, pad int
	}{
		{[]int{1, 1, 9, 1}, 5, 1, 2},
		{[]int{1, 1, 1, 1}, 5, 1, 2},
		{[]int{1, 1, 1, 9}, 5, 1, 2},
		{[]int{2, 1, 9, 2}, 7, 1, 3},
		{[]int{2, 1, 2, 2}, 7, 1, 3},
		{[]int{1, 2, 1, 2}, 7, 2, 3},
	} {
		r := &randomNet{inputs: []input{whole(rng, c.shape...)}, says: []string{fmt.Sprint(c.shape)}}
		r.addConv(rng, c.shape, c.kernel, c.stride, c.pad)
		r.compare(t)
	}
	for range 300 {
		if r := newRandomNet(rng); len(r.build) > 0 {
			r.compare(t)
		}
	}
}
