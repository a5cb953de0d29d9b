package dataset

import (
	"image"
	"math"
	"slices"
)

const (
	tilesASide = 32 // about, of the shorter side
	leastTile  = 8  // pixels
	mostStep   = 16 // by which the paper may differ from one tile to the next
	leastStep  = 4
)

// paper is how light the ground of a page is, tile by tile. The tiles are those that can be reached
// from the border in small steps; beneath a drawing and beside the paper it is guessed from them.
type paper struct {
	w, h       int // of the page
	step       int // by which the level may differ from one tile to the next
	tile       int // pixels a side
	cols, rows int
	measured   []int  // median of each tile
	level      []int  // of the paper there
	known      []bool // whether it was measured there; if it was nowhere, it is even
}

// paperOf returns the paper of a page with a border of that level, which may change by so much from one
// tile to the next.
func paperOf(page *image.Gray, border, step int) *paper {
	p := &paper{w: page.Rect.Dx(), h: page.Rect.Dy(), step: step}
	p.tile = max(leastTile, min(p.w, p.h)/tilesASide)
	p.cols, p.rows = (p.w+p.tile-1)/p.tile, (p.h+p.tile-1)/p.tile
	p.measured = make([]int, p.cols*p.rows)
	var from []int
	for i := range p.measured {
		p.measured[i] = medianOf(page, p.area(i))
		if p.atBorder(i) && abs(p.measured[i]-border) < faintest {
			from = append(from, i)
		}
	}
	p.known = p.reach(from)
	p.level = slices.Clone(p.measured)
	if len(from) == 0 {
		for i := range p.level {
			p.level[i] = border
		}
	}
	p.guess()
	return p
}

func (p *paper) atBorder(tile int) bool {
	x, y := tile%p.cols, tile/p.cols
	return x == 0 || y == 0 || x == p.cols-1 || y == p.rows-1
}

func (p *paper) area(tile int) image.Rectangle {
	x, y := tile%p.cols*p.tile, tile/p.cols*p.tile
	return image.Rect(x, y, min(x+p.tile, p.w), min(y+p.tile, p.h))
}

// around calls f with the tiles beside, above and below one.
func (p *paper) around(tile int, f func(tile int)) {
	x, y := tile%p.cols, tile/p.cols
	if x > 0 {
		f(tile - 1)
	}
	if x < p.cols-1 {
		f(tile + 1)
	}
	if y > 0 {
		f(tile - p.cols)
	}
	if y < p.rows-1 {
		f(tile + p.cols)
	}
}

// reach returns which tiles can be reached from some in small steps.
func (p *paper) reach(from []int) []bool {
	reached := make([]bool, len(p.measured))
	for _, i := range from {
		reached[i] = true
	}
	for queue := from; len(queue) > 0; queue = queue[1:] {
		p.around(queue[0], func(next int) {
			if !reached[next] && abs(p.measured[next]-p.measured[queue[0]]) <= p.step {
				reached[next] = true
				queue = append(queue, next)
			}
		})
	}
	return reached
}

// sheet returns the paper as it is if its border is none of it: the largest area that cannot be reached
// from there, if that is large and about a rectangle, of another level; or else nil.
func (p *paper) sheet(border int) *paper {
	seen := slices.Clone(p.known)
	var largest []bool
	most := 0
	for i := range p.measured {
		if seen[i] {
			continue
		}
		area, n := p.reach([]int{i}), 0
		for j, in := range area {
			if in {
				seen[j] = true
				n++
			}
		}
		if n > most {
			largest, most = area, n
		}
	}
	if largest == nil || !p.isSheet(largest, border) {
		return nil
	}
	q := *p
	q.known, q.level = largest, slices.Clone(p.measured)
	q.guess()
	return &q
}

// isSheet says whether tiles are two fifths of the page or more and fill four fifths of the rectangle
// around them, what they surround included, and differ from the border.
func (p *paper) isSheet(tiles []bool, border int) bool {
	var box image.Rectangle
	n, within := 0, 0
	var levels histogram
	for y := range p.rows {
		first, last := p.cols, -1
		for x := range p.cols {
			if i := y*p.cols + x; tiles[i] {
				first, last = min(first, x), x
				levels[p.measured[i]]++
				n++
			}
		}
		if last >= 0 {
			box = box.Union(image.Rect(first, y, last+1, y+1))
			within += last + 1 - first
		}
	}
	return 5*n >= 2*len(tiles) && 5*within >= 4*box.Dx()*box.Dy() && abs(levels.median()-border) >= faintest
}

