package dataset

import (
	"image"
	"image/color"
	"slices"

	"github.com/pkg/errors"
	"golang.org/x/image/draw"
)

// maxImageSide bounds the height and the width that the images of a folder are made.
const maxImageSide = 1024

// conversion turns an image into the bytes of one image of a set.
type conversion struct {
	shape   []int // [C,H,W]
	prep    Preprocessing
	convert func(image.Image) (pixels []byte, note string, err error)
}

// conversionTo returns how images become the shape: through Digit for [1,28,28] and for none given;
// for photos as prep says; otherwise resized as a whole, to grey for one channel and to red, green and
// blue for three.
func conversionTo(shape []int, prep Preprocessing) (conversion, error) {
	if len(shape) == 0 {
		shape = []int{1, digitSide, digitSide}
	}
	if len(shape) != 3 || shape[0] != 1 && shape[0] != 3 || min(shape[1], shape[2]) < 1 || max(shape[1], shape[2]) > maxImageSide {
		return conversion{}, errors.Wrapf(ErrArgument, "shape: found %v, expected [1 or 3, height, width] with sides of 1 to %d", shape, maxImageSide)
	}
	if prep.IsPhoto() {
		for _, err := range []error{prep.Validate(), prep.CheckShape(shape)} {
			if err != nil {
				return conversion{}, err
			}
		}
		return conversion{slices.Clone(shape), prep, func(img image.Image) ([]byte, string, error) {
			pixels, err := prep.Photo.Pixels(img, shape[1], shape[2])
			return pixels, "", err
		}}, nil
	}
	c := conversion{shape: slices.Clone(shape), prep: MNISTPreprocessing()}
	if [3]int(shape) == [3]int{1, digitSide, digitSide} {
		c.convert = func(img image.Image) ([]byte, string, error) {
			d, err := Find(img)
			return d.Image[:], d.Note, err
		}
		return c, nil
	}
	c.prep.Polarity = DarkOnLight
	c.convert = func(img image.Image) ([]byte, string, error) {
		pixels, err := resized(img, c.shape)
		return pixels, "", err
	}
	return c, nil
}

// resized scales a whole image, over white, to [C,H,W].
func resized(img image.Image, shape []int) ([]byte, error) {
	channels, h, w := shape[0], shape[1], shape[2]
	const columnBytes = 32 // what the scaler keeps of a row for a column it makes
	if most := maxImageDecoded / (w * columnBytes); img.Bounds().Dy() > most {
		return nil, errors.Wrapf(ErrTooLarge, "size: found %d rows, expected at most %d to make images of %v", img.Bounds().Dy(), most, shape)
	}
	rgba := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(rgba, rgba.Rect, image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(rgba, rgba.Rect, img, img.Bounds(), draw.Over, nil)
	out := make([]byte, channels*h*w)
	for i := range h * w {
		c := color.RGBA{rgba.Pix[4*i], rgba.Pix[4*i+1], rgba.Pix[4*i+2], rgba.Pix[4*i+3]}
		if channels == 1 {
			out[i] = color.GrayModel.Convert(c).(color.Gray).Y
		} else {
			out[i], out[h*w+i], out[2*h*w+i] = c.R, c.G, c.B
		}
	}
	return out, nil
}
