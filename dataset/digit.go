package dataset

import (
	"fmt"
	"image"
	"slices"

	"github.com/pkg/errors"
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

// Digit is Find without its note.
func Digit(img image.Image) (Image28, error) {
	d, err := Find(img)
	return d.Image, err
}

// Drawing is what Find found on an image.
type Drawing struct {
	Image Image28 // the drawing in the form of MNIST's images
	Note  string  // in one line, why the drawing is doubtful; "" if it is not
}

// wholePage is the part of an image, in percent of either side, from which on what was found is as
// good as all of it.
const wholePage = 95

// Find turns an image of any size and colours into the form of MNIST's: grey, light on dark, cropped
// to the ink, scaled to fit 20×20 with its proportions kept, and moved so that the centre of mass is
// in the middle. An image of this form, such as MNIST's own, stays unchanged; its negative is
// inverted.
//
// What the border shows is taken as the paper, whose light may change slowly over the page. Ink is what
// differs from it beyond its noise, by Otsu's threshold, in connected pieces of a tenth of the largest
// or more. A frame, rules and a desk beside the paper are left out. The note says when that leaves
// nothing, or the drawing fills the whole image.
//
// It expects one thing drawn. An image without ink is an ErrBlank, one over 100 million pixels an
// ErrTooLarge.
func Find(img image.Image) (Drawing, error) {
	grey, err := toGrey(img)
	if err != nil {
		return Drawing{}, err
	}
	if digit, is := asMNIST(grey); is {
		return Drawing{Image: digit}, nil
	}
	size := grey.Rect.Size()
	grey = reduced(grey)
	f := drawingOn(grey)
	if f.ink == nil {
		return Drawing{}, errors.Wrapf(ErrBlank, "image of %d×%d: found ink that differs from the background by %d of 255, expected %d or more",
			size.X, size.Y, f.level, f.needed)
	}
	box := inkBox(f.ink)
	ink := fitted(f.ink, box, f.level)
	if slices.Max(ink.Pix) == 0 {
		return Drawing{}, errors.Wrapf(ErrBlank, "image of %d×%d: found specks that vanish at 28×28", size.X, size.Y)
	}
	d := Drawing{Image: centred(ink)}
	switch w, h := grey.Rect.Dx(), grey.Rect.Dy(); {
	case 100*box.Dx() >= wholePage*w && 100*box.Dy() >= wholePage*h:
		d.Note = fmt.Sprintf("the drawing found fills the whole image of %d×%d", size.X, size.Y)
	case f.atEdge:
		d.Note = "nothing was found but what runs along the image's edge"
	case f.scattered:
		d.Note = "the pieces of ink found are far from each other, and were taken for one drawing"
	case f.doubtful:
		d.Note = fmt.Sprintf("the ink found differs from the paper by %d of 255 only, and may be a shadow", f.level)
	}
	return d, nil
}
