package graphop

import "github.com/lastlayer/lastlayer/internal/gemm"

// maxPatches is the maximum number of values in one part of the patch matrix, 4 MB per
// worker. The whole matrix of a large image could take a hundred.
const maxPatches = 1 << 20

// rowsAtATime is the number of output rows whose patches fit in one part of the patch
// matrix.
func (g *geometry) rowsAtATime() int { return min(max(maxPatches/(g.taps()*g.outW), 1), g.outH) }

// patches returns memory for a patch matrix of that many columns, with zeros where
// padding may be.
func (g *geometry) patches(s *scratch, columns int) []float32 {
	cols := grow(&s.cols, g.taps()*columns)
	if g.padded() {
		clear(cols)
	}
	return cols
}

// From manyChannels on, a call copies a piece of a row of all channels for one tap. With
// fewer channels, it copies the pieces for all taps from a padded copy of the rows.
const manyChannels = 8

// packs reports whether a product takes patches straight from the images: the kernel of
// package gemm has panels, and takes every element of a row, or every second one.
func (g *geometry) packs() bool { return gemm.Lanes() > 0 && g.stride[1] <= 2 }

// patchesFrom returns what writes the patch matrix [taps,columns] of one group of the
// images x to panels. Column 0 is the first position of row r0, counted over the batch.
func (g *geometry) patchesFrom(x []float32, group, r0 int) gemm.Pack {
	return func(panel []float32, ld, p0, p1, j, width int) {
		if g.padded() {
			clear(panel)
		}
		g.eachPiece(j, width, func(done, row, ox, n int) {
			row += r0
			g.takePatches(panel[done:], ld, p0, p1, g.inGroup(g.inImage(x, row/g.outH), group), row%g.outH, ox, n)
		})
	}
}

// planesFrom is patchesFrom for a matrix that is the images themselves, [C,N·H·W]. Column
// 0 is pixel number first of the batch.
func (g *geometry) planesFrom(x []float32, group, first int) gemm.Pack {
	return func(panel []float32, ld, p0, p1, j, width int) {
		for done, n := 0, 0; done < width; done += n {
			i, at := (first+j+done)/g.pixels(), (first+j+done)%g.pixels()
			n = min(width-done, g.pixels()-at)
			gemm.Take(panel[done:], ld, g.inGroup(g.inImage(x, i), group)[p0*g.pixels()+at:], g.pixels(), p1-p0, n, 1)
		}
	}
}

// eachPiece calls f for the pieces of rows of the output that make columns [j,j+width) of
// a patch matrix: n positions from ox on in a row, counted from that of column 0, with
// done columns before them.
func (g *geometry) eachPiece(j, width int, f func(done, row, ox, n int)) {
	for done := 0; done < width; {
		row, ox := (j+done)/g.outW, (j+done)%g.outW
		n := min(width-done, g.outW-ox)
		f(done, row, ox, n)
		done += n
	}
}

// under returns the height and width of what lies under a number of rows of the output.
func (g *geometry) under(rows int) (high, wide int) {
	return (rows-1)*g.stride[0] + g.high.reach(), (g.outW-1)*g.stride[1] + g.wide.reach()
}

// copies reports whether a padded copy of what lies under that many rows of the output is
// no larger than their patches. With a wide dilation it is mostly padding.
func (g *geometry) copies(rows int) bool {
	high, wide := g.under(rows)
	return g.groupIn()*high*wide <= g.taps()*rows*g.outW
}

// patchesPadded returns what writes the patch matrix [taps,columns] of one group's
// channels x of an image, for rows [y0,y1) of the output, to panels. It reads a copy of
// the rows of x, with their padding, in the scratch memory.
func (g *geometry) patchesPadded(s *scratch, x []float32, y0, y1 int) gemm.Pack {
	top := y0*g.stride[0] - g.high.before
	high, wide := g.under(y1 - y0)
	copied := grow(&s.padded, g.groupIn()*high*wide) // [C,high,wide]
	if g.padded() {
		clear(copied)
	}
	left, width := g.wide.before, max(min(g.width, wide-g.wide.before), 0)
	at := grow(&s.at, g.taps())[:0] // of each tap at the first position
	for c := range g.groupIn() {
		for y := max(top, 0); y < min(top+high, g.height); y++ {
			copy(copied[(c*high+y-top)*wide+min(left, wide):][:width], x[(c*g.height+y)*g.width:])
		}
		for i := range g.kernel[0] {
			for j := range g.kernel[1] {
				at = append(at, (c*high+i*g.high.dilation)*wide+j*g.wide.dilation)
			}
		}
	}
	return func(panel []float32, ld, p0, p1, j, width int) {
		g.eachPiece(j, width, func(done, row, ox, n int) {
			gemm.TakeAt(panel[done:], ld, copied[row*g.stride[0]*wide+ox*g.stride[1]:], at[p0:p1], n, g.stride[1])
		})
	}
}

