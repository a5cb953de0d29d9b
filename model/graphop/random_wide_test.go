package graphop_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
)

// TestRandomConvolutions compares chains of grouped convolutions with the definition.
// Kernel, stride, dilation and padding differ from side to side: single pixels and long
// rows, padding wider than the kernel, strides longer than it.
func TestRandomConvolutions(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 1))
	for range 400 {
		shape := []int{1 + rng.IntN(4), 1 + rng.IntN(6), 1 + rng.IntN(9), 1 + rng.IntN(9)}
		if rng.IntN(4) == 0 {
			shape[2+rng.IntN(2)] = 1
		}
		r := &randomNet{inputs: []input{whole(rng, shape...)}, says: []string{fmt.Sprint(shape)}}
		for range 1 + rng.IntN(2) {
			shape = r.addWideConv(rng, shape)
		}
		if len(r.build) > 0 {
			r.compare(t)
		}
	}
}

// addWideConv adds a convolution of any kind, if the image is large enough, and returns
// the shape of its output.
func (r *randomNet) addWideConv(rng *rand.Rand, shape []int) []int {
	pair := func(most int) graphop.Pair { return graphop.Pair{1 + rng.IntN(most), 1 + rng.IntN(most)} }
	s := graphop.ConvShape{Stride: pair(5), Dilation: pair(3), Pad: graphop.Pads{rng.IntN(6), rng.IntN(6), rng.IntN(6), rng.IntN(6)}, Groups: 1}
	kernel, out := pair(4), 1+rng.IntN(3)
	if rng.IntN(2) == 0 {
		s.Groups = shape[1] // one channel per group
	}
	if rng.IntN(3) == 0 {
		s.Stride = graphop.Both(1)
	}
	if rng.IntN(2) == 0 {
		s.Activation = graphop.Rectify()
	}
	sum, err := s.Output(graphop.Pair{shape[2], shape[3]}, kernel)
	if err != nil {
		return shape
	}
	out *= s.Groups
	weights := []input{whole(rng, out, shape[1]/s.Groups, kernel[0], kernel[1]), whole(rng, out)}
	name := fmt.Sprint("conv", len(r.build))
	r.add(fmt.Sprintf("conv %d k%v s%v p%v d%v g%d %v", out, kernel, s.Stride, s.Pad, s.Dilation, s.Groups, s.Activation), weights,
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Conv(sc, name, in[0], in[1], in[2], s, all)
		},
		func(in []array) (array, backward) {
			y, back := naiveConv(in[0], in[1], in[2], s)
			return then(back)(naiveActivation(y, s.Activation))
		})
	return []int{shape[0], out, sum[0], sum[1]}
}
