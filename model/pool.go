package model

import (
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// MaxPool is the largest value of each window of each channel of [C,H,W].
// Padding is never the largest.
type MaxPool struct {
	Kernel   Sides `json:"kernel,omitzero"`   // [h,w]
	Stride   Sides `json:"stride,omitzero"`   // [h,w]
	Pad      Sides `json:"pad,omitzero"`      // [top,left,bottom,right]
	Dilation Sides `json:"dilation,omitzero"` // [h,w]; default 1
	Ceil     bool  `json:"ceil,omitempty"`    // a last window may reach beyond the padding
}

// AveragePool is the mean of each window of each channel of [C,H,W].
type AveragePool struct {
	Kernel   Sides `json:"kernel,omitzero"` // [h,w]
	Stride   Sides `json:"stride,omitzero"` // [h,w]
	Pad      Sides `json:"pad,omitzero"`    // [top,left,bottom,right]
	Ceil     bool  `json:"ceil,omitempty"`  // a last window may reach beyond the padding
	CountPad bool  `json:"count_pad,omitempty"`
}

// GlobalAveragePool is the mean of each channel: [C,H,W] to [C,1,1].
type GlobalAveragePool struct{}

// GlobalMaxPool is the largest value of each channel: [C,H,W] to [C,1,1].
type GlobalMaxPool struct{}

func (MaxPool) String() string           { return "maxpool" }
func (AveragePool) String() string       { return "avgpool" }
func (GlobalAveragePool) String() string { return "globalavgpool" }
func (GlobalMaxPool) String() string     { return "globalmaxpool" }

func (MaxPool) parameters([][]int) []Parameter           { return nil }
func (AveragePool) parameters([][]int) []Parameter       { return nil }
func (GlobalAveragePool) parameters([][]int) []Parameter { return nil }
func (GlobalMaxPool) parameters([][]int) []Parameter     { return nil }

func (m MaxPool) shape() graphop.PoolShape {
	return graphop.PoolShape{Kernel: m.Kernel.pair(1), Stride: m.Stride.pair(1), Pad: m.Pad.around(), Dilation: m.Dilation.pair(1), Ceil: m.Ceil}
}

func (a AveragePool) shape() graphop.PoolShape {
	return graphop.PoolShape{Kernel: a.Kernel.pair(1), Stride: a.Stride.pair(1), Pad: a.Pad.around(), Ceil: a.Ceil, CountPad: a.CountPad}
}

func (m MaxPool) output(in [][]int) ([]int, error) {
	err := firstError(m.Kernel.check("kernel", 2, 1, false), m.Stride.check("stride", 2, 1, false),
		m.Pad.check("pad", 4, 0, true), m.Dilation.check("dilation", 2, 1, true))
	if err != nil {
		return nil, err
	}
	return pooled(in[0], m.shape())
}

func (a AveragePool) output(in [][]int) ([]int, error) {
	if err := firstError(a.Kernel.check("kernel", 2, 1, false), a.Stride.check("stride", 2, 1, false), a.Pad.check("pad", 4, 0, true)); err != nil {
		return nil, err
	}
	return pooled(in[0], a.shape())
}

// pooled returns the shape of what pooling makes of x.
func pooled(x []int, shape graphop.PoolShape) ([]int, error) {
	if len(x) != 3 {
		return nil, errors.Errorf("found input %v, expected [C,H,W]", x)
	}
	out, err := shape.Output(graphop.Pair{x[1], x[2]})
	return []int{x[0], out[0], out[1]}, withoutCause(err)
}

func (GlobalAveragePool) output(in [][]int) ([]int, error) { return globallyPooled(in[0]) }
func (GlobalMaxPool) output(in [][]int) ([]int, error)     { return globallyPooled(in[0]) }

func globallyPooled(x []int) ([]int, error) {
	if len(x) != 3 {
		return nil, errors.Errorf("found input %v, expected [C,H,W]", x)
	}
	return []int{x[0], 1, 1}, nil
}

// tiles reports whether the windows are square, without gap, overlap or
// padding, as a convolution can take them along.
func (m MaxPool) tiles() bool {
	k, s := m.Kernel.pair(1), m.Stride.pair(1)
	return k[0] == k[1] && s == k && k[0] <= 15 && m.Pad.IsZero() && len(m.Dilation) == 0 && !m.Ceil
}

func (m MaxPool) firstVersion() bool {
	return m.Kernel.square() && m.Stride.square() && m.Kernel[0] <= 15 && m.Pad.IsZero() && len(m.Dilation) == 0 && !m.Ceil
}

func (m MaxPool) node(p *place) (*gorgonia.Node, error) {
	return graphop.MaxPool(p.scope(), p.name, p.in[0], m.shape(), p.wantsInput(0)) // [N,C,H',W']
}

func (a AveragePool) node(p *place) (*gorgonia.Node, error) {
	return graphop.AveragePool(p.scope(), p.name, p.in[0], a.shape(), p.wantsInput(0)) // [N,C,H',W']
}

func (GlobalAveragePool) node(p *place) (*gorgonia.Node, error) {
	return graphop.GlobalAveragePool(p.scope(), p.name, p.in[0], p.wantsInput(0)) // [N,C,1,1]
}

func (GlobalMaxPool) node(p *place) (*gorgonia.Node, error) {
	return graphop.GlobalMaxPool(p.scope(), p.name, p.in[0], p.wantsInput(0)) // [N,C,1,1]
}
