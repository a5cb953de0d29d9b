package model

import (
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// BatchNorm normalises each channel by statistics that were collected once:
//
//	y = scale·(x − mean)/√(variance + Eps) + bias
//
// (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithm 2). Scale
// and bias can be trained; mean and variance, all four [C], never change, not
// even in training: with the few images of a retraining, new statistics make a
// network worse (https://github.com/keras-team/keras/pull/9965).
//
// Where it is frozen, as is the convolution or dense layer below it, and nothing
// else reads that layer, one node computes both; the stored tensors stay as they
// are, and the results are the same to the bit.
type BatchNorm struct {
	Eps float64 `json:"eps"` // from 0
}

func (BatchNorm) String() string { return "batchnorm" }

func (b BatchNorm) output(in [][]int) ([]int, error) {
	if !(b.Eps >= 0) || !finite(b.Eps) {
		return nil, errors.Errorf("found eps %v, expected a number from 0", b.Eps)
	}
	return in[0], nil
}

func (BatchNorm) parameters(in [][]int) []Parameter {
	c := []int{in[0][0]}
	return []Parameter{
		{Part: "scale", Shape: c, Fill: 1}, {Part: "bias", Shape: c},
		{Part: "mean", Shape: c, Fixed: true}, {Part: "variance", Shape: c, Fill: 1, Fixed: true, NotNegative: true},
	}
}

func (BatchNorm) follows() {}

func (BatchNorm) absorbs(next []Kind, forwardOnly bool) int {
	return absorbsActivation(next, forwardOnly)
}

func (b BatchNorm) node(p *place) (*gorgonia.Node, error) {
	inputs, err := p.statistics(p.name, p.trained)
	if err != nil {
		return nil, err
	}
	want := graphop.Wants{Input: p.wantsInput(0), Weights: p.trained}
	return graphop.BatchNorm(p.scope(), p.name, p.in[0], inputs, b.Eps, p.activation(), want) // its input's shape
}

// statistics adds the tensors of a batch normalisation, each [C].
func (p *place) statistics(layer string, trained bool) (graphop.BatchNormInputs, error) {
	nodes, err := p.tensorsOf(layer, trained, []string{"scale", "bias", "mean", "variance"})
	if err != nil {
		return graphop.BatchNormInputs{}, err
	}
	return graphop.BatchNormInputs{Scale: nodes[0], Bias: nodes[1], Mean: nodes[2], Variance: nodes[3]}, nil
}

// absorbsNorm returns 1 when a batch normalisation comes next that can be folded,
// otherwise 0. The stored tensors stay as they are, and are read in each run, so
// that a graph for evaluation sees what a training has made of them.
func absorbsNorm(next []Kind, forwardOnly bool) int {
	if len(next) > 0 && forwardOnly {
		if _, ok := next[0].(BatchNorm); ok {
			return 1
		}
	}
	return 0
}

// norm returns the batch normalisation that is folded into this node, nil for
// none.
func (p *place) norm() (*graphop.Norm, error) {
	for _, l := range p.absorbed {
		if b, ok := l.Kind.(BatchNorm); ok {
			inputs, err := p.statistics(l.Name, false)
			return &graphop.Norm{BatchNormInputs: inputs, Eps: b.Eps}, err
		}
	}
	return nil, nil
}

// LayerNorm normalises the channels of each pixel of [C,H,W], or all numbers of
// [F], by their own mean and variance (Ba et al. 2016,
// https://arxiv.org/abs/1607.06450), then scales them and adds a bias, both [C].
type LayerNorm struct {
	Eps float64 `json:"eps"` // above 0
}

func (LayerNorm) String() string { return "layernorm" }

func (l LayerNorm) output(in [][]int) ([]int, error) {
	if !(l.Eps > 0) || !finite(l.Eps) {
		return nil, errors.Errorf("found eps %v, expected a number above 0", l.Eps)
	}
	return in[0], nil
}

func (LayerNorm) parameters(in [][]int) []Parameter {
	c := []int{in[0][0]}
	return []Parameter{{Part: "scale", Shape: c, Fill: 1}, {Part: "bias", Shape: c}}
}

func (LayerNorm) follows() {}

func (l LayerNorm) node(p *place) (*gorgonia.Node, error) {
	nodes, err := p.tensors("scale", "bias")
	if err != nil {
		return nil, err
	}
	want := graphop.Wants{Input: p.wantsInput(0), Weights: p.trained}
	return graphop.LayerNorm(p.scope(), p.name, p.in[0], nodes[0], nodes[1], l.Eps, want) // its input's shape
}
