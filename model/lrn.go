package model

import (
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// LRN is local response normalisation across the channels of [C,H,W]:
// x/(Bias + Alpha/Size·Σx²)^Beta, the sum over Size neighbouring channels
// (Krizhevsky et al. 2012, section 3.3). It is computed forward only.
type LRN struct {
	Size  int     `json:"size,omitempty"` // channels, from 1
	Alpha float64 `json:"alpha"`
	Beta  float64 `json:"beta"`
	Bias  float64 `json:"bias"`
}

func (LRN) String() string { return "lrn" }

func (l LRN) output(in [][]int) ([]int, error) {
	if len(in[0]) != 3 || l.Size < 1 || l.Size > maxSide || !finite(l.Alpha) || !finite(l.Beta) || !finite(l.Bias) {
		return nil, errors.Errorf("found input %v, size %d, alpha %v, beta %v, bias %v; expected [C,H,W], a size from 1 and finite numbers", in[0], l.Size, l.Alpha, l.Beta, l.Bias)
	}
	return in[0], nil
}

func (LRN) parameters([][]int) []Parameter { return nil }

func (l LRN) node(p *place) (*gorgonia.Node, error) {
	shape := graphop.LRNShape{Size: l.Size, Alpha: l.Alpha, Beta: l.Beta, Bias: l.Bias}
	return graphop.LRN(p.scope(), p.name, p.in[0], shape, p.wantsInput(0)) // its input's shape
}
