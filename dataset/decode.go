package dataset

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/pkg/errors"
)

// Bounds of image files: what may be read, and what it may unpack to.
const (
	maxImageFile    = 64 << 20   // bytes of a file
	maxImagePixels  = 50_000_000 // width times height
	maxImageLength  = 65535      // width, and height
	maxImageDecoded = 128 << 20  // bytes that decoding takes
)

// DecodeImage reads a PNG or JPEG file; the content decides which, name is for messages. Its
// dimensions are looked at before it is decoded: an image over 64 MiB, over 50 million pixels or 65,535 a side, or
// that takes over 128 MiB to decode (33 million pixels of 8-bit RGBA, 11 of a progressive JPEG at
// full colour resolution) is an ErrTooLarge. All else that is wrong with it is an ErrFormat. The
// EXIF orientation is followed.
func DecodeImage(r io.Reader, name string) (image.Image, error) {
	name = printable(name)
	if isNil(r) {
		return nil, errors.Wrapf(ErrArgument, "%s: found nothing to read", name)
	}
	content, err := io.ReadAll(io.LimitReader(r, maxImageFile+1))
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	if len(content) > maxImageFile {
		return nil, errors.Wrapf(ErrTooLarge, "%s: length: found more than %d bytes, expected at most as many", name, maxImageFile)
	}
	var config image.Config
	var bytesPerPixel float64
	isPNG := bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n"))
	switch {
	case isPNG:
		config, err = png.DecodeConfig(bytes.NewReader(content))
		bytesPerPixel = pngBytesPerPixel(config.ColorModel)
	case bytes.HasPrefix(content, []byte("\xff\xd8")):
		config, err = jpeg.DecodeConfig(bytes.NewReader(content))
		bytesPerPixel = jpegBytesPerPixel(content)
	default:
		if len(content) == 0 {
			return nil, errors.Wrapf(ErrFormat, "%s: first bytes: found nothing, expected a PNG or JPEG image", name)
		}
		return nil, errors.Wrapf(ErrFormat, "%s: first bytes: found % x, expected a PNG or JPEG image", name, content[:min(4, len(content))])
	}
	if err != nil {
		return nil, errors.Wrapf(ErrFormat, "%s: header: %v", name, err)
	}
	if err := checkSize(name, config.Width, config.Height, bytesPerPixel); err != nil {
		return nil, err
	}
	if isPNG {
		img, err := png.Decode(bytes.NewReader(content))
		if err != nil {
			return nil, errors.Wrapf(ErrFormat, "%s: PNG: %v", name, err)
		}
		return upright(img, pngEXIF(content)), nil
	}
	img, err := jpeg.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, errors.Wrapf(ErrFormat, "%s: JPEG: %v", name, err)
	}
	return upright(img, jpegEXIF(content)), nil
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

func pngBytesPerPixel(m color.Model) float64 {
	switch m {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.RGBAModel, color.NRGBAModel:
		return 4
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	return 1 // a palette
}

// jpegBytesPerPixel returns what decoding takes: a byte for each sample, of which there are fewer
// than three a pixel where colour is stored coarser than light, and in a progressive JPEG another
// four for its coefficient.
func jpegBytesPerPixel(content []byte) float64 {
	const most = 4 * 5 // for four components
	for marker, segment := range jpegSegments(content) {
		progressive := marker == 0xc2
		if !progressive && marker != 0xc0 && marker != 0xc1 {
			continue
		}
		if len(segment) < 6 || len(segment) < 6+3*int(segment[5]) {
			return most
		}
		var samples, widest, highest int
		for i := range int(segment[5]) {
			w, h := int(segment[7+3*i]>>4), int(segment[7+3*i]&15)
			samples, widest, highest = samples+w*h, max(widest, w), max(highest, h)
		}
		if samples == 0 {
			return most
		}
		perPixel := float64(samples) / float64(widest*highest)
		if progressive {
			perPixel *= 5
		}
		return perPixel
	}
	return most
}

// jpegSegments yields the marker and the content of each segment of a JPEG file before its pixels.
func jpegSegments(content []byte) func(yield func(marker byte, segment []byte) bool) {
	return func(yield func(byte, []byte) bool) {
		for rest := content[min(2, len(content)):]; len(rest) >= 4 && rest[0] == 0xff; {
			marker := rest[1]
			if marker == 0xff { // padding
				rest = rest[1:]
				continue
			}
			length := int(binary.BigEndian.Uint16(rest[2:]))
			if marker == 0xda || length < 2 || len(rest) < 2+length {
				return
			}
			if !yield(marker, rest[4:2+length]) {
				return
			}
			rest = rest[2+length:]
		}
	}
}
