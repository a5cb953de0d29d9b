package graphop

import (
	"slices"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/internal/winograd"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ConvShape describes a convolution and what is fused into it.
type ConvShape struct {
	Stride     Pair
	Pad        Pads       // zero padding; any size that leaves an output
	Dilation   Pair       // distance between taps of the kernel; zero value: 1
	Groups     int        // each group reads only its share of the channels; 0: 1, all channels: depthwise
	Activation Activation // applied after the bias
	Norm       *Norm      // applied between the bias and the residual or activation; has no gradient; nil: none
	Pool       int        // then max pooling over Pool×Pool windows; 0 or 1: none; at most 15
}

// Output returns the height and width of the convolution, before pooling, for an image
// and a kernel of these sizes.
func (c ConvShape) Output(image, kernel Pair) (Pair, error) {
	var out Pair
	for i := range out {
		w := axis(kernel, c.Stride, c.Dilation.orOne(), c.Pad, i)
		if w.valid() {
			out[i] = w.positions(image[i])
		}
	}
	if min(out[0], out[1]) < 1 {
		return out, errors.Wrapf(ErrInput, "found image %v, kernel %v, stride %v, dilation %v, pad %v: they do not fit", image, kernel, c.Stride, c.Dilation.orOne(), c.Pad)
	}
	return out, nil
}

// Conv adds a 2-D cross-correlation of x [N,C,H,W] with kernels w [O,C/groups,kh,kw]
// plus bias b [O], which may be nil. Activation and pooling follow in the same node if
// ConvShape asks for them. The output is [N,O,H',W'].
func Conv(s *Scope, name string, x, w, b *gorgonia.Node, c ConvShape, want Wants) (*gorgonia.Node, error) {
	want.Residual = false
	return addConv(s, name, x, w, b, nil, c, want)
}

// ConvAdd adds a convolution with a residual of the output's shape added before the
// activation: the end of a residual block. It supports no pooling.
func ConvAdd(s *Scope, name string, x, w, b, residual *gorgonia.Node, c ConvShape, want Wants) (*gorgonia.Node, error) {
	if c.Pool > 1 {
		return nil, errors.Wrapf(ErrInput, "%s: found pool %d behind an addition, expected none", name, c.Pool)
	}
	if err := s.checkBatch(name, residual); err != nil {
		return nil, err
	}
	return addConv(s, name, x, w, b, residual, c, want)
}

func addConv(s *Scope, name string, x, w, b, residual *gorgonia.Node, c ConvShape, want Wants) (*gorgonia.Node, error) {
	if err := s.checkImages(name, x); err != nil {
		return nil, err
	}
	g, err := newGeometry(x.Shape(), w.Shape(), c)
	if err == nil {
		err = c.Activation.checkFused(want != Wants{})
	}
	if err == nil {
		err = c.Norm.checkFolded(want, c.Pool)
	}
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	rows := x.Shape()[0]
	o := s.operator(name, g.kind(c.Norm != nil, residual != nil), tensor.Shape{rows, g.out, g.poolH, g.poolW})
	inputs, at := gorgonia.Nodes{x, w}, operands{b: -1, residual: -1}
	o.want = []bool{want.Input, want.Weights}
	if b != nil {
		if !slices.Equal(b.Shape(), tensor.Shape{g.out}) {
			return nil, errors.Wrapf(ErrInput, "%s: found bias %v, expected [%d]", name, b.Shape(), g.out)
		}
		at.b, inputs, o.want = len(inputs), append(inputs, b), append(o.want, want.Weights)
	}
	if residual != nil {
		if !slices.Equal(residual.Shape(), o.shape) {
			return nil, errors.Wrapf(ErrInput, "%s: found residual %v, expected the output's shape, %v", name, residual.Shape(), o.shape)
		}
		at.residual, inputs, o.want = len(inputs), append(inputs, residual), append(o.want, want.Residual)
	}
	var norm *normalisation
	if c.Norm != nil {
		if norm, inputs, err = newNormalisation(name, c.Norm.BatchNormInputs, c.Norm.Eps, g.out, inputs); err != nil {
			return nil, err
		}
		o.want = make([]bool, len(inputs))
	}
	o.cost = Cost{int64(rows) * g.multiplyAdds(), bytes(o.shape)}
	for _, n := range inputs {
		o.cost.Bytes += bytes(n.Shape())
	}
	conv := &convolution{geometry: g, at: at, norm: norm, inputs: inputs}
	conv.fixed, conv.settled = s.keeps(w), true
	for i, n := range inputs[2:] {
		conv.settled = conv.settled && (i+2 == at.residual || s.keeps(n))
	}
	o.conv = conv
	o.run = func(v []gorgonia.Value) error {
		conv.bind(v)
		if conv.left = o.isHidden() && o.into == nil; conv.left {
			return nil
		}
		y, apart := o.place()
		conv.apart = apart
		if h := conv.chain(); h != nil {
			h.compute(s, y)
			return nil
		}
		conv.compute(s, y)
		return nil
	}
	o.diff = func(v gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		return convGrads(s, name, g, v, at, &conv.argmax, y, dy, want)
	}
	return o.apply(inputs...)
}

// convolution is a convolution in its graph: its state across runs, and the inputs of
// the current run.
type convolution struct {
	*geometry
	at      operands
	norm    *normalisation
	inputs  gorgonia.Nodes
	from    *convolution // convolution whose output may be hidden from this one; nil for none
	fixed   bool         // the kernels never change
	settled bool         // neither do the bias and the normalisation
	kernels winograd.Kernels
	argmax  [][]uint8 // [N][O·H'·W']: position of each maximum in its window
	follows following

	x, w []float32
	e    epilogue
	left bool // the output is left to its reader to compute
}

// addsInPlace reports whether each value of the residual is read just before the output is
// written there, and nothing is read of other places: the output may take its memory.
func (c *convolution) addsInPlace() bool {
	return c.plan == nil && c.groups == 1 && c.from == nil && gemm.AddsInPlace(c.taps())
}

// bind stores the inputs of a run.
func (c *convolution) bind(v []gorgonia.Value) {
	c.x, c.w = floats(v[0]), floats(v[1])
	if !c.settled || c.e.rows == nil {
		c.e = epilogue{bias: optional(v, c.at.b), activation: c.activation, out: c.out, pixels: c.poolH * c.poolW}
		if c.norm != nil {
			c.e.norm = c.norm.coefficients(v)
		}
		c.e.prepare(&c.follows)
	}
	c.e.residual = optional(v, c.at.residual)
}

// compute computes the output y [N,O,H',W'], its images apart as the geometry says.
func (c *convolution) compute(s *Scope, y []float32) {
	if c.argmax == nil {
		c.argmax = c.newArgmax(s.capacity)
	}
	c.transform(s, &c.kernels, c.w, false, c.fixed)
	c.convolve(s, y, c.argmax, c.x, c.w, &c.kernels, &c.e)
}

// convolve computes the output y [N,O,H',W'] of the images x [N,C,H,W] in use, with the
// method that is fastest for their sizes.
func (g *geometry) convolve(s *Scope, y []float32, argmax [][]uint8, x, w []float32, kernels *winograd.Kernels, e *epilogue) {
	switch {
	case g.pool > 1:
		parts := g.pooledParts(s.rows)
		parallel.For(s.rows*len(parts), func(worker, i int) {
			image, part := i/len(parts), parts[i%len(parts)]
			g.pooled(s.scratch(worker), g.outImage(y, image), argmax[image], g.inImage(x, image), w, kernels, e, part)
		})
	case g.plan != nil:
		g.plan.ConvolveBatch(&winograd.Batch{
			Scratch: s.winograd, Y: y, Apart: g.apart, X: x, Images: s.rows, Kernels: kernels,
			Finish: func(r winograd.Run) { g.finishRows(y, r.Image, r.Y0, r.Y1, e) },
		})
	case g.shifted():
		g.depthwisePlanes(s, y, x, w, e)
	default:
		strips := g.strips(s.rows)
		if len(strips) == 2 { // the threads share the product itself
			g.strip(s.allHands(), y, x, w, 0, strips[1], e)
			return
		}
		parallel.For(len(strips)-1, func(worker, i int) {
			g.strip(s.scratch(worker).hands(), y, x, w, strips[i], strips[i+1], e)
		})
	}
}

// operands are the input indices of the bias and the residual, -1 if absent.
type operands struct{ b, residual int }

// kind names the computation.
func (g *geometry) kind(norm, add bool) string {
	kind := "conv"
	if norm {
		kind += "+batch norm"
	}
	if add {
		kind += "+add"
	}
	kind += g.activation.plus()
	if g.pool > 1 {
		kind += "+pool"
	}
	return kind
}

// transform prepares the kernels for one run if the Winograd algorithm is used.
func (g *geometry) transform(s *Scope, kernels *winograd.Kernels, w []float32, back, fixed bool) {
	if g.plan != nil {
		kernels.Set(g.plan, w, back, fixed, s.winograd)
	}
}
