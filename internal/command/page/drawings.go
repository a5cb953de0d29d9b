package page

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// readDrawing makes an image file into an image like MNIST's.
func readDrawing(content []byte, polarity string) (taken, error) {
	img, err := decode(content)
	if err != nil {
		return taken{}, err
	}
	drawing, err := dataset.Find(img)
	return taken{drawing.Image.Bytes(polarity), drawing.Note, sample{digit: drawing.Image}}, err
}

// drawingSet returns the drawings as examples: each as drawn, and copies-1 slightly
// altered copies, since a handful of drawings shows too little variety.
func (c classes) drawingSet(copies int, prep dataset.Preprocessing, seed uint64) (*dataset.Set, error) {
	rng := rand.New(rand.NewPCG(seed, alterStream))
	var pixels []byte
	var labels []int
	for label, k := range c {
		for _, s := range k.Samples {
			for n := range copies {
				altered := s.digit
				if n > 0 {
					altered = alter(s.digit, rng)
				}
				pixels, labels = append(pixels, altered.Bytes(prep.Polarity)...), append(labels, label)
			}
		}
	}
	return dataset.NewSet("drawings", slices.Clone(digitShape), pixels, labels, c.names(), prep)
}

// alterStream keeps the random numbers of the alterations separate from all others
// that come from the same seed.
const alterStream = 0xa17e

// How far a copy of a drawing is altered. dataset.Digit has already normalised size
// and position, so shifts of more than a pixel do not occur.
const (
	mostTurn  = 12 * math.Pi / 180
	mostSlant = 0.15
	mostShift = 1.0 // pixels
	leastSize = 0.9
)

// alter turns, slants, shrinks and shifts a drawing by random amounts.
func alter(digit dataset.Image28, rng *rand.Rand) dataset.Image28 {
	within := func(most float64) float64 { return most * (2*rng.Float64() - 1) }
	sin, cos := math.Sincos(within(mostTurn))
	slant := within(mostSlant)
	size := leastSize + (1-leastSize)*rng.Float64()
	a, b, d, e := size*cos, size*(slant*cos-sin), size*sin, size*(slant*sin+cos)
	const centre = 14
	across, down := centre-a*centre-b*centre+within(mostShift), centre-d*centre-e*centre+within(mostShift)
	from := &image.Gray{Pix: digit[:], Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
	to := image.NewGray(from.Rect)
	draw.BiLinear.Transform(to, f64.Aff3{a, b, across, d, e, down}, from, from.Rect, draw.Src, nil)
	return dataset.Image28(to.Pix)
}
