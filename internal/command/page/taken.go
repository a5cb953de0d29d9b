package page

import (
	"bytes"
	"image"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// taken is an image that was sent: as the network takes it, and as a sample.
type taken struct {
	input  []byte // [C,H,W]
	note   string // what is doubtful about a drawing
	sample sample
}

// take reads an image file for the network.
func take(content []byte, m *model.Network) (taken, error) {
	if m.Prep.IsPhoto() {
		return readPhoto(content, m)
	}
	return readDrawing(content, m.Prep.Polarity)
}

// maxPixels bounds the images that are decoded: the page sends no larger ones, and a
// small file can unpack to a huge image.
const maxPixels = 1 << 20

// errPixels is the cause of the error for an image that has more.
var errPixels = errors.New("too many pixels")

// decode reads an image file.
func decode(content []byte) (image.Image, error) {
	// DecodeImage has the better errors about headers.
	if c, _, err := image.DecodeConfig(bytes.NewReader(content)); err == nil && float64(c.Width)*float64(c.Height) > maxPixels {
		return nil, errors.Wrapf(errPixels, "image: found %d×%d pixels, expected a product of at most %d", c.Width, c.Height, maxPixels)
	}
	return dataset.DecodeImage(bytes.NewReader(content), "image")
}
