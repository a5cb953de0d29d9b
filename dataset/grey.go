package dataset

import (
	"image"

	"github.com/pkg/errors"
)

// toGrey returns the luminance of an image, row by row. Transparency is laid over white where dark
// ink was drawn on nothing, and over black where light ink was.
func toGrey(img image.Image) (*image.Gray, error) {
	if isNil(img) {
		return nil, errors.Wrap(ErrArgument, "image: found none")
	}
	b := img.Bounds()
	if err := checkSize("image", b.Dx(), b.Dy(), 1); err != nil {
		return nil, err
	}
	grey := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	switch img := img.(type) {
	case *image.Gray:
		for y := range b.Dy() {
			copy(grey.Pix[y*grey.Stride:(y+1)*grey.Stride], img.Pix[img.PixOffset(b.Min.X, b.Min.Y+y):])
		}
		return grey, nil
	case *image.YCbCr: // the light of a JPEG is stored apart
		for y := range b.Dy() {
			copy(grey.Pix[y*grey.Stride:(y+1)*grey.Stride], img.Y[img.YOffset(b.Min.X, b.Min.Y+y):])
		}
		return grey, nil
	}
	at := lightAt(img)
	paper := paperUnder(img, at)
	for y := range b.Dy() {
		row := grey.Pix[y*grey.Stride:]
		for x := range b.Dx() {
			light, alpha := at(b.Min.X+x, b.Min.Y+y)
			row[x] = uint8((light + (0xffff-alpha)*paper) >> 8)
		}
	}
	return grey, nil
}

// lightAt returns a function for the luminance, weighted by alpha, and the alpha of a pixel, both
// 0..65535.
func lightAt(img image.Image) func(x, y int) (light, alpha uint32) {
	luminance := func(r, g, b uint32) uint32 { return (19595*r + 38470*g + 7471*b + 1<<15) >> 16 }
	if fast, ok := img.(image.RGBA64Image); ok { // allocates nothing
		return func(x, y int) (light, alpha uint32) {
			c := fast.RGBA64At(x, y)
			return luminance(uint32(c.R), uint32(c.G), uint32(c.B)), uint32(c.A)
		}
	}
	return func(x, y int) (light, alpha uint32) {
		r, g, b, a := img.At(x, y).RGBA()
		return luminance(r, g, b), a
	}
}

// paperUnder returns 1 for white and 0 for black, as what shines through the transparent parts. If
// most of the image is opaque, that is its paper, and the paper under it is alike; if little of it
// is, that is its ink, and the paper is what contrasts with it.
func paperUnder(img image.Image, at func(x, y int) (light, alpha uint32)) uint32 {
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		return 0
	}
	b := img.Bounds()
	var light, alpha uint64
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			l, a := at(x, y)
			light, alpha = light+uint64(l), alpha+uint64(a)
		}
	}
	isLight := 2*light >= alpha
	isPaper := 2*alpha >= 0xffff*uint64(b.Dx())*uint64(b.Dy())
	if isLight == isPaper {
		return 1
	}
	return 0
}
