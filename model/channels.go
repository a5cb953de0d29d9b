package model

import (
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Concat puts the channels of its inputs, [C,H,W] or [F], one after the other.
type Concat struct{}

// Slice takes the channels From up to, not including, To of [C,H,W] or [F]. A
// split is a slice for each part.
type Slice struct {
	From int `json:"from,omitempty"`
	To   int `json:"to,omitempty"`
}

// ChannelShuffle takes the channels as a table of Groups rows and reads it
// column by column (Zhang et al. 2017, https://arxiv.org/abs/1707.01083).
type ChannelShuffle struct {
	Groups int `json:"groups,omitempty"` // a divisor of the channels
}

func (Concat) String() string         { return "concat" }
func (Slice) String() string          { return "slice" }
func (ChannelShuffle) String() string { return "channelshuffle" }

func (Concat) inputs() (least, most int) { return 1, 1000 }

func (Concat) parameters([][]int) []Parameter         { return nil }
func (Slice) parameters([][]int) []Parameter          { return nil }
func (ChannelShuffle) parameters([][]int) []Parameter { return nil }

func (Concat) output(in [][]int) ([]int, error) {
	out := append([]int(nil), in[0]...)
	for _, x := range in[1:] {
		if len(x) != len(out) || len(x) == 3 && (x[1] != out[1] || x[2] != out[2]) {
			return nil, errors.Errorf("found inputs %v and %v, expected them to differ in their channels alone", in[0], x)
		}
		out[0] += x[0]
	}
	return out, nil
}

func (s Slice) output(in [][]int) ([]int, error) {
	if s.From < 0 || s.To <= s.From || s.To > in[0][0] {
		return nil, errors.Errorf("found from %d, to %d, expected a part of the %d channels", s.From, s.To, in[0][0])
	}
	return append([]int{s.To - s.From}, in[0][1:]...), nil
}

func (c ChannelShuffle) output(in [][]int) ([]int, error) {
	if len(in[0]) != 3 || c.Groups < 1 || in[0][0]%c.Groups != 0 {
		return nil, errors.Errorf("found input %v and groups %d, expected [C,H,W] and a divisor of C", in[0], c.Groups)
	}
	return in[0], nil
}

func (Concat) node(p *place) (*gorgonia.Node, error) {
	return graphop.Concat(p.scope(), p.name, p.in, p.below) // [N,ΣC,H,W] or [N,ΣF]
}

func (s Slice) node(p *place) (*gorgonia.Node, error) {
	return graphop.Slice(p.scope(), p.name, p.in[0], s.From, s.To, p.wantsInput(0)) // [N,To-From,...]
}

func (c ChannelShuffle) node(p *place) (*gorgonia.Node, error) {
	return graphop.ChannelShuffle(p.scope(), p.name, p.in[0], c.Groups, p.wantsInput(0)) // its input's shape
}
