package model

import (
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Dense is a fully connected layer: y = x·W + b, with W [in,out] and b [out]. It
// takes any shape, flattened row-major, and gives [out].
type Dense struct {
	Out    int  `json:"out,omitempty"`     // output units
	NoBias bool `json:"no_bias,omitempty"` // there is no b
}

func (Dense) String() string { return "dense" }

func (d Dense) output([][]int) ([]int, error) {
	if d.Out < 1 {
		return nil, errors.Errorf("found out %d, expected from 1", d.Out)
	}
	return []int{d.Out}, nil
}

func (d Dense) parameters(in [][]int) []Parameter {
	return kernelAndBias([]int{size(in[0]), d.Out}, d.Out, d.NoBias)
}

// absorbs takes an activation, and where no gradient passes a batch
// normalisation before it.
func (Dense) absorbs(next []Kind, forwardOnly bool) int {
	folded := absorbsNorm(next, forwardOnly)
	return folded + absorbsActivation(next[folded:], forwardOnly)
}

func (d Dense) node(p *place) (*gorgonia.Node, error) {
	w, b, err := p.kernelAndBias(d.NoBias) // [in,out], [out]
	if err != nil {
		return nil, err
	}
	norm, err := p.norm()
	switch {
	case err != nil:
		return nil, err
	case norm != nil:
		return graphop.DenseNorm(p.scope(), p.name, p.in[0], w, b, *norm, p.activation()) // [N,out]
	}
	want := graphop.Wants{Input: p.wantsInput(0), Weights: p.trained}
	return graphop.Dense(p.scope(), p.name, p.in[0], w, b, p.activation(), want) // [N,out]
}

func (d Dense) firstVersion() bool { return !d.NoBias }
