package dataset

import (
	"image"
	"math"
	"slices"
)

// histogram counts how many pixels have each value.
type histogram [256]int

// quantile returns the value at which a part of all the counts, from 0 to 1, is reached.
func (h *histogram) quantile(part float64) float64 {
	all := 0
	for _, n := range h {
		all += n
	}
	want, sum := part*float64(all), 0.0
	for v, n := range h {
		if sum += float64(n); n > 0 && sum >= want {
			return float64(v) + 0.5 - (sum-want)/float64(n) // as if spread evenly from v-0.5 to v+0.5
		}
	}
	return 255
}

func (h *histogram) median() int { return int(math.Ceil(h.quantile(0.5) - 0.5)) }

// medianOf returns the median of an area of a page.
func medianOf(page *image.Gray, area image.Rectangle) int {
	var h histogram
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for _, v := range page.Pix[page.PixOffset(area.Min.X, y):page.PixOffset(area.Max.X, y)] {
			h[v]++
		}
	}
	return h.median()
}

// levels returns the strength of most ink, and that from which on a pixel is ink. Where there is
// none it returns the greatest strength, which is below faintest, and 0.
func levels(ink *image.Gray, noise float64) (level, threshold int) {
	var h histogram
	for _, v := range ink.Pix {
		h[v]++
	}
	floor := min(255, max(faintest, int(visible*noise)))
	strongest := 0
	for v, n := range h {
		if n > 0 {
			strongest = v
		}
	}
	if strongest < floor {
		return min(strongest, faintest-1), 0
	}
	for v := 1; v < floor; v++ {
		h[0], h[v] = h[0]+h[v], 0
	}
	threshold = max(floor, otsu(&h))
	var above histogram
	copy(above[threshold:], h[threshold:])
	level = int(above.quantile(0.75) + 0.5)
	return level, max(threshold, level/3)
}

// otsu returns the value that, as the least of the upper class, divides a histogram into two classes
// with the greatest variance between them (Otsu 1979, A threshold selection method from gray-level
// histograms).
func otsu(h *histogram) int {
	var all, sum float64
	for v, n := range h {
		all, sum = all+float64(n), sum+float64(v)*float64(n)
	}
	best, threshold := -1.0, 0
	var below, sumBelow float64
	for v, n := range h {
		if above := all - below; n > 0 && below > 0 {
			gap := sumBelow/below - (sum-sumBelow)/above
			if between := below * above * gap * gap; between > best {
				best, threshold = between, v
			}
		}
		below, sumBelow = below+float64(n), sumBelow+float64(v)*float64(n)
	}
	return threshold
}

// medianFiltered returns a page of which each pixel is the median of itself and its eight neighbours.
func medianFiltered(page *image.Gray) *image.Gray {
	w, h := page.Rect.Dx(), page.Rect.Dy()
	out := image.NewGray(page.Rect)
	for y := range h {
		rows := [3]int{max(y-1, 0) * w, y * w, min(y+1, h-1) * w}
		for x := range w {
			left, right := max(x-1, 0), min(x+1, w-1)
			var near [9]uint8
			for i, row := range rows {
				near[3*i], near[3*i+1], near[3*i+2] = page.Pix[row+left], page.Pix[row+x], page.Pix[row+right]
			}
			slices.Sort(near[:])
			out.Pix[y*w+x] = near[4]
		}
	}
	return out
}
