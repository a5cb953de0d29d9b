package model

import (
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Conv is a 2-D convolution (a cross-correlation) of [C,H,W] with kernels W
// [out,C/groups,kh,kw], plus a bias b [out].
type Conv struct {
	Out      int   `json:"out,omitempty"`     // output channels, a multiple of Groups
	Kernel   Sides `json:"kernel,omitzero"`   // [h,w]
	Stride   Sides `json:"stride,omitzero"`   // [h,w]
	Pad      Sides `json:"pad,omitzero"`      // zeros on each side, [top,left,bottom,right]
	Dilation Sides `json:"dilation,omitzero"` // [h,w], from one tap to the next; default 1
	Groups   int   `json:"groups,omitempty"`  // parts of the channels that do not mix; 1 if 0
	NoBias   bool  `json:"no_bias,omitempty"` // there is no b
}

func (Conv) String() string { return "conv" }

func (c Conv) output(in [][]int) ([]int, error) {
	x := in[0]
	if len(x) != 3 {
		return nil, errors.Errorf("found input %v, expected [C,H,W]", x)
	}
	if c.Out < 1 || c.Out > maxActivation {
		return nil, errors.Errorf("found out %d, expected from 1 to %d", c.Out, maxActivation)
	}
	if c.Groups < 0 || c.Groups > c.Out || x[0]%c.groups() != 0 || c.Out%c.groups() != 0 {
		return nil, errors.Errorf("found groups %d, expected a divisor of the %d input and %d output channels", c.Groups, x[0], c.Out)
	}
	err := firstError(c.Kernel.check("kernel", 2, 1, false), c.Stride.check("stride", 2, 1, false),
		c.Pad.check("pad", 4, 0, true), c.Dilation.check("dilation", 2, 1, true))
	if err != nil {
		return nil, err
	}
	out, err := c.shape().Output(graphop.Pair{x[1], x[2]}, c.Kernel.pair(1))
	return []int{c.Out, out[0], out[1]}, withoutCause(err)
}

func (c Conv) groups() int { return max(c.Groups, 1) }

// shape returns how the kernel slides.
func (c Conv) shape() graphop.ConvShape {
	return graphop.ConvShape{Stride: c.Stride.pair(1), Pad: c.Pad.around(), Dilation: c.Dilation.pair(1), Groups: c.groups()}
}

func (c Conv) parameters(in [][]int) []Parameter {
	k := c.Kernel.pair(1)
	return kernelAndBias([]int{c.Out, in[0][0] / c.groups(), k[0], k[1]}, c.Out, c.NoBias)
}

// absorbs takes an activation, and behind a ReLU or none a pooling whose windows
// do not overlap. Where no gradient passes it takes a batch normalisation, an
// addition and an activation, each of which may be missing.
func (c Conv) absorbs(next []Kind, forwardOnly bool) int {
	folded := absorbsNorm(next, forwardOnly)
	if len(next) > folded && next[folded] == Kind(Add{}) {
		folded++
	}
	n := folded + absorbsActivation(next[folded:], forwardOnly)
	if folded > 0 || n > 0 && next[0] != Kind(ReLU{}) {
		return n
	}
	if len(next) > n {
		if pool, ok := next[n].(MaxPool); ok && pool.tiles() {
			n++
		}
	}
	return n
}

func (c Conv) node(p *place) (*gorgonia.Node, error) {
	w, b, err := p.kernelAndBias(c.NoBias) // [out,C/groups,kh,kw], [out]
	if err != nil {
		return nil, err
	}
	shape := c.shape()
	if shape.Norm, err = p.norm(); err != nil {
		return nil, err
	}
	for _, l := range p.absorbed {
		switch k := l.Kind.(type) {
		case MaxPool:
			shape.Pool = k.Kernel[0]
		case activator:
			shape.Activation = k.activation()
		}
	}
	want := graphop.Wants{Input: p.wantsInput(0), Weights: p.trained}
	if p.beside != nil {
		return graphop.ConvAdd(p.scope(), p.name, p.in[0], w, b, p.beside, shape, want) // [N,out,H',W']
	}
	return graphop.Conv(p.scope(), p.name, p.in[0], w, b, shape, want) // [N,out,H',W']
}

func (c Conv) firstVersion() bool {
	plain := len(c.Dilation) == 0 && c.Groups == 0 && !c.NoBias
	return plain && c.Kernel.square() && c.Stride.square() && c.Pad.square() && c.Pad.around()[0] < c.Kernel[0]
}
