package winograd

import "github.com/lastlayer/lastlayer/internal/gemm"

// padded returns rows [from,to) of one image with its padding, [y,x,C].
func (p *Plan) padded(s *Scratch, x []float32, from, to int) []float32 {
	row, vec := p.rowIn(), p.vecChannels
	part := grow(&s.image, (to-from)*row)
	first, end := min(max(from, p.pad), to), max(min(to, p.pad+p.height), from) // rows of the image itself
	for py := from; py < to; py++ {
		line := part[(py-from)*row:][:row]
		if py < first || py >= end {
			clear(line)
			continue
		}
		clear(line[:p.pad*vec])
		clear(line[min((p.pad+p.width)*vec, row):])
	}
	if first < end {
		s.toLines(part[(first-from)*row+p.pad*vec:], row, vec, x[(first-p.pad)*p.width:], p.channels, p.height*p.width, end-first, p.width)
	}
	return part
}

// narrow is the width of an image below which a row fills no block of a transpose.
const narrow = 8

// toLines writes rows of pixels of an image x [C,H,W], whose channels are plane apart, to
// dst [y,x,C], whose rows are row apart, and its pixels vec.
func (s *Scratch) toLines(dst []float32, row, vec int, x []float32, channels, plane, rows, width int) {
	if width >= narrow {
		for y := range rows {
			gemm.Transpose(dst[y*row:], vec, x[y*width:], plane, channels, width)
		}
		return
	}
	all := grow(&s.lines, rows*width*vec)
	gemm.Transpose(all, vec, x, plane, channels, rows*width)
	for y := range rows {
		copy(dst[y*row:], all[y*width*vec:(y+1)*width*vec])
	}
}

// fromLines is toLines the other way.
func (s *Scratch) fromLines(y []float32, channels, plane int, src []float32, row, vec, rows, width int) {
	if width >= narrow {
		for r := range rows {
			gemm.Transpose(y[r*width:], plane, src[r*row:], vec, width, channels)
		}
		return
	}
	all := grow(&s.lines, rows*width*vec)
	for r := range rows {
		copy(all[r*width*vec:(r+1)*width*vec], src[r*row:])
	}
	gemm.Transpose(y, plane, all, vec, rows*width, channels)
}
