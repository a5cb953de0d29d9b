package graphop

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// PadMode says how an image is padded.
type PadMode int

const (
	PadConstant PadMode = iota // a constant
	PadReflect                 // the image mirrored at its edge pixels, which are not repeated
	PadEdge                    // the edge pixels, repeated
)

func (m PadMode) String() string {
	return [...]string{"constant", "reflect", "edge"}[m]
}

// Pad adds x [N,C,H,W] with padding: [N,C,H',W']. Negative pads crop. value is used
// with PadConstant.
func Pad(s *Scope, name string, x *gorgonia.Node, pads Pads, mode PadMode, value float32, grad bool) (*gorgonia.Node, error) {
	if err := s.checkImages(name, x); err != nil {
		return nil, err
	}
	if mode < PadConstant || mode > PadEdge {
		return nil, errors.Wrapf(ErrInput, "%s: found pad mode %d, expected PadConstant, PadReflect or PadEdge", name, int(mode))
	}
	in := x.Shape()
	p := padding{down: mode.sources(in[2], pads[0], pads[2]), across: mode.sources(in[3], pads[1], pads[3]), value: value, height: in[2], width: in[3]}
	if p.down == nil || p.across == nil {
		return nil, errors.Wrapf(ErrInput, "%s: found input %v, pads %v, %s: they do not fit", name, in, pads, mode)
	}
	o := s.operator(name, "pad", tensor.Shape{in[0], in[1], len(p.down), len(p.across)})
	o.want = []bool{grad}
	o.cost.Bytes = bytes(in, o.shape)
	o.run = func(v []gorgonia.Value) error {
		x, y := floats(v[0]), o.floats()
		s.eachPlane(o.shape, func(_, c, _ int) { p.fill(p.padded(y, c), p.image(x, c)) })
		return nil
	}
	o.diff = func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := padGrad(s, name+" dx", p, in, dy)
		return gorgonia.Nodes{dx}, err
	}
	return o.apply(x)
}

// padding says where each pixel of a padded plane comes from.
type padding struct {
	down, across  []int // source row and column, -1 for value
	value         float32
	height, width int
}

func (p padding) image(x []float32, c int) []float32 { return image(x, c, p.height*p.width) }
func (p padding) padded(y []float32, c int) []float32 {
	return image(y, c, len(p.down)*len(p.across))
}

// sources returns the source index for each position of a padded axis; nil if the pads
// do not fit.
func (m PadMode) sources(length, before, after int) []int {
	if n := length + before + after; n < 1 || min(before, after) < -length || max(before, after) > maxSide || m == PadReflect && max(before, after) >= length {
		return nil
	}
	from := make([]int, length+before+after)
	for i := range from {
		at := i - before
		switch {
		case at >= 0 && at < length:
		case m == PadConstant:
			at = -1
		case m == PadEdge:
			at = min(max(at, 0), length-1)
		case at < 0:
			at = -at
		default:
			at = 2*(length-1) - at
		}
		from[i] = at
	}
	return from
}

// fill writes one padded plane.
func (p padding) fill(y, x []float32) {
	for i, row := range p.down {
		y := y[i*len(p.across):][:len(p.across)]
		for j, column := range p.across {
			if row < 0 || column < 0 {
				y[j] = p.value
			} else {
				y[j] = x[row*p.width+column]
			}
		}
	}
}

// padGrad adds dx: each pixel's dy, added to its source pixel.
func padGrad(s *Scope, name string, p padding, shape tensor.Shape, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "pad grad", shape)
	o.cost.Bytes = bytes(shape, dy.Shape())
	o.run = func(v []gorgonia.Value) error {
		dy, dx := floats(v[0]), o.floats()
		s.eachPlane(shape, func(_, c, _ int) {
			dy, dx := p.padded(dy, c), p.image(dx, c)
			clear(dx)
			for i, row := range p.down {
				for j, column := range p.across {
					if row >= 0 && column >= 0 {
						dx[row*p.width+column] += dy[i*len(p.across)+j]
					}
				}
			}
		})
		return nil
	}
	return o.apply(dy)
}
