package page

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/color"
	"image/jpeg"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
	"golang.org/x/image/draw"
)

// smallSide is the side in pixels of the small picture of a photo, smallShown how many
// of a class the page shows, the latest ones.
const (
	smallSide  = 44
	smallShown = 12
	smallGap   = 2
)

// held returns how many of the samples are held out of a training to measure it: a
// fifth of the photos, the latest. It is not a random fifth, because the frames of one
// recording resemble each other, and neighbours most of all.
func (k class) held() int {
	if len(k.Samples) == 0 || k.Samples[0].photo == nil {
		return 0
	}
	return len(k.Samples) / 5
}

// readPhoto reads an image file and prepares it as the network's images are.
func readPhoto(content []byte, m *model.Network) (taken, error) {
	img, err := decode(content)
	if err != nil {
		return taken{}, err
	}
	shape := m.Spec.Input
	input, err := m.Prep.Photo.Pixels(img, shape[1], shape[2])
	if err != nil {
		return taken{}, err
	}
	return taken{input: input, sample: sample{photo: &photo{
		file: content, sum: sha256.Sum256(content), small: reduced(picture(input, m)),
	}}}, nil
}

// picture returns what a network of photos gets, [3,H,W], as an image.
func picture(input []byte, m *model.Network) *image.NRGBA {
	h, w := m.Spec.Input[1], m.Spec.Input[2]
	plane := h * w
	first, last := input[:plane], input[2*plane:]
	if m.Prep.Photo.BGR {
		first, last = last, first
	}
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range plane {
		copy(img.Pix[4*i:], []byte{first[i], input[plane+i], last[i], 255})
	}
	return img
}

func reduced(img image.Image) []byte {
	to := image.NewNRGBA(image.Rect(0, 0, smallSide, smallSide))
	draw.ApproxBiLinear.Scale(to, to.Rect, img, img.Bounds(), draw.Src, nil)
	rgb := make([]byte, 0, 3*smallSide*smallSide)
	for i := 0; i < len(to.Pix); i += 4 {
		rgb = append(rgb, to.Pix[i:i+3]...)
	}
	return rgb
}

// sheet returns a picture of the latest photos of a class in a row, the newest
// first. Those that are held out have a frame.
func (k class) sheet() image.Image {
	n := min(len(k.Samples), smallShown)
	const step = smallSide + smallGap
	sheet := image.NewNRGBA(image.Rect(0, 0, n*step-smallGap, smallSide))
	for i := range n {
		rgb := k.Samples[len(k.Samples)-1-i].photo.small
		for y := range smallSide {
			for x := range smallSide {
				p := rgb[3*(y*smallSide+x):]
				c := color.NRGBA{p[0], p[1], p[2], 255}
				if edge := min(x, y, smallSide-1-x, smallSide-1-y); i < k.held() && edge < 3 {
					c = frameColours[edge/2]
				}
				sheet.SetNRGBA(i*step+x, y, c)
			}
		}
	}
	return sheet
}

// frameColours are seen on light and dark photos: from the edge inwards.
var frameColours = [2]color.NRGBA{{255, 190, 0, 255}, {0, 0, 0, 255}}

// jpegOf encodes a picture for the page.
func jpegOf(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90})
	return b.Bytes(), errors.Wrap(err, "encode a picture")
}

// photoSets returns the photos to teach and those held out, nil if none is.
func (c classes) photoSets(m *model.Network) (taught, held *dataset.Set, err error) {
	var files [2][][]byte
	var labels [2][]int
	for label, k := range c {
		first := len(k.Samples) - k.held()
		for i, s := range k.Samples {
			half := 0
			if i >= first {
				half = 1
			}
			files[half], labels[half] = append(files[half], s.photo.file), append(labels[half], label)
		}
	}
	taught, err = dataset.NewPhotos("samples", m.Spec.Input, files[0], labels[0], c.names(), m.Prep)
	if err == nil && len(files[1]) > 0 {
		held, err = dataset.NewPhotos("samples held out", m.Spec.Input, files[1], labels[1], c.names(), m.Prep)
	}
	return taught, held, err
}
