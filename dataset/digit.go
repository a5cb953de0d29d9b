package dataset

import (
	"image"
	"math"
	"slices"

	"github.com/pkg/errors"
	"golang.org/x/image/draw"
)

// MNIST's form: the ink's longer side fills 20 of 28 pixels, and its centre of mass lies in pixel 14,
// counted from 0, of each axis.
const (
	digitSide  = 28
	inkSide    = 20
	inkCentre  = 14
	faintest   = 32 // least difference of ink and paper, of 255
	noisePart  = 8  // paper may vary by so small a part of the ink's strength
	noiseWorst = 3  // and, if the border shows that it does, by this part
)

// Image28 is a 28×28 image in MNIST's form, row by row: 0 is background, 255 the strongest ink.
type Image28 [digitSide * digitSide]byte

// Bytes returns the image as a network of that polarity takes it: inverted for DarkOnLight.
func (d Image28) Bytes(polarity string) []byte {
	if polarity == DarkOnLight {
		for i, v := range d {
			d[i] = 255 - v
		}
	}
	return d[:]
}

// Digit brings an image to the form of MNIST's, whatever its size and colours: grey, light on dark
// (the border tells the background), cropped to the ink, scaled to fit 20×20 with its proportions
// kept, and moved so that the centre of mass is in the middle. An image that has this form already,
// as every one of MNIST has, comes out unchanged, its inverse comes out inverted.
//
// It wants one thing drawn on a plain, evenly lit ground with some margin. One without ink is an
// ErrBlank, one over 50 million pixels an ErrTooLarge.
func Digit(img image.Image) (Image28, error) {
	grey, err := toGrey(img)
	if err != nil {
		return Image28{}, err
	}
	noise, strongest := toInk(grey)
	if strongest < faintest {
		return Image28{}, errors.Wrapf(ErrBlank, "image of %d×%d: found ink that differs from the background by %d of 255, expected %d or more",
			grey.Rect.Dx(), grey.Rect.Dy(), strongest, faintest)
	}
	if inMNISTForm(grey) {
		return Image28(grey.Pix), nil
	}
	for i, v := range grey.Pix {
		if v < noise {
			grey.Pix[i] = 0
		}
	}
	ink := fitted(grey, inkBox(grey))
	if slices.Max(ink.Pix) == 0 {
		return Image28{}, errors.Wrapf(ErrBlank, "image of %d×%d: found specks that vanish at 28×28", grey.Rect.Dx(), grey.Rect.Dy())
	}
	return centred(ink), nil
}

// toInk turns grey values into the strength of ink over the background, and returns below which
// strength it is the background's own noise, and the greatest.
func toInk(grey *image.Gray) (noise, strongest uint8) {
	border := borderOf(grey)
	slices.Sort(border)
	background := int(border[len(border)/2])
	// Ink is on that side of the background where the larger differences are.
	var darker, lighter int64
	for _, v := range grey.Pix {
		d := int64(v) - int64(background)
		if d < 0 {
			darker += d * d
		} else {
			lighter += d * d
		}
	}
	sign := 1
	if darker > lighter {
		sign = -1
	}
	for i, v := range grey.Pix {
		grey.Pix[i] = uint8(max(0, sign*(int(v)-background)))
		strongest = max(strongest, grey.Pix[i])
	}
	border = borderOf(grey)
	slices.Sort(border)
	noise = uint8(min(255, int(border[len(border)*49/50])*5/4+1))
	return min(max(noise, strongest/noisePart), strongest/noiseWorst), strongest
}

// borderOf returns the values of the outermost pixels.
func borderOf(grey *image.Gray) []uint8 {
	w, h := grey.Rect.Dx(), grey.Rect.Dy()
	border := slices.Concat(grey.Pix[:w], grey.Pix[(h-1)*w:])
	for y := range h {
		border = append(border, grey.Pix[y*w], grey.Pix[y*w+w-1])
	}
	return border
}

// inMNISTForm says whether ink is as MNIST's: of its 70,000 images 16 fill 19 pixels, not 20, and the
// centre of one is 13.48.
func inMNISTForm(ink *image.Gray) bool {
	if ink.Rect.Dx() != digitSide || ink.Rect.Dy() != digitSide {
		return false
	}
	box := inkBox(ink)
	if longer := max(box.Dx(), box.Dy()); longer < inkSide-1 || longer > inkSide {
		return false
	}
	x, y := centreOfMass(ink)
	return math.Abs(x-inkCentre) < 0.53 && math.Abs(y-inkCentre) < 0.53
}

// inkBox returns the smallest rectangle around all that is not 0.
func inkBox(ink *image.Gray) image.Rectangle {
	var box image.Rectangle
	w := ink.Rect.Dx()
	for y := range ink.Rect.Dy() {
		row := ink.Pix[y*w : (y+1)*w]
		first := slices.IndexFunc(row, func(v uint8) bool { return v > 0 })
		if first < 0 {
			continue
		}
		last := w - 1
		for row[last] == 0 {
			last--
		}
		box = box.Union(image.Rect(first, y, last+1, y+1))
	}
	return box
}

// centreOfMass returns the mean place of the ink, where the first pixel is at 0.
func centreOfMass(ink *image.Gray) (x, y float64) {
	var sum, sumX, sumY float64
	w := ink.Rect.Dx()
	for i, v := range ink.Pix {
		sum += float64(v)
		sumX += float64(v) * float64(i%w)
		sumY += float64(v) * float64(i/w)
	}
	return sumX / sum, sumY / sum
}

// fitted scales a part of an image so that its longer side is 20 pixels, and the strongest ink is 255.
func fitted(ink *image.Gray, box image.Rectangle) *image.Gray {
	scale := inkSide / float64(max(box.Dx(), box.Dy()))
	side := func(n int) int { return max(1, int(math.Round(float64(n)*scale))) }
	out := image.NewGray(image.Rect(0, 0, side(box.Dx()), side(box.Dy())))
	draw.CatmullRom.Scale(out, out.Rect, ink, box, draw.Src, nil) // a mean over the pixels when it shrinks
	strongest := int(max(1, slices.Max(out.Pix)))
	for i, v := range out.Pix {
		out.Pix[i] = uint8((int(v)*255 + strongest/2) / strongest)
	}
	return out
}

// centred lays ink of at most 20×20 on 28×28 with its centre of mass in the middle, as far as it
// stays within.
func centred(ink *image.Gray) Image28 {
	x, y := centreOfMass(ink)
	w, h := ink.Rect.Dx(), ink.Rect.Dy()
	place := func(centre float64, n int) int {
		return min(max(int(math.Round(inkCentre-centre)), 0), digitSide-n)
	}
	left, top := place(x, w), place(y, h)
	var out Image28
	for row := range h {
		copy(out[(top+row)*digitSide+left:], ink.Pix[row*w:(row+1)*w])
	}
	return out
}
