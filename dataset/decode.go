package dataset

import (
	"image"
	"io"

	"github.com/pkg/errors"
)

// MaxImageFile is how many bytes an image file may have.
const MaxImageFile = 64 << 20

// Bounds of what an image file may unpack to.
const (
	maxImagePixels  = 100_000_000 // width times height
	maxImageLength  = 65535       // width, and height
	maxImageDecoded = 256 << 20   // bytes that decoding takes
)

// DecodeImage reads a PNG, JPEG, WebP, GIF, BMP or TIFF file; the content decides which, name is for
// messages. Its dimensions are checked before it is decoded: an image over 64 MiB, over 100 million
// pixels or 65,535 a side, or that takes over 256 MiB to decode (67 million pixels of 8-bit RGBA, 22 of
// a progressive JPEG at full colour resolution) is an ErrTooLarge. Anything else wrong with it is an
// ErrFormat. The EXIF orientation is applied. Of an animation it returns the first picture.
func DecodeImage(r io.Reader, name string) (image.Image, error) {
	name = printable(name)
	if isNil(r) {
		return nil, errors.Wrapf(ErrArgument, "%s: found nothing to read", name)
	}
	content, err := io.ReadAll(io.LimitReader(r, MaxImageFile+1))
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	e, err := encodedImage(content, name)
	if err != nil {
		return nil, err
	}
	return e.decode()
}

// encoded is an image file in memory of which the header is good.
type encoded struct {
	name    string
	content []byte
	format  *imageFormat
	memory  int64 // bytes that decoding takes, at most
}

// encodedImage looks at the header of an image file.
func encodedImage(content []byte, name string) (encoded, error) {
	if len(content) > MaxImageFile {
		return encoded{}, errors.Wrapf(ErrTooLarge, "%s: length: found more than %d bytes, expected at most as many", name, MaxImageFile)
	}
	format, err := formatOf(content)
	if err != nil {
		return encoded{}, errors.WithMessage(err, name)
	}
	config, err := format.config(content)
	if err != nil {
		return encoded{}, errors.Wrapf(ErrFormat, "%s: header: %v", name, advised(err))
	}
	perPixel := format.bytesPerPixel(content, config.ColorModel)
	if err := checkSize(name, config.Width, config.Height, perPixel); err != nil {
		return encoded{}, err
	}
	return encoded{name, content, format, int64(float64(config.Width) * float64(config.Height) * perPixel)}, nil
}

func (e encoded) decode() (img image.Image, err error) {
	defer func() {
		if r := recover(); r != nil { // a decoder's fault, not its caller's
			img, err = nil, errors.Wrapf(ErrFormat, "%s: %s: the decoder failed: %v", e.name, e.format.name, r)
		}
	}()
	img, err = e.format.decode(e.content)
	if err != nil {
		return nil, errors.Wrapf(ErrFormat, "%s: %s: %v", e.name, e.format.name, advised(err))
	}
	if e.format.exif == nil {
		return img, nil
	}
	return upright(img, e.format.exif(e.content)), nil
}

func checkSize(name string, w, h int, bytesPerPixel float64) error {
	switch pixels := float64(w) * float64(h); {
	case w <= 0 || h <= 0:
		return errors.Wrapf(ErrFormat, "%s: size: found %d×%d pixels, expected 1×1 or more", name, w, h)
	case pixels > maxImagePixels:
		return errors.Wrapf(ErrTooLarge, "%s: size: found %d×%d pixels, expected a product of at most %d", name, w, h, maxImagePixels)
	case max(w, h) > maxImageLength:
		return errors.Wrapf(ErrTooLarge, "%s: size: found %d×%d pixels, expected sides of at most %d", name, w, h, maxImageLength)
	case pixels*bytesPerPixel > maxImageDecoded:
		return errors.Wrapf(ErrTooLarge, "%s: size: found %d×%d pixels, which take %.0f MiB, expected at most %d MiB",
			name, w, h, pixels*bytesPerPixel/(1<<20), maxImageDecoded>>20)
	}
	return nil
}
