package graphop

import (
	"slices"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"gorgonia.org/gorgonia"
)

// Wide maps between narrow ones: MobileNet's blocks expand an image to six times as many
// channels by a 1×1 convolution, filter those one by one, and project them back. What
// lies in between is larger than the caches. So an output may be hidden: its operator
// leaves it to its only reader, which makes it a strip at a time where it needs it. No
// sum is cut, so the bytes are the same.
//
// What is hidden is found when the memory is planned. While Observe looks, it is made
// after all, in memory of its own.

const (
	wideValues  = 128 << 10 // of a strip of what the filters make, 512 KB
	chunkValues = 64 << 10  // of what is expanded at a time, for some channels, 256 KB
	chunkRows   = 12        // channels at a time are a multiple: the height of a product's tile
)

// chain is three convolutions in a row of which the last one's output alone is kept.
type chain struct {
	expand  *convolution // 1×1; nil where the input is filtered as it is
	filter  *convolution // depthwise
	project *convolution // 1×1; nil where the filters' output is the last
}

// canHide reports whether the output can be left to its reader r.
func (c *convolution) canHide(r *convolution) bool {
	if c.at.residual >= 0 || c.pool > 1 || r.pool > 1 {
		return false
	}
	return c.product() && r.filters() || c.filters() && r.product()
}

// product reports whether the convolution is one product an image.
func (g *geometry) product() bool { return g.pointwise() && g.groups == 1 }

// filters reports whether it is a depthwise convolution that package vector has, and
// each row of the output sees one of the input.
func (g *geometry) filters() bool {
	d, ok := g.vectorDepthwise()
	return ok && d.Ready() && max(g.high.before, g.high.after) < d.Side
}

// chain returns what is computed with the convolution, nil if nothing is.
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

// compute computes the last output for all images in use: strips on each thread, or
// one image after the other on all where that makes too few.
func (h *chain) compute(s *Scope, y []float32) {
	f := h.filter
	rows := min(max(wideValues/(f.out*f.outW), 1), f.outH)
	strips := (f.outH + rows - 1) / rows
	if s.rows == 1 && strips > 1 {
		strips = parallel.Even(strips, f.outH)
	}
	if s.rows*strips < parallel.Threads() {
		for i := range s.rows {
			h.together(s, y, i)
		}
		return
	}
	parallel.For(s.rows*strips, func(worker, i int) {
		image, strip := i/strips, i%strips
		h.strip(s.scratch(worker), y, image, strip*f.outH/strips, (strip+1)*f.outH/strips)
	})
}

// together computes an image on all threads.
func (h *chain) together(s *Scope, y []float32, image int) {
	f, p := h.filter, h.project
	wide := []float32(nil)
	if p == nil {
		wide = f.outImage(y, image)
	} else {
		wide = grow(&s.scratch(0).wide, f.out*f.pixels())
	}
	pieces := parallel.Even((f.out+chunkRows-1)/chunkRows, 2*parallel.Threads())
	parallel.For(pieces, func(worker, piece int) {
		h.wide(s.scratch(worker), wide, image, 0, f.outH, piece*f.out/pieces, (piece+1)*f.out/pieces)
	})
	if p != nil {
		p.channelsOf(s.packedProduct, p.outImage(y, image), p.pixels(), p.w, wide, p.pixels(), p.pixels(), image, 0, 0, p.out, &p.e)
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
	p.channelsOf(s.product, p.outImage(y, image)[at:], p.pixels(), p.w, wide, n, n, image, at, 0, p.out, &p.e)
}

// wide computes rows [y0,y1) of channels [o0,o1) of what the filters make of an image,
// to out: in place in the output, or with these rows alone where a projection follows.
func (h *chain) wide(s *scratch, out []float32, image, y0, y1, o0, o1 int) {
	f := h.filter
	d, _ := f.vectorDepthwise()
	top := y0*d.Stride - d.Top // row of the first tap
	from, to := max(top, 0), min((y1-1)*d.Stride-d.Top+d.Side, f.height)
	d.Top, d.Height, d.OutH = from-top, to-from, y1-y0
	size, apart := d.Height*d.Width, d.OutH*d.OutW
	if h.project == nil {
		apart = f.pixels()
	}
	each := f.groupOut() // filters of a channel
	chunk := max(chunkValues/size/chunkRows, 1) * chunkRows
	for c := o0 / each; c*each < o1; c += chunk {
		last := min(c+chunk, (o1+each-1)/each)
		var planes []float32 // of channels [c,last), some rows of each
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
	c.channelsOf(s.product, y, n, c.w[c0*c.taps():], c.inImage(c.x, image)[at:], c.pixels(), n, image, at, c0, c1, &c.e)
}

// hide finds the outputs to be left to their readers, for which what they are made of
// then has to wait. What expands is made of maps in memory: where expanding and filtering
// go on and on, as in MobileNet V1, every second pair is hidden.
func (p *planner) hide() {
	for i, n := range slices.Backward(p.nodes) {
		o, readers := n.Op().(*Operator), p.scope.graph.To(n.ID())
		if o.conv == nil || p.keep[n] || readers.Len() != 1 || !readers.Next() {
			continue
		}
		r, ok := readers.Node().(*gorgonia.Node).Op().(*Operator)
		if !ok || r.conv == nil || r.hides && r.conv.product() || slices.Index(r.conv.inputs, n) != 0 || slices.Contains(r.conv.inputs[1:], n) || !o.conv.canHide(r.conv) {
			continue
		}
		o.hides, r.conv.from = true, o.conv
		for _, input := range p.inputs(n) {
			if input >= 0 {
				p.last[input] = max(p.last[input], p.last[i])
			}
		}
	}
}
