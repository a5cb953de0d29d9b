package graphop

import (
	"fmt"
	"slices"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// concatenation is what a Concat reads. In a graph whose memory is planned,
// convolutions write their outputs where they belong in it.
type concatenation struct {
	inputs gorgonia.Nodes
	first  []int // offset of each input in a row of the output
}

// part is a place in each row of another operator's output.
type part struct {
	of    *Operator
	first int // offset in a row
}

// partFor returns where the convolution c, the output of node n, is to write for its
// only reader r; nil if r is no concatenation, or takes it more than once. With
// gradients nothing is written elsewhere.
func (r *Operator) partFor(n *gorgonia.Node, c *Operator) *part {
	if r.joins == nil || slices.Contains(r.want, true) || slices.Contains(c.want, true) {
		return nil
	}
	k := slices.Index(r.joins.inputs, n)
	if slices.Contains(r.joins.inputs[k+1:], n) {
		return nil
	}
	return &part{r, r.joins.first[k]}
}

// place returns the memory to write the output to in this run, and the distance from
// one row to the next.
func (o *Operator) place() (y []float32, apart int) {
	if o.into != nil && o.isHidden() {
		return o.into.of.floats()[o.into.first:], rowSize(o.into.of.shape)
	}
	return o.floats(), rowSize(o.shape)
}

// Concat concatenates the inputs [N,Ci,...] along the channels: [N,ΣCi,...]. grad says
// which inputs get a gradient; nil means none.
func Concat(s *Scope, name string, xs []*gorgonia.Node, grad []bool) (*gorgonia.Node, error) {
	if len(xs) == 0 || grad != nil && len(grad) != len(xs) {
		return nil, errors.Wrapf(ErrInput, "%s: found %d inputs and gradients said for %d, expected the same number, from 1", name, len(xs), len(grad))
	}
	var shape tensor.Shape
	first := make([]int, len(xs))
	for i, x := range xs {
		if err := s.checkChannels(name, x); err != nil {
			return nil, err
		}
		if i == 0 {
			shape = x.Shape().Clone()
			continue
		}
		if len(x.Shape()) != len(shape) || !slices.Equal(x.Shape()[2:], shape[2:]) {
			return nil, errors.Wrapf(ErrInput, "%s: found input %d %v beside %v, expected all sides to agree but the channels", name, i, x.Shape(), xs[0].Shape())
		}
		first[i] = rowSize(shape)
		shape[1] += x.Shape()[1]
	}
	o := s.operator(name, "concat", shape)
	o.want = slices.Clone(grad)
	if grad == nil {
		o.want = make([]bool, len(xs))
	}
	o.cost.Bytes = 2 * bytes(shape)
	o.joins = &concatenation{xs, first}
	o.run = func(v []gorgonia.Value) error {
		copies := o.copies()
		y, size := o.floats(), rowSize(shape)
		const some = 4 // pieces per row of an input
		parallel.For(s.rows*len(copies)*some, func(_, i int) {
			row, k, piece := i/some/len(copies), copies[i/some%len(copies)], i%some
			n := rowSize(v[k].Shape())
			from, to := piece*n/some, (piece+1)*n/some
			copy(y[row*size+first[k]+from:], image(floats(v[k]), row, n)[from:to])
		})
		return nil
	}
	o.diff = func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (grads gorgonia.Nodes, err error) {
		grads = make(gorgonia.Nodes, len(xs))
		from := 0
		for i, x := range xs {
			to := from + x.Shape()[1]
			if o.want[i] {
				if grads[i], err = Slice(s, fmt.Sprintf("%s dx %d", name, i), dy, from, to, false); err != nil {
					return nil, err
				}
			}
			from = to
		}
		return grads, nil
	}
	return o.apply(xs...)
}

// copies returns the inputs that are not yet in the output in this run.
func (o *Operator) copies() []int {
	var all []int
	for k, x := range o.joins.inputs {
		if from, ok := x.Op().(*Operator); !ok || from.into == nil || !from.isHidden() {
			all = append(all, k)
		}
	}
	return all
}

// Slice adds channels [from,to) of x [N,C,...].
func Slice(s *Scope, name string, x *gorgonia.Node, from, to int, grad bool) (*gorgonia.Node, error) {
	if err := s.checkChannels(name, x); err != nil {
		return nil, err
	}
	shape, plane := x.Shape().Clone(), planeSize(x.Shape())
	if from < 0 || from >= to || to > shape[1] {
		return nil, errors.Wrapf(ErrInput, "%s: found channels [%d,%d), expected some of [0,%d)", name, from, to, shape[1])
	}
	shape[1] = to - from
	o := s.operator(name, "slice", shape)
	o.want = []bool{grad}
	o.cost.Bytes = 2 * bytes(shape)
	whole, part := rowSize(x.Shape()), rowSize(shape)
	o.run = func(v []gorgonia.Value) error {
		x, y := floats(v[0]), o.floats()
		parallel.For(s.rows, func(_, i int) { copy(image(y, i, part), image(x, i, whole)[from*plane:]) })
		return nil
	}
	o.diff = func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := sliceGrad(s, name+" dx", x.Shape(), from, dy)
		return gorgonia.Nodes{dx}, err
	}
	return o.apply(x)
}

// sliceGrad adds dx of that shape: dy starting at channel from, 0 elsewhere.
func sliceGrad(s *Scope, name string, shape tensor.Shape, from int, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "slice grad", shape)
	o.cost.Bytes = bytes(shape, dy.Shape())
	whole, part, start := rowSize(shape), rowSize(dy.Shape()), from*planeSize(shape)
	o.run = func(v []gorgonia.Value) error {
		dy, dx := floats(v[0]), o.floats()
		parallel.For(s.rows, func(_, i int) {
			row := image(dx, i, whole)
			clear(row[:start])
			copy(row[start:], image(dy, i, part))
			clear(row[start+part:])
		})
		return nil
	}
	return o.apply(dy)
}

// ChannelShuffle adds x [N,C,...] with its channels interleaved as in ShuffleNet: the
// first channel of each group, then the second of each, and so on.
func ChannelShuffle(s *Scope, name string, x *gorgonia.Node, groups int, grad bool) (*gorgonia.Node, error) {
	if err := s.checkChannels(name, x); err != nil {
		return nil, err
	}
	channels, plane := x.Shape()[1], planeSize(x.Shape())
	if groups < 1 || channels%groups != 0 {
		return nil, errors.Wrapf(ErrInput, "%s: found %d channels in %d groups, expected a multiple", name, channels, groups)
	}
	o := s.operator(name, "channel shuffle", x.Shape())
	o.want = []bool{grad}
	o.cost.Bytes = bytes(o.shape, o.shape)
	each := channels / groups
	o.run = func(v []gorgonia.Value) error {
		x, y := floats(v[0]), o.floats()
		s.eachPlane(o.shape, func(_, p, c int) {
			copy(image(y, p, plane), image(x, p-c+c%groups*each+c/groups, plane))
		})
		return nil
	}
	o.diff = func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := ChannelShuffle(s, name+" dx", dy, each, false)
		return gorgonia.Nodes{dx}, err
	}
	return o.apply(x)
}
