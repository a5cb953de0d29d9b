package dataset

import (
	"encoding/json"
	"fmt"
	"image"
	"math"

	"github.com/pkg/errors"
	"golang.org/x/image/draw"
)

// How the pixels of a resized photo are computed. Both average when the photo becomes smaller, as
// Pillow's filters of these names do.
const (
	Bilinear = "bilinear"
	Bicubic  = "bicubic"
)

// Photo is how a photo of any size becomes an image of a network, [3,H,W]: it is resized, its middle
// is cut out, and each channel is standardised. The zero value stands for images that are no photos.
type Photo struct {
	Resize        int        `json:"resize"`           // what the shorter side becomes
	Squash        bool       `json:"squash,omitempty"` // what both sides become, whatever the proportions
	Interpolation string     `json:"interpolation"`    // Bilinear or Bicubic
	BGR           bool       `json:"bgr,omitempty"`    // blue, green, red rather than red, green, blue
	Mean          PerChannel `json:"mean"`             // in the place of Preprocessing's, which is 0 then
	Std           PerChannel `json:"std"`              // in the place of Preprocessing's, which is 1 then
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

// ImageNetPreprocessing is what torchvision does to photos: the shorter side becomes resize, the
// middle is cut out, and bytes are scaled to 0..1 and standardised with the means and deviations of
// ImageNet's channels.
func ImageNetPreprocessing(resize int, interpolation string) Preprocessing {
	return Preprocessing{Scale: 1.0 / 255, Std: 1, Polarity: DarkOnLight, Photo: Photo{
		Resize: resize, Interpolation: interpolation, Mean: PerChannel{0.485, 0.456, 0.406}, Std: PerChannel{0.229, 0.224, 0.225},
	}}
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
	case min(shape[1], shape[2]) < 1 || max(shape[1], shape[2]) > p.Photo.Resize:
		return errors.Wrapf(ErrArgument, "preprocessing: resize: found %d, expected at least the sides of the images, %d and %d", p.Photo.Resize, shape[1], shape[2])
	}
	return nil
}

func (f Photo) validate() error {
	const most = 16384
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	switch {
	case f.Resize < 1 || f.Resize > most:
		return errors.Wrapf(ErrArgument, "preprocessing: resize: found %d, expected 1 to %d", f.Resize, most)
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

// Pixels returns the bytes of a photo as an image of a network, [3,H,W]. What is transparent shows
// white. The error is an ErrArgument, or an ErrTooLarge for a photo whose sides differ too much.
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
	from := img.Bounds()
	whole := f.resized(from.Dx(), from.Dy())
	const columnBytes = 32 // what the scaler keeps of a row for a column it makes
	if max(whole.X, whole.Y) > maxImageLength || from.Dy() > maxImageDecoded/(whole.X*columnBytes) {
		return nil, errors.Wrapf(ErrTooLarge, "size: found %d×%d pixels, which would become %d×%d, expected sides that differ less", from.Dx(), from.Dy(), whole.X, whole.Y)
	}
	// The corner of the middle, as torchvision rounds it: half to even.
	left := int(math.RoundToEven(float64(whole.X-width) / 2))
	top := int(math.RoundToEven(float64(whole.Y-height) / 2))
	rgba := image.NewRGBA(image.Rect(left, top, left+width, top+height))
	draw.Draw(rgba, rgba.Rect, image.White, image.Point{}, draw.Src)
	scaler := draw.BiLinear
	if f.Interpolation == Bicubic {
		scaler = draw.CatmullRom
	}
	scaler.Scale(rgba, image.Rectangle{Max: whole}, img, from, draw.Over, nil)
	out := make([]byte, 3*height*width)
	plane := height * width
	first, last := 0, 2
	if f.BGR {
		first, last = 2, 0
	}
	for i := range plane {
		out[first*plane+i], out[plane+i], out[last*plane+i] = rgba.Pix[4*i], rgba.Pix[4*i+1], rgba.Pix[4*i+2]
	}
	return out, nil
}

// resized returns the size of a photo before its middle is cut out. The longer side is rounded down,
// as torchvision does.
func (f Photo) resized(w, h int) image.Point {
	switch {
	case f.Squash:
		return image.Pt(f.Resize, f.Resize)
	case w <= h:
		return image.Pt(f.Resize, f.Resize*h/w)
	}
	return image.Pt(f.Resize*w/h, f.Resize)
}

// geometry returns the photo without the numbers that Gather applies.
func (f Photo) geometry() Photo {
	f.Mean, f.Std = PerChannel{}, PerChannel{}
	return f
}

// String says in words where the pixels come from.
func (f Photo) String() string {
	if f.Resize == 0 {
		return "no photo's preparation"
	}
	what, order := "the middle of photos whose shorter side becomes", "RGB"
	if f.Squash {
		what = "the middle of photos of which both sides become"
	}
	if f.BGR {
		order = "BGR"
	}
	return fmt.Sprintf("%s %d (%s, %s)", what, f.Resize, f.Interpolation, order)
}
