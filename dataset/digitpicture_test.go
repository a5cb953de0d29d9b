package dataset

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/draw"
)

// drawn lays a digit on a larger picture: scaled to side, at a place, in dark ink on lit paper.
func drawn(src *image.Gray, size, at image.Point, side int, noise float64) image.Image {
	grey := image.NewGray(image.Rectangle{Max: size})
	draw.CatmullRom.Scale(grey, image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}, src, src.Rect, draw.Src, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	out := image.NewRGBA(grey.Rect)
	for y := range size.Y {
		for x := range size.X {
			v := float64(grey.GrayAt(x, y).Y) / 255
			paper := 245.0
			if noise > 0 { // light falls off to one side
				paper = paper*(0.75+0.25*float64(x)/float64(size.X)) + rng.NormFloat64()*noise
			}
			c := func(ink float64) uint8 { return uint8(min(255, max(0, paper*(1-v)+ink*v))) }
			out.SetRGBA(x, y, color.RGBA{c(30), c(30), c(120), 255})
		}
	}
	return out
}

// TestDigitOfPictures holds digits that were drawn large, off the centre, or photographed to be as
// good to a nearest-neighbour classifier over the sample as the images they were made of.
func TestDigitOfPictures(t *testing.T) {
	train, test, err := Open("sample", Options{})
	check(t, err)
	right := func(label int, digit []byte) bool {
		best, found := math.MaxInt, -1
		for i := range train.Len() {
			distance := 0
			for j, v := range train.Image(i) {
				d := int(v) - int(digit[j])
				distance += d * d
			}
			if distance < best {
				best, found = distance, train.Label(i)
			}
		}
		return found == label
	}
	step := 2 // every other image
	if raceDetector {
		step = 50
	}
	for _, c := range []struct {
		kind string
		make func(src *image.Gray) image.Image
	}{
		{"ten times as large", func(src *image.Gray) image.Image { return drawn(src, image.Pt(280, 280), image.Pt(0, 0), 280, 0) }},
		{"in a corner", func(src *image.Gray) image.Image { return drawn(src, image.Pt(300, 200), image.Pt(170, 60), 130, 0) }},
		{"photographed", func(src *image.Gray) image.Image { return drawn(src, image.Pt(320, 240), image.Pt(60, 20), 200, 3) }},
		{"as a JPEG", func(src *image.Gray) image.Image {
			img, err := DecodeImage(bytes.NewReader(jpegOf(t, drawn(src, image.Pt(200, 200), image.Pt(10, 10), 180, 0))), "x.jpeg")
			check(t, err)
			return img
		}},
	} {
		original, pictured := 0, 0
		for i := 0; i < test.Len(); i += step {
			digit, err := Digit(c.make(picture(test, i)))
			check(t, err)
			if right(test.Label(i), test.Image(i)) {
				original++
			}
			if right(test.Label(i), digit[:]) {
				pictured++
			}
		}
		t.Logf("%s: %d right, %d of the originals, of %d", c.kind, pictured, original, test.Len()/step)
		if pictured < original-1-test.Len()/step*3/100 {
			t.Errorf("%s: found %d right, expected about %d", c.kind, pictured, original)
		}
	}
}
