package graphop

import (
	"slices"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"gorgonia.org/gorgonia"
)

// Wide maps between narrow ones: a MobileNet block expands an image to six times as
// many channels with a 1×1 convolution, applies a depthwise convolution, and projects
// the result back. The maps in between are larger than the caches. So an output may be
// hidden: its operator leaves it to its only reader, which computes it strip by strip
// as needed. No sum is split, so the result is identical to the byte.
//
// PlanReuse decides what is hidden. While Observe is set, hidden outputs are computed
// in memory of their own.
//
// Channels side by side: what a Concat alone reads of a convolution is written into the
// Concat's output, which is there from the first of them on.

const (
	wideValues  = 128 << 10 // in a strip of the filters' output, 512 KB
	chunkValues = 64 << 10  // in an expanded chunk of channels, 256 KB
)

// chain is up to three convolutions in a row. Only the output of the last one is kept.
type chain struct {
	expand  *convolution // 1×1; nil if the input is filtered directly
	filter  *convolution // depthwise
	project *convolution // 1×1; nil if the filters' output is the last
}

// canHide reports whether reader r can compute the output itself.
func (c *convolution) canHide(r *convolution) bool {
	if c.at.residual >= 0 || c.pool > 1 || r.pool > 1 {
		return false
	}
	// Filters add no residual: what follows them there is without it.
	return c.product() && r.filters() && r.at.residual < 0 || c.filters() && r.product()
}

// product reports whether the convolution is one matrix product per image.
func (g *geometry) product() bool { return g.pointwise() && g.groups == 1 }

// filters reports whether package vector supports this depthwise convolution and each
// output row touches a row of the image.
func (g *geometry) filters() bool {
	d, ok := g.vectorDepthwise()
	return ok && d.Ready() && max(g.high.before, g.high.after) < d.Side
}

// chain returns the chain that ends in this convolution, or nil.
func (c *convolution) chain() *chain {
	from := c.from
	switch {
	case from == nil || !from.left:
		return nil
	case c.depthwise():
		return &chain{expand: from, filter: c}
	case from.from == nil || !from.from.left:
		return &chain{filter: from, project: c}
	}
	return &chain{from.from, from, c}
}

// compute computes the last output for all images in use. Each thread takes strips; if
// there are too few strips, all threads share one image at a time.
func (h *chain) compute(s *Scope, y []float32) {
	f := h.filter
	rows := min(max(wideValues/(f.out*f.outW), 1), f.outH)
	strips := (f.outH + rows - 1) / rows
	switch {
	case s.rows*strips < parallel.Threads():
		for i := range s.rows {
			h.together(s, y, i)
		}
	case s.rows == 1:
		parallel.Ranges(f.outH, rows, (rows+1)/2, func(worker, from, to int) { h.strip(s.scratch(worker), y, 0, from, to) })
	default:
		parallel.For(s.rows*strips, func(worker, i int) {
			image, strip := i/strips, i%strips
			h.strip(s.scratch(worker), y, image, strip*f.outH/strips, (strip+1)*f.outH/strips)
		})
	}
}

// together computes an image with all threads.
func (h *chain) together(s *Scope, y []float32, image int) {
	f, p := h.filter, h.project
	wide := []float32(nil)
	if p == nil {
		wide = f.outImage(y, image)
	} else {
		wide = grow(&s.scratch(0).wide, f.out*f.pixels())
	}
	s.eachTiles(f.out, f.out, 2, func(worker *scratch, from, to int) { h.wide(worker, wide, image, 0, f.outH, from, to) })
	if p != nil {
		p.channelsOf(s.packedProduct, p.outImage(y, image), p.pixels(), p.w, matrix{rows: wide, ld: p.pixels()}, p.pixels(), image, 0, 0, p.out, &p.e)
	}
}

