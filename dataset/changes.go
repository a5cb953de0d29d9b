package dataset

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// background returns the byte of what is beside an image.
func (s *Set) background() byte {
	if s.Prep.Polarity == DarkOnLight {
		return 255
	}
	return 0
}

// cropped returns a part of image i, resized to [C,H,W].
func (s *Set) cropped(i int, rng *rand.Rand) ([]byte, error) {
	h, w := s.Shape[1], s.Shape[2]
	part := func(size image.Point) image.Rectangle { return drawnPart(size, float64(w)/float64(h), rng) }
	if s.files != nil {
		return s.files.pixels(s.place(i), part)
	}
	pixels, whole := s.Image(i), image.Rect(0, 0, w, h)
	within := part(whole.Max)
	out := make([]byte, 0, len(pixels))
	for plane := range slices.Chunk(pixels, h*w) {
		from := &image.Gray{Pix: plane, Stride: w, Rect: whole}
		out = append(out, resample(from, within, whole.Max, whole, kernels[Bilinear])[:h*w]...)
	}
	return out, nil
}

// drawnPart draws a part of an image of that size: its share of the area evenly, its proportions, as
// logarithms, evenly about the given ones, and its place.
func drawnPart(size image.Point, proportions float64, rng *rand.Rand) image.Rectangle {
	area := float64(size.X*size.Y) * (minCrop + (1-minCrop)*rng.Float64())
	proportions *= math.Pow(4.0/3, 2*rng.Float64()-1)
	w := min(max(int(math.Round(math.Sqrt(area*proportions))), 1), size.X)
	h := min(max(int(math.Round(math.Sqrt(area/proportions))), 1), size.Y)
	x, y := rng.IntN(size.X-w+1), rng.IntN(size.Y-h+1)
	return image.Rect(x, y, x+w, y+h)
}

// reverseRows turns the rows of an image round.
func reverseRows(pixels []byte, width int) {
	for row := range slices.Chunk(pixels, width) {
		slices.Reverse(row)
	}
}

// recolour multiplies the brightness, the contrast and the saturation of an image of one or of three
// channels, [C,H,W].
func recolour(pixels []byte, channels int, bgr bool, factors [3]float64) {
	weights := []float64{0.299, 0.587, 0.114} // of red, green and blue in the light that one sees
	switch {
	case channels != 3:
		weights = slices.Repeat([]float64{1 / float64(channels)}, channels)
	case bgr:
		slices.Reverse(weights)
	}
	plane := len(pixels) / channels
	light := func(i int) float64 {
		sum := 0.0
		for c, weight := range weights {
			sum += weight * float64(pixels[c*plane+i])
		}
		return sum
	}
	mean := 0.0
	for i := range plane {
		mean += light(i) / float64(plane)
	}
	brightness, contrast, saturation := factors[0], factors[1], factors[2]
	for i := range plane {
		grey := light(i)
		for c := range channels {
			v := grey + saturation*(float64(pixels[c*plane+i])-grey)
			v = brightness * (mean + contrast*(v-mean))
			pixels[c*plane+i] = byte(math.Round(min(max(v, 0), 255)))
		}
	}
}

// warp writes an image, [C,H,W], turned about its middle by an angle in radians, clockwise, and
// then moved by so many pixels, to out. What comes in from outside is background.
func warp(out, pixels []byte, shape []int, background byte, right, down, angle float64) {
	h, w := shape[1], shape[2]
	sin, cos := math.Sincos(angle)
	x, y := float64(w)/2, float64(h)/2
	toOut := f64.Aff3{
		cos, -sin, x - cos*x + sin*y + right,
		sin, cos, y - sin*x - cos*y + down,
	}
	// The library is fastest on a grey source and an RGBA target.
	target := image.NewRGBA(image.Rect(0, 0, w, h))
	for plane := 0; plane < len(pixels); plane += h * w {
		for i := range target.Pix {
			target.Pix[i] = background
		}
		from := &image.Gray{Pix: pixels[plane : plane+h*w], Stride: w, Rect: target.Rect}
		draw.ApproxBiLinear.Transform(target, toOut, from, from.Rect, draw.Src, nil)
		for i := range h * w {
			out[plane+i] = target.Pix[4*i]
		}
	}
}
