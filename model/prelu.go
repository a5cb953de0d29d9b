package model

import (
	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
)

// PReLU is x where that is above 0, elsewhere slope·x, with a slope that can be
// trained for each channel, or one for all (He et al. 2015,
// https://arxiv.org/abs/1502.01852).
type PReLU struct {
	Shared bool `json:"shared,omitempty"` // slope is [1], otherwise [C]
}

func (PReLU) String() string { return "prelu" }

func (PReLU) output(in [][]int) ([]int, error) { return in[0], nil }

func (k PReLU) parameters(in [][]int) []Parameter {
	slopes := in[0][0]
	if k.Shared {
		slopes = 1
	}
	return []Parameter{{Part: "slope", Shape: []int{slopes}, Fill: 0.25}}
}

func (PReLU) follows() {}

func (PReLU) node(p *place) (*gorgonia.Node, error) {
	slope, err := p.tensors("slope")
	if err != nil {
		return nil, err
	}
	want := graphop.Wants{Input: p.wantsInput(0), Weights: p.trained}
	return graphop.PReLU(p.scope(), p.name, p.in[0], slope[0], want) // its input's shape
}
