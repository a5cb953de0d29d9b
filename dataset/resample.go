package dataset

import (
	"image"
	"image/draw"
	"math"
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

// Weights are fixed-point numbers of so many bits behind the point, as Pillow's.
const weightBits = 22

// taps are the pixels of one line, and their weights, that make one pixel.
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
			t.weights[j] = int32(math.Round(w / sum * (1 << weightBits)))
		}
		all = append(all, t)
	}
	return all
}

// byteOf rounds a weighted sum of bytes to a byte.
func byteOf(sum int32) byte { return byte(min(max((sum+1<<(weightBits-1))>>weightBits, 0), 255)) }

// resample returns the window of a resized image, [3,H,W]: the part from of an image becomes whole, and
// window is cut out of that. Transparent parts become white. It computes what Pillow's resize does, to
// the bit: along rows first, rounded to bytes, and then along columns. It takes the memory of the
// window, however large the image is.
func resample(img image.Image, from image.Rectangle, whole image.Point, window image.Rectangle, k kernel) []byte {
	columns := tapsOf(k, from.Dx(), whole.X, window.Min.X, window.Max.X)
	rows := tapsOf(k, from.Dy(), whole.Y, window.Min.Y, window.Max.Y)
	width := 3 * len(columns)
	sums := make([]int32, width*len(rows))
	line := make([]byte, width)
	source := rowReader{img: img, row: image.NewRGBA(image.Rect(0, 0, from.Dx(), 1))}
	begin := 0 // the first row of the window that still needs pixels
	for y := rows[0].first; begin < len(rows); y++ {
		along(line, source.read(from.Min.X, from.Min.Y+y), columns)
		for at := begin; at < len(rows) && rows[at].first <= y; at++ {
			if y-rows[at].first < len(rows[at].weights) {
				add(sums[at*width:][:width], line, rows[at].weights[y-rows[at].first])
			}
		}
		for begin < len(rows) && y+1 >= rows[begin].first+len(rows[begin].weights) {
			begin++
		}
	}
	plane := len(columns) * len(rows)
	out := make([]byte, 3*plane)
	for i := range plane {
		out[i], out[plane+i], out[2*plane+i] = byteOf(sums[3*i]), byteOf(sums[3*i+1]), byteOf(sums[3*i+2])
	}
	return out
}

// along writes the pixels of a resized row of RGBA, three bytes each.
func along(line, row []byte, columns []taps) {
	for i, t := range columns {
		var r, g, b int32
		pixels := row[4*t.first:][:4*len(t.weights)]
		for j, w := range t.weights {
			p := pixels[4*j : 4*j+4 : 4*j+4]
			r += w * int32(p[0])
			g += w * int32(p[1])
			b += w * int32(p[2])
		}
		line[3*i], line[3*i+1], line[3*i+2] = byteOf(r), byteOf(g), byteOf(b)
	}
}

func add(sums []int32, line []byte, weight int32) {
	line = line[:len(sums)]
	for i := range sums {
		sums[i] += weight * int32(line[i])
	}
}

// rowReader reads rows of any image, over white.
type rowReader struct {
	img image.Image
	row *image.RGBA
}

// read returns the row of RGBA that begins at (x,y). The next one overwrites it.
func (r rowReader) read(x, y int) []byte {
	draw.Draw(r.row, r.row.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(r.row, r.row.Rect, r.img, image.Pt(x, y), draw.Over)
	return r.row.Pix
}
