package model

import (
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Dropout zeroes each number with probability Rate in training and scales the
// others by 1/(1-Rate). In evaluation it is the identity.
type Dropout struct {
	Rate float64 `json:"rate,omitempty"` // in [0,1)
}

func (Dropout) String() string { return "dropout" }

func (d Dropout) output(in [][]int) ([]int, error) {
	if !(d.Rate >= 0 && d.Rate < 1) {
		return nil, errors.Errorf("found rate %v, expected from 0 up to, not including, 1", d.Rate)
	}
	return in[0], nil
}

func (Dropout) parameters([][]int) []Parameter { return nil }

func (Dropout) trainingOnly() {}

func (d Dropout) node(p *place) (*gorgonia.Node, error) {
	if !p.training || d.Rate == 0 {
		return p.in[0], nil // the identity needs no node
	}
	x := p.in[0]
	t := tensor.New(tensor.WithShape(x.Shape()...), tensor.Of(tensor.Float32))
	mask := gorgonia.NewTensor(p.scope().Graph(), tensor.Float32, x.Dims(), gorgonia.WithShape(x.Shape()...), gorgonia.WithName(p.name+" mask"), gorgonia.WithValue(t))
	p.net.masks = append(p.net.masks, Mask{p.name, d.Rate, t.Float32s()})
	return graphop.Mask(p.scope(), p.name, x, mask, p.wantsInput(0)) // x's shape
}

func (Dropout) firstVersion() bool { return true }