// without returns the paper as the tiles tell that have no ink of a drawing on them, or nil where
// there are none.
func (p *paper) without(ink *image.Gray) *paper {
	q := *p
	q.level, q.known = slices.Clone(p.level), make([]bool, len(p.known))
	for i, known := range p.known {
		if known {
			q.known[i] = !hasInk(ink, p.area(i))
		}
	}
	if !slices.Contains(q.known, true) {
		return nil
	}
	q.guess()
	return &q
}

func hasInk(ink *image.Gray, area image.Rectangle) bool {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for _, v := range ink.Pix[ink.PixOffset(area.Min.X, y):ink.PixOffset(area.Max.X, y)] {
			if v > 0 {
				return true
			}
		}
	}
	return false
}

// guess fills in the tiles that are not known: from the known ones inwards, and then evened out.
func (p *paper) guess() {
	filled := append([]bool(nil), p.known...)
	var order []int
	for {
		var next, levels []int
		for i := range filled {
			if filled[i] {
				continue
			}
			sum, n := 0, 0
			p.around(i, func(j int) {
				if filled[j] {
					sum, n = sum+p.level[j], n+1
				}
			})
			if n > 0 {
				next, levels = append(next, i), append(levels, sum/n)
			}
		}
		if len(next) == 0 {
			break
		}
		for k, i := range next {
			p.level[i], filled[i] = levels[k], true
		}
		order = append(order, next...)
	}
	for range tilesASide {
		for _, i := range order {
			sum, n := 0, 0
			p.around(i, func(j int) { sum, n = sum+p.level[j], n+1 })
			p.level[i] = (sum + n/2) / n
		}
	}
}

// differences returns how much lighter each pixel is than the paper.
func (p *paper) differences(page *image.Gray) []int16 {
	out := make([]int16, p.w*p.h)
	// Between the middles of the tiles the level goes straight from one to the next.
	for y := range p.h {
		up, down, v := between(y, p.tile, p.rows)
		for x := range p.w {
			left, right, u := between(x, p.tile, p.cols)
			upper := p.level[up*p.cols+left]*(2*p.tile-u) + p.level[up*p.cols+right]*u
			lower := p.level[down*p.cols+left]*(2*p.tile-u) + p.level[down*p.cols+right]*u
			square := 4 * p.tile * p.tile
			level := (upper*(2*p.tile-v) + lower*v + square/2) / square
			out[y*p.w+x] = int16(int(page.Pix[y*page.Stride+x]) - level)
		}
	}
	return out
}

// between returns the tiles, of n, whose middles are before and behind a place, and how far it is
// from the first, where 2*tile is the second.
func between(at, tile, n int) (before, behind, part int) {
	half := 2*at + 1 - tile // from the middle of tile 0
	if half < 0 {
		return 0, 0, 0
	}
	before = half / (2 * tile)
	if before >= n-1 {
		return n - 1, n - 1, 0
	}
	return before, before + 1, half % (2 * tile)
}

// noise returns the standard deviation of the paper's differences: of the tiles that are known, that
// of the middle one.
func (p *paper) noise(differences []int16) float64 {
	var tiles histogram // tenths
	for i, known := range p.known {
		if known {
			tiles[min(255, int(math.Round(10*p.deviation(differences, p.area(i)))))]++
		}
	}
	if tiles != (histogram{}) {
		return tiles.quantile(0.5) / 10
	}
	return p.deviation(differences, image.Rect(0, 0, p.w, 1))
}

// deviation returns the standard deviation from 0 of what is normally distributed, but for a few.
func (p *paper) deviation(differences []int16, area image.Rectangle) float64 {
	var h histogram
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for _, d := range differences[y*p.w+area.Min.X : y*p.w+area.Max.X] {
			h[min(255, abs(int(d)))]++
		}
	}
	const toDeviation = 1.4826 // of the median of the absolute values
	return toDeviation * max(0, h.quantile(0.5))
}

func abs(n int) int { return max(n, -n) }
