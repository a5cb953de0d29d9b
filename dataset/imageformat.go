package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// imageFormat is a kind of image file.
type imageFormat struct {
	name          string
	is            func(content []byte) bool
	config        func(content []byte) (image.Config, error) // of the header
	decode        func(content []byte) (image.Image, error)
	bytesPerPixel func(content []byte, m color.Model) float64 // what decoding takes, at most
	exif          func(content []byte) iter.Seq[[]byte]       // nil where the kind has none
}

var imageFormats = []imageFormat{
	{"PNG", begins("\x89PNG\r\n\x1a\n"), reading(png.DecodeConfig), reading(png.Decode),
		func(_ []byte, m color.Model) float64 { return modelBytes(m) }, pngEXIF},
	{"JPEG", begins("\xff\xd8"), reading(jpeg.DecodeConfig), reading(jpeg.Decode),
		func(content []byte, _ color.Model) float64 { return jpegBytesPerPixel(content) }, jpegEXIF},
	{"WebP", isWebP, reading(webp.DecodeConfig), decodeWebP,
		func([]byte, color.Model) float64 { return 8 }, webPEXIF}, // 4 of them while it unpacks
	{"GIF", begins("GIF87a", "GIF89a"), reading(gif.DecodeConfig), decodeGIF,
		func([]byte, color.Model) float64 { return 5 }, nil}, // 4 of them where the first picture is not the whole
	{"BMP", begins("BM"), reading(bmp.DecodeConfig), reading(bmp.Decode),
		func(_ []byte, m color.Model) float64 { return modelBytes(m) }, nil},
	{"TIFF", begins("II*\x00", "MM\x00*"), reading(tiff.DecodeConfig), reading(tiff.Decode),
		func(_ []byte, m color.Model) float64 { return 4 * modelBytes(m) }, // a strip may be all of it, and grows while it unpacks
		func(content []byte) iter.Seq[[]byte] { return slices.Values([][]byte{content}) }},
}

// isImage reports whether a file begins as an image does, be it one that can be read or not.
func isImage(head []byte) bool {
	return isHEIF(head) || slices.ContainsFunc(imageFormats, func(f imageFormat) bool { return f.is(head) })
}

// namedAsImage reports whether a file is named as images are.
func namedAsImage(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".heic", ".heif", ".avif":
		return true
	}
	return false
}

// formatOf returns the kind of an image file, by its first bytes.
func formatOf(content []byte) (*imageFormat, error) {
	const expected = "expected a PNG, JPEG, WebP, GIF, BMP or TIFF image"
	for i := range imageFormats {
		if imageFormats[i].is(content) {
			return &imageFormats[i], nil
		}
	}
	switch {
	case len(content) == 0:
		return nil, errors.Wrapf(ErrFormat, "first bytes: found nothing, %s", expected)
	case isHEIF(content):
		return nil, errors.Wrapf(ErrFormat, "found a HEIC or AVIF image, %s: convert it, as by 'heif-convert photo.heic photo.jpg' or, on a Mac, 'sips -s format jpeg photo.heic -o photo.jpg'", expected)
	}
	return nil, errors.Wrapf(ErrFormat, "first bytes: found % x, %s", content[:min(4, len(content))], expected)
}

func begins(marks ...string) func([]byte) bool {
	return func(content []byte) bool {
		return slices.ContainsFunc(marks, func(mark string) bool { return bytes.HasPrefix(content, []byte(mark)) })
	}
}

// isHEIF reports whether a file is one of the family of HEIC and AVIF: its first box tells its brand.
func isHEIF(content []byte) bool {
	if len(content) < 12 || string(content[4:8]) != "ftyp" {
		return false
	}
	return slices.Contains([]string{"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis"}, string(content[8:12]))
}

func reading[T any](read func(io.Reader) (T, error)) func([]byte) (T, error) {
	return func(content []byte) (T, error) { return read(bytes.NewReader(content)) }
}

// advised returns a decoder's error, of a file of a kind that it does not know with what to do.
func advised(err error) error {
	var j jpeg.UnsupportedError
	var p png.UnsupportedError
	var t tiff.UnsupportedError
	if errors.As(err, &j) || errors.As(err, &p) || errors.As(err, &t) || errors.Is(err, bmp.ErrUnsupported) {
		return errors.Errorf("%v: convert it, as by ImageMagick's 'magick photo.tif -colorspace sRGB -depth 8 photo.png'", err)
	}
	return err
}

// modelBytes returns the bytes of a pixel.
func modelBytes(m color.Model) float64 {
	switch m {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	if _, is := m.(color.Palette); is {
		return 1
	}
	return 4
}

// decodeGIF returns the first picture on its canvas.
func decodeGIF(content []byte) (image.Image, error) {
	config, err := gif.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	img, err := gif.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	return onCanvas(img, img.Bounds(), image.Rect(0, 0, config.Width, config.Height)), nil
}

// onCanvas returns an image as large as the canvas that shows nothing beside the picture in its place.
func onCanvas(img image.Image, place, canvas image.Rectangle) image.Image {
	if place == canvas {
		return img
	}
	whole := image.NewNRGBA(canvas)
	draw.Draw(whole, place, img, img.Bounds().Min, draw.Src)
	return whole
}