// takePatches writes rows [p0,p1) of the patch matrix of one image, for n positions from
// (oy,ox) on, to a panel with rows ld apart. What lies on padding is left as it is.
func (g *geometry) takePatches(panel []float32, ld, p0, p1 int, x []float32, oy, ox, n int) {
	area, plane := g.kernel[0]*g.kernel[1], g.height*g.width
	for i := range g.kernel[0] {
		y := oy*g.stride[0] + g.high.at(i)
		if y < 0 || y >= g.height {
			continue
		}
		for j := range g.kernel[1] {
			x0, x1 := g.wide.onImage(j, g.width, g.outW)
			x0, x1 = max(x0, ox), min(x1, ox+n)
			tap := i*g.kernel[1] + j
			c0, c1 := max(p0-tap+area-1, 0)/area, (p1-tap+area-1)/area // channels c with p0 <= c·area+tap < p1
			if x0 < x1 && c0 < c1 {
				gemm.Take(panel[(c0*area+tap-p0)*ld+x0-ox:], area*ld, x[c0*plane+y*g.width+x0*g.stride[1]+g.wide.at(j):], plane, c1-c0, x1-x0, g.stride[1])
			}
		}
	}
}

// im2col writes the patch matrix of one group's channels x for rows [y0,y1) of the
// output. Its rows are ld values apart. Row (c,i,j) holds, for each position of the
// kernel, the input under tap (i,j) in channel c. Entries on the padding are not
// written; they must already be 0.
func (g *geometry) im2col(s *scratch, cols []float32, ld int, x []float32, channels, y0, y1 int) {
	stride := g.stride[1]
	switch {
	case g.pointwise(): // lines are pixels
		for c := range channels {
			copy(cols[c*ld:], x[c*g.pixels():][y0:y1])
		}
		return
	case stride > 1 && g.kernel[1] > 1:
		g.im2colByPhases(s, cols, ld, x, channels, y0, y1)
		return
	}
	g.eachTap(channels, y0, y1, func(tap, src, lo, hi, x0, x1 int) {
		for y := lo; y < hi; y++ {
			row := cols[tap*ld+(y-y0)*g.outW:]
			src := src + y*g.stride[0]*g.width
			if stride == 1 {
				copy(row[x0:x1], x[src+x0:src+x1])
				continue
			}
			for ox := x0; ox < x1; ox++ {
				row[ox] = x[src+ox*stride]
			}
		}
	})
}

// im2colByPhases is im2col for a horizontal stride above 1. It first groups the columns
// of the image by column number modulo stride, so that each tap reads consecutive
// values.
func (g *geometry) im2colByPhases(s *scratch, cols []float32, ld int, x []float32, channels, y0, y1 int) {
	stride := g.stride[1]
	part := (g.width + stride - 1) / stride
	rows := channels * g.height
	from, to := max(y0*g.stride[0]-g.high.before, 0), min((y1-1)*g.stride[0]-g.high.before+g.high.reach(), g.height)
	phases := grow(&s.phases, rows*stride*part) // [C,H,stride,part]; only the rows that are used
	for c := range channels {
		for y := from; y < to; y++ {
			line, out := x[(c*g.height+y)*g.width:][:g.width], phases[(c*g.height+y)*stride*part:]
			for r := range stride {
				for k, ix := 0, r; ix < g.width; k, ix = k+1, ix+stride {
					out[r*part+k] = line[ix]
				}
			}
		}
	}
	g.eachTap(channels, y0, y1, func(tap, src, lo, hi, x0, x1 int) {
		at := g.wide.at(tap % g.kernel[1]) // the tap's offset at position 0
		phase := (at%stride + stride) % stride
		shift := (at - phase) / stride
		line := (src - at) / g.width
		for y := lo; y < hi; y++ {
			row := cols[tap*ld+(y-y0)*g.outW:]
			from := phases[((line+y*g.stride[0])*stride+phase)*part:]
			copy(row[x0:x1], from[x0+shift:x1+shift])
		}
	})
}

// addPatches adds each patch of cols, computed for rows [y0,y1) of the output, to the
// place from which im2col would have read it.
func (g *geometry) addPatches(dx, cols []float32, y0, y1 int) {
	g.eachTap(g.groupIn(), y0, y1, func(tap, dst, lo, hi, x0, x1 int) {
		for y := lo; y < hi; y++ {
			row := cols[(tap*(y1-y0)+y-y0)*g.outW:]
			dst := dst + y*g.stride[0]*g.width
			for ox := x0; ox < x1; ox++ {
				dx[dst+ox*g.stride[1]] += row[ox]
			}
		}
	})
}

// eachTap calls f for each tap of that many channels of one group's kernels that lies
// on the image at some position in rows [y0,y1). tap is the row in the patch matrix. At
// the positions [lo,hi) × [x0,x1) the tap lies on the image rather than on padding:
// position (y,x) reads src + y·stride·width + x·stride.
func (g *geometry) eachTap(channels, y0, y1 int, f func(tap, src, lo, hi, x0, x1 int)) {
	tap := 0
	for c := range channels {
		for i := range g.kernel[0] {
			lo, hi := g.high.onImage(i, g.height, g.outH)
			lo, hi = max(lo, y0), min(hi, y1)
			for j := range g.kernel[1] {
				x0, x1 := g.wide.onImage(j, g.width, g.outW)
				if lo < hi && x0 < x1 {
					f(tap, (c*g.height+g.high.at(i))*g.width+g.wide.at(j), lo, hi, x0, x1)
				}
				tap++
			}
		}
	}
}
