package dataset

import (
	"image"
	"math"
	"slices"

	"golang.org/x/image/draw"
)

// MNIST's form: the ink's longer side fills 20 of 28 pixels, and its centre of mass lies in pixel 14,
// counted from 0, of each axis.
const (
	digitSide = 28
	inkSide   = 20
	inkCentre = 14
)

// asMNIST returns an image that has MNIST's form already, light on dark, and whether it is one.
func asMNIST(grey *image.Gray) (Image28, bool) {
	if grey.Rect.Dx() != digitSide || grey.Rect.Dy() != digitSide {
		return Image28{}, false
	}
	background := int(borderLevel(grey))
	// Ink is on that side of the background where the larger differences are.
	var darker, lighter int
	for _, v := range grey.Pix {
		if d := int(v) - background; d < 0 {
			darker += d * d
		} else {
			lighter += d * d
		}
	}
	sign := 1
	if darker > lighter {
		sign = -1
	}
	ink := image.NewGray(grey.Rect)
	for i, v := range grey.Pix {
		ink.Pix[i] = uint8(max(0, sign*(int(v)-background)))
	}
	if slices.Max(ink.Pix) < faintest || !inMNISTForm(ink) {
		return Image28{}, false
	}
	return Image28(ink.Pix), true
}

// inMNISTForm says whether ink is as MNIST's: of its 70,000 images 16 fill 19 pixels, not 20, and the
// centre of one is 13.48.
func inMNISTForm(ink *image.Gray) bool {
	box := inkBox(ink)
	if longer := max(box.Dx(), box.Dy()); longer < inkSide-1 || longer > inkSide {
		return false
	}
	x, y := centreOfMass(ink)
	return math.Abs(x-inkCentre) < 0.53 && math.Abs(y-inkCentre) < 0.53
}

// borderLevel returns the median of the outermost pixels.
func borderLevel(grey *image.Gray) uint8 {
	w, h := grey.Rect.Dx(), grey.Rect.Dy()
	border := slices.Concat(grey.Pix[:w], grey.Pix[(h-1)*w:])
	for y := range h {
		border = append(border, grey.Pix[y*w], grey.Pix[y*w+w-1])
	}
	slices.Sort(border)
	return border[len(border)/2]
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

// fitted scales a part of an image so that its longer side is 20 pixels, and ink of that strength is
// 255, or the strongest where none is as strong.
func fitted(ink *image.Gray, box image.Rectangle, strength int) *image.Gray {
	scale := inkSide / float64(max(box.Dx(), box.Dy()))
	side := func(n int) int { return max(1, int(math.Round(float64(n)*scale))) }
	out := image.NewGray(image.Rect(0, 0, side(box.Dx()), side(box.Dy())))
	draw.CatmullRom.Scale(out, out.Rect, ink, box, draw.Src, nil) // a mean over the pixels when it shrinks
	strongest := max(1, min(strength, int(slices.Max(out.Pix))))
	for i, v := range out.Pix {
		out.Pix[i] = uint8(min(255, (int(v)*255+strongest/2)/strongest))
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
