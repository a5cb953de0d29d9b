package graphop

import "github.com/lastlayer/lastlayer/internal/parallel"

// The first convolution makes the largest map of a network, which a pooling then
// shrinks to a quarter. Where PlanReuse hides that map, the pooling has the rows under
// some of its own computed at a time, and reads them while they are in cache. Rows under
// two strips are computed twice, to the same bytes.

// mapPool is a pooling and the convolution before it.
type mapPool struct {
	*pooling
	from *convolution // nil unless its output may be hidden
}

// canCompute reports whether the pooling can have c's output computed in strips: large
// maps only, without a patch matrix, and where at most an eighth is computed twice.
func (p *mapPool) canCompute(c *convolution) bool {
	return p != nil && c.plan == nil && c.groups == 1 && c.pool == 1 && c.at.residual < 0 && (c.pointwise() || c.packs()) &&
		c.out*c.pixels() >= wideValues && p.rows(c)*p.high.stride >= 8*(p.high.reach()-p.high.stride)
}

// rows is the number of rows of the pooling in a strip.
func (p *mapPool) rows(c *convolution) int { return max(wideValues/(c.out*c.outW*p.high.stride), 1) }

// compute pools the convolution's images in use.
func (p *mapPool) compute(s *Scope, y []float32) {
	c := p.from
	rows := p.rows(c)
	strips := (p.outH + rows - 1) / rows
	if s.rows == 1 {
		strips = parallel.Even(max(strips, parallel.Threads()), p.outH)
	}
	parallel.For(s.rows*strips, func(worker, i int) {
		image, strip := i/strips, i%strips
		p.strip(s.scratch(worker), y, image, strip*p.outH/strips, (strip+1)*p.outH/strips)
	})
}

// strip computes rows [y0,y1) of an image.
func (p *mapPool) strip(s *scratch, y []float32, image, y0, y1 int) {
	c, part := p.from, *p.pooling
	top := y0*p.high.stride - p.high.before // row under the first tap
	from, to := max(top, 0), min((y1-1)*p.high.stride-p.high.before+p.high.reach(), p.inH)
	part.high.before, part.inH, part.outH = from-top, to-from, y1-y0
	n := part.inH * part.inW
	sums := grow(&s.expanded, c.out*n) // [O, rows·W]
	c.rowsTo(s, sums, image, from, to)
	square := part.square()
	for o := range c.out {
		part.largest(&s.pool, square, p.out(y, image*c.out+o)[y0*p.outW:y1*p.outW], sums[o*n:(o+1)*n])
	}
}

// rowsTo computes rows [from,to) of all channels of the output for an image.
func (c *convolution) rowsTo(s *scratch, y []float32, image, from, to int) {
	n := (to - from) * c.outW
	_, length := c.lines()
	each := c.outW / length // lines of a row
	cols := c.columns(s.hands(), c.x, 0, (image*c.outH+from)*each, (image*c.outH+to)*each)
	c.channelsOf(s.product, y, n, c.w, cols, n, image, from*c.outW, 0, c.out, &c.e)
}
