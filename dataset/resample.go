package dataset

import (
	"image"
	"image/draw"
	"math"

	"github.com/lastlayer/lastlayer/internal/vector"
)

// kernel is a filter between pixels, as wide as support to either side.
type kernel struct {
	support float64
	at      func(x float64) float64
}

// kernels are the filters that Pillow calls by these names.
var kernels = map[string]kernel{
	Bilinear: {1, func(x float64) float64 { return max(0, 1-math.Abs(x)) }},
	Bicubic:  {2, keys},
}

// keys is the cubic convolution of R. G. Keys, "Cubic convolution interpolation for digital image
// processing", IEEE Transactions on Acoustics, Speech, and Signal Processing 29 (1981), with a = -0.5.
func keys(x float64) float64 {
	switch x = math.Abs(x); {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-0.5*x+2.5)*x-4)*x + 2
	}
	return 0
}

// taps are the pixels of one line, and their weights, that make one pixel. Weights are fixed-point
// numbers, with as many bits behind the point as Pillow's.
type taps struct {
	first   int
	weights []int32
}

// tapsOf returns the taps of the pixels first to last-1 when a line of from pixels becomes one of to.
// Where it becomes shorter the filter is as much wider, so that all pixels count (antialiasing).
func tapsOf(k kernel, from, to, first, last int) []taps {
	scale := float64(from) / float64(to)
	wider := max(scale, 1)
	support := k.support * wider
	all := make([]taps, 0, last-first)
	var exact []float64
	for i := first; i < last; i++ {
		centre := (float64(i) + 0.5) * scale
		low := max(int(centre-support+0.5), 0)
		high := min(int(centre+support+0.5), from)
		exact = exact[:0]
		sum := 0.0
		for j := low; j < high; j++ {
			exact = append(exact, k.at((float64(j)-centre+0.5)/wider))
			sum += exact[len(exact)-1]
		}
		t := taps{low, make([]int32, len(exact))}
		for j, w := range exact {
			t.weights[j] = int32(math.Round(w / sum * (1 << vector.WeightBits)))
		}
		all = append(all, t)
	}
	return all
}

// resample returns the window of a resized image, [3,H,W]: the part from of an image becomes whole, and
// window is cut out of that. Transparent parts become white. It computes what Pillow's resize does, to
// the bit: along rows first, rounded to bytes, and then along columns. It takes the memory of the
// window, however large the image is.
func resample(img image.Image, from image.Rectangle, whole image.Point, window image.Rectangle, k kernel) []byte {
	columns := tapsOf(k, from.Dx(), whole.X, window.Min.X, window.Max.X)
	rows := tapsOf(k, from.Dy(), whole.Y, window.Min.Y, window.Max.Y)
	left := columns[0].first // what lies left and right of all taps is not read
	first, weights, length := inTable(columns, left)
	width := 4 * len(columns)
	sums := make([]int32, width*len(rows))
	line := make([]byte, width)
	source := newRowReader(img, length)
	begin := 0 // the first row of the window that still needs pixels
	for y := rows[0].first; begin < len(rows); y++ {
		vector.Weigh(line, source.read(from.Min.X+left, from.Min.Y+y), first, weights)
		for at := begin; at < len(rows) && rows[at].first <= y; at++ {
			if y-rows[at].first < len(rows[at].weights) {
				vector.AddBytes(sums[at*width:][:width], line, rows[at].weights[y-rows[at].first])
			}
		}
		for begin < len(rows) && y+1 >= rows[begin].first+len(rows[begin].weights) {
			begin++
		}
	}
	plane := len(columns) * len(rows)
	out := make([]byte, 3*plane)
	r, g, b := out[:plane], out[plane:2*plane], out[2*plane:]
	for i := range r {
		sum := sums[4*i : 4*i+4 : 4*i+4]
		r[i], g[i], b[i] = vector.RoundByte(sum[0]), vector.RoundByte(sum[1]), vector.RoundByte(sum[2])
	}
	return out
}

// inTable returns the same taps as a table: as many weights for each pixel, [pixels,taps], and the first
// pixels that these are for, counted from left, in a line of length. What a pixel has too few of are
// zeros, before its first where the line ends.
func inTable(all []taps, left int) (first []int, weights []int32, length int) {
	most, end := 0, 0
	for _, t := range all {
		most, end = max(most, len(t.weights)), max(end, t.first+len(t.weights))
	}
	weights = make([]int32, len(all)*most)
	for i, t := range all {
		from := min(t.first, end-most)
		first = append(first, from-left)
		copy(weights[i*most+t.first-from:], t.weights)
	}
	return first, weights, end - left
}

// rowReader reads rows of any image, over white.
type rowReader struct {
	img    image.Image
	opaque bool
	row    *image.RGBA
}

func newRowReader(img image.Image, width int) rowReader {
	o, knows := img.(interface{ Opaque() bool })
	return rowReader{img, knows && o.Opaque(), image.NewRGBA(image.Rect(0, 0, width, 1))}
}

// read returns the row of RGBA that begins at (x,y). The next one overwrites it.
func (r rowReader) read(x, y int) []byte {
	op := draw.Src
	if !r.opaque {
		draw.Draw(r.row, r.row.Rect, image.White, image.Point{}, draw.Src)
		op = draw.Over
	}
	draw.Draw(r.row, r.row.Rect, r.img, image.Pt(x, y), op)
	return r.row.Pix
}
