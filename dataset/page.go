package dataset

import (
	"image"
	"math"
)

const (
	maxPage  = 1 << 20 // pixels that are searched; a larger image is reduced first
	faintest = 32      // least difference of ink and paper, of 255
	visible  = 3       // times the noise: little of the paper differs from itself by more
	certain  = 5       // times the noise: none of it does

	stepsToInk = 5 // steps of the paper's level that ink is stronger than
)

// found is what a search found on a page.
type found struct {
	ink       *image.Gray // the strength of the drawing's ink, and 0 beside it; nil if there is none
	level     int         // strength of most ink, or of the strongest where there is none
	needed    int         // strength that counts as ink
	weight    int64       // of all ink
	atEdge    bool        // it is only what runs along the page's edge
	scattered bool        // its pieces lie far from each other
	doubtful  bool        // it may be a change of light
}

// betterThan compares what was found of darker ink with what was found of lighter ink.
func (f found) betterThan(g found) bool {
	switch {
	case f.ink == nil || g.ink == nil:
		return f.ink != nil || g.ink == nil && f.level > g.level
	case f.atEdge != g.atEdge:
		return g.atEdge
	}
	return f.weight > g.weight
}

// reduced returns the page with at most maxPage pixels, each the mean of a square.
func reduced(page *image.Gray) *image.Gray {
	w, h := page.Rect.Dx(), page.Rect.Dy()
	n := int(math.Ceil(math.Sqrt(float64(w) * float64(h) / maxPage)))
	if n <= 1 {
		return page
	}
	out := image.NewGray(image.Rect(0, 0, (w+n-1)/n, (h+n-1)/n))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			square := image.Rect(x*n, y*n, (x+1)*n, (y+1)*n).Intersect(page.Rect)
			sum := 0
			for row := square.Min.Y; row < square.Max.Y; row++ {
				for _, v := range page.Pix[row*w+square.Min.X : row*w+square.Max.X] {
					sum += int(v)
				}
			}
			out.Pix[y*out.Stride+x] = uint8(sum / (square.Dx() * square.Dy()))
		}
	}
	return out
}

// drawingOn finds the drawing on a page. Ink that is hardly stronger than the steps in which the paper's
// level may change could have been taken for paper, where its strokes are thick and their edges soft: then
// it is looked for once more, on paper that changes less.
func drawingOn(page *image.Gray) found {
	f := drawingByStep(page, mostStep)
	if f.level >= stepsToInk*mostStep {
		return f
	}
	if faint := drawingByStep(page, max(leastStep, f.level/stepsToInk)); faint.ink != nil && !faint.atEdge {
		faint.doubtful = f.ink == nil
		return faint
	}
	return f
}

// drawingByStep finds the drawing on a page whose level changes by at most a step from tile to tile. The
// border tells which level is the paper's, unless what contrasts with it is a sheet with a drawing on it:
// then the border was a frame, or a desk.
func drawingByStep(page *image.Gray, step int) found {
	border := int(borderLevel(page))
	paper := paperOf(page, border, step)
	f := inkOn(page, paper)
	if sheet := paper.sheet(border); sheet != nil {
		if on := inkOn(page, sheet); on.ink != nil && !on.atEdge {
			return on
		}
	}
	return f
}

// inkOn finds the drawing on paper, in darker or in lighter ink.
func inkOn(page *image.Gray, paper *paper) found {
	differences := paper.differences(page)
	noise := paper.noise(differences)
	f := inkOf(differences, page.Rect, noise)
	for filtered := 0; f.ink != nil && float64(f.level) < 2*certain*noise; filtered++ {
		if filtered == 2 {
			f.ink, f.needed = nil, int(2*certain*noise)
			break
		}
		page = medianFiltered(page)
		differences = paper.differences(page)
		noise = paper.noise(differences)
		f = inkOf(differences, page.Rect, noise)
	}
	if f.ink != nil {
		if beside := paper.without(f.ink); beside != nil {
			f = inkOf(beside.differences(page), page.Rect, noise)
		}
	}
	return f
}

// inkOf finds the drawing in differences from the paper, in darker or in lighter ink.
func inkOf(differences []int16, page image.Rectangle, noise float64) found {
	var best found
	for _, sign := range [2]int16{-1, 1} {
		ink := image.NewGray(page)
		for i, d := range differences {
			ink.Pix[i] = uint8(min(255, max(0, sign*d)))
		}
		if f := search(ink, noise); sign < 0 || f.betterThan(best) {
			best = f
		}
	}
	return best
}

// search finds the drawing in the strength of ink over a page, which it changes.
func search(ink *image.Gray, noise float64) found {
	if plain, were := withoutRules(ink, noise); were {
		if f := searchPlain(plain, noise); f.ink != nil {
			return f
		}
	}
	return searchPlain(ink, noise)
}

// searchPlain is search on paper without rules.
func searchPlain(ink *image.Gray, noise float64) found {
	short := min(ink.Rect.Dx(), ink.Rect.Dy())
	var edge found // all there is, where it runs along the edge
	for range 8 {
		level, threshold := levels(ink, noise)
		if level < faintest {
			if edge.ink == nil {
				edge.level, edge.needed = level, faintest
			}
			return edge
		}
		shapes := shapesIn(ink, threshold)
		weak := int(max(1, visible*noise, float64(level)/5))
		if alongEdge := shapes.which(shape.alongEdge); len(alongEdge) > 0 {
			if edge.ink == nil {
				edge = shapes.drawing(ink, shapes.main(), weak)
				edge.level, edge.atEdge = level, true
			}
			shapes.erase(ink, alongEdge, weak, 2+short/100)
			continue
		}
		if edge.ink != nil && shapes.longest() < short/20 {
			return edge
		}
		f := shapes.drawing(ink, shapes.main(), weak)
		f.level = level
		return f
	}
	return edge
}
