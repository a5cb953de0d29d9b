package dataset

import (
	"encoding/json"
	"fmt"
	"image"
	"math"

	"github.com/pkg/errors"
)

// How the pixels of a resized photo are computed. Both use antialiasing when the photo becomes
// smaller, and give the same bytes as Pillow.
const (
	Bilinear = "bilinear"
	Bicubic  = "bicubic"
)

// Photo is how a photo of any size becomes an image of a network, [3,H,W]: it is resized, its middle
// is cut out, and each channel is standardised. The zero value stands for images that are no photos.
type Photo struct {
	Resize        int        `json:"resize"`           // pixels of the shorter side
	Squash        bool       `json:"squash,omitempty"` // both sides become Resize, whatever the proportions; with a Resize of 0, H and W
	Interpolation string     `json:"interpolation"`    // Bilinear or Bicubic
	BGR           bool       `json:"bgr,omitempty"`    // blue, green, red rather than red, green, blue
	Mean          PerChannel `json:"mean"`             // instead of Preprocessing's, which is then 0
	Std           PerChannel `json:"std"`              // instead of Preprocessing's, which is then 1
}

// PerChannel is a number for each channel, in the order that the network takes them.
type PerChannel [3]float64

// UnmarshalJSON reads a list of exactly three numbers.
func (p *PerChannel) UnmarshalJSON(text []byte) error {
	var list []float64
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	if len(list) != len(p) {
		return errors.Errorf("found %d numbers, expected one for each of %d channels", len(list), len(p))
	}
	copy(p[:], list)
	return nil
}

// IsPhoto reports whether images are photos.
func (p Preprocessing) IsPhoto() bool { return p.Photo != Photo{} }

// CheckShape returns nil when images of that shape, [C,H,W], can be made; otherwise an ErrArgument.
func (p Preprocessing) CheckShape(shape []int) error {
	switch {
	case !p.IsPhoto():
		return nil
	case len(shape) != 3 || shape[0] != 3:
		return errors.Wrapf(ErrArgument, "preprocessing: found that of photos in colours for images of %v, expected [3 height width]", shape)
	case min(shape[1], shape[2]) < 1:
		return errors.Wrapf(ErrArgument, "preprocessing: found images of %v, expected sides above 0", shape)
	case p.Photo.Squash && p.Photo.Resize == 0:
		return nil
	case max(shape[1], shape[2]) > p.Photo.Resize:
		return errors.Wrapf(ErrArgument, "preprocessing: resize: found %d, expected at least the sides of the images, %d and %d", p.Photo.Resize, shape[1], shape[2])
	}
	return nil
}

func (f Photo) validate() error {
	const most = 16384
	least := 1
	if f.Squash {
		least = 0
	}
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	switch {
	case f.Resize < least || f.Resize > most:
		return errors.Wrapf(ErrArgument, "preprocessing: resize: found %d, expected %d to %d", f.Resize, least, most)
	case f.Interpolation != Bilinear && f.Interpolation != Bicubic:
		return errors.Wrapf(ErrArgument, "preprocessing: interpolation: found %.60q, expected %q or %q", f.Interpolation, Bilinear, Bicubic)
	}
	for c := range f.Mean {
		if !finite(f.Mean[c]) || !finite(f.Std[c]) || f.Std[c] <= 0 {
			return errors.Wrapf(ErrArgument, "preprocessing: channel %d: found mean %v and deviation %v, expected a finite number and one above 0", c, f.Mean[c], f.Std[c])
		}
	}
	return nil
}

// Pixels returns the bytes of a photo as an image of a network, [3,H,W]. Transparent parts become
// white. The error is an ErrArgument.
func (f Photo) Pixels(img image.Image, height, width int) ([]byte, error) {
	prep := Preprocessing{Photo: f}
	if err := f.validate(); err != nil {
		return nil, err
	}
	if err := prep.CheckShape([]int{3, height, width}); err != nil {
		return nil, err
	}
	if isNil(img) || img.Bounds().Empty() {
		return nil, errors.Wrap(ErrArgument, "found no pixels, expected an image")
	}
	size := img.Bounds().Size()
	whole := f.resized(size, height, width)
	// The corner of the middle, as torchvision rounds it: half to even.
	left := int(math.RoundToEven(float64(whole.X-width) / 2))
	top := int(math.RoundToEven(float64(whole.Y-height) / 2))
	return f.window(img, image.Rectangle{Max: size}, whole, image.Rect(left, top, left+width, top+height)), nil
}

// window returns the window, [3,H,W], of what the part from of a photo becomes when it is resized to
// whole. Coordinates are those of the photo as it is seen, from (0,0).
func (f Photo) window(img image.Image, from image.Rectangle, whole image.Point, window image.Rectangle) []byte {
	stored, orientation := img, 1
	if t, is := img.(turned); is { // turning the few pixels afterwards is faster
		stored, orientation = t.RGBA64Image, t.orientation
	}
	bounds := stored.Bounds()
	from = storedWithin(orientation, bounds.Size(), from).Add(bounds.Min)
	whole = across(orientation, whole)
	at := storedWithin(orientation, whole, window)
	pixels := resample(stored, from, whole, at, kernels[f.Interpolation])
	w, h := window.Dx(), window.Dy()
	plane := w * h
	out := make([]byte, 3*plane)
	first, last := 0, 2
	if f.BGR {
		first, last = 2, 0
	}
	if orientation == 1 {
		for c, to := range []int{first, 1, last} {
			copy(out[to*plane:][:plane], pixels[c*plane:])
		}
		return out
	}
	for y := range h {
		for x := range w {
			u, v := storedAt(orientation, at.Size(), x, y)
			to, i := y*w+x, v*at.Dx()+u
			out[first*plane+to], out[plane+to], out[last*plane+to] = pixels[i], pixels[plane+i], pixels[2*plane+i]
		}
	}
	return out
}

// resized returns the size of a photo before its middle is cut out. The longer side is rounded down,
// as torchvision does.
func (f Photo) resized(size image.Point, height, width int) image.Point {
	switch w, h := size.X, size.Y; {
	case f.Squash && f.Resize == 0:
		return image.Pt(width, height)
	case f.Squash:
		return image.Pt(f.Resize, f.Resize)
	case w <= h:
		return image.Pt(f.Resize, f.Resize*h/w)
	default:
		return image.Pt(f.Resize*w/h, f.Resize)
	}
}

// geometry returns the photo without the numbers that Gather applies.
func (f Photo) geometry() Photo {
	f.Mean, f.Std = PerChannel{}, PerChannel{}
	return f
}

// String says in words where the pixels come from.
func (f Photo) String() string {
	var what string
	switch {
	case f == Photo{}:
		return "no photo's preparation"
	case f.Squash && f.Resize == 0:
		what = "photos resized as a whole"
	case f.Squash:
		what = fmt.Sprintf("the middle of photos resized to %d×%d", f.Resize, f.Resize)
	default:
		what = fmt.Sprintf("the middle of photos whose shorter side becomes %d", f.Resize)
	}
	order := "RGB"
	if f.BGR {
		order = "BGR"
	}
	return fmt.Sprintf("%s (%s, %s)", what, f.Interpolation, order)
}