// strip computes rows [y0,y1) of an image.
func (h *chain) strip(s *scratch, y []float32, image, y0, y1 int) {
	f, p := h.filter, h.project
	at, n := y0*f.outW, (y1-y0)*f.outW
	if p == nil {
		h.wide(s, f.outImage(y, image)[at:], image, y0, y1, 0, f.out)
		return
	}
	wide := grow(&s.wide, f.out*n)
	h.wide(s, wide, image, y0, y1, 0, f.out)
	p.channelsOf(s.product, p.outImage(y, image)[at:], p.pixels(), p.w, matrix{rows: wide, ld: n}, n, image, at, 0, p.out, &p.e)
}

// wide writes rows [y0,y1) of channels [o0,o1) of the filters' output for an image to
// out. That is their place in the output, or only these rows if a projection follows.
func (h *chain) wide(s *scratch, out []float32, image, y0, y1, o0, o1 int) {
	f := h.filter
	d, _ := f.vectorDepthwise()
	top := y0*d.Stride - d.Top // row under the first tap
	from, to := max(top, 0), min((y1-1)*d.Stride-d.Top+d.Side, f.height)
	d.Top, d.Height, d.OutH = from-top, to-from, y1-y0
	size, apart := d.Height*d.Width, d.OutH*d.OutW
	if h.project == nil {
		apart = f.pixels()
	}
	each := f.groupOut() // filters per channel
	chunk := max(chunkValues/size/tileRows, 1) * tileRows
	for c := o0 / each; c*each < o1; c += chunk {
		last := min(c+chunk, (o1+each-1)/each)
		var planes []float32 // some rows of channels [c,last)
		ld := f.height * f.width
		if h.expand == nil {
			planes = f.inImage(f.x, image)[c*ld+from*f.width:]
		} else {
			planes, ld = grow(&s.expanded, (last-c)*size), size
			h.expand.expandTo(s, planes, image, from, to, c, last)
		}
		for o := max(c*each, o0); o < min(last*each, o1); o++ {
			follows, simple := f.e.finish(o)
			y := out[o*apart:][:d.OutH*d.OutW]
			d.Apply(y, planes[(o/each-c)*ld:], f.w[o*f.taps():], nil, follows)
			if !simple {
				f.e.activation.apply(y, y)
			}
		}
	}
}

// expandTo computes rows [from,to) of channels [c0,c1) of the output for an image.
func (c *convolution) expandTo(s *scratch, y []float32, image, from, to, c0, c1 int) {
	at, n := from*c.outW, (to-from)*c.outW
	c.channelsOf(s.product, y, n, c.w[c0*c.taps():], matrix{rows: c.inImage(c.x, image)[at:], ld: c.pixels()}, n, image, at, c0, c1, &c.e)
}

// hide finds the outputs to write into a concatenation, and those to leave to their
// readers. The inputs of a hidden output must
// then stay in memory for longer. An expansion reads maps from memory, so in a long
// alternation of expanding and filtering, as in MobileNet V1, every second pair is
// hidden.
func (p *planner) hide() {
	for i, n := range slices.Backward(p.nodes) {
		o, readers := n.Op().(*Operator), p.scope.graph.To(n.ID())
		if o.conv == nil || p.keep[n] || readers.Len() != 1 || !readers.Next() {
			continue
		}
		r, ok := readers.Node().(*gorgonia.Node).Op().(*Operator)
		if !ok {
			continue
		}
		if o.into = r.partFor(n, o); o.into != nil {
			o.hides = true
			continue
		}
		switch {
		case r.pools.canCompute(o.conv):
			r.pools.from = o.conv
		case r.conv == nil || r.hides && r.into == nil && r.conv.product() || slices.Index(r.conv.inputs, n) != 0 || slices.Contains(r.conv.inputs[1:], n) || !o.conv.canHide(r.conv):
			continue
		default:
			r.conv.from = o.conv
		}
		o.hides = true
		for _, input := range p.inputs(n) {
			if input >= 0 {
				p.last[input] = max(p.last[input], p.last[i])
			}
		}
	}
}
