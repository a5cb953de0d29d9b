package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of a contact sheet in points. An image is as large whatever its pixels.
const (
	digitSide     = 56
	digitGap      = 8
	captionHeight = 16
	mistakeWidth  = 116 // room for a mistake's captions
)

// Digits returns a contact sheet of the set's images with these indices as a
// PNG file, columns of them in a row, dark on light as on paper. Below each
// stands its caption; where captions is nil, the name of its class.
func Digits(set *dataset.Set, indices []int, captions []string, columns int) ([]byte, error) {
	if len(indices) == 0 || columns < 1 {
		return nil, errors.Errorf("contact sheet: found %d images in %d columns, expected at least one of each", len(indices), columns)
	}
	if captions != nil && len(captions) != len(indices) {
		return nil, errors.Errorf("contact sheet: found %d captions for %d images, expected as many, or nil", len(captions), len(indices))
	}
	s := sheet{set: set, indices: indices, columns: min(columns, len(indices)), tile: digitSide, lines: 1}
	for i, index := range indices {
		if index < 0 || index >= set.Len() {
			return nil, errors.Errorf("contact sheet: found index %d, expected 0 to %d", index, set.Len()-1)
		}
		caption := set.Classes[set.Label(index)]
		if captions != nil {
			caption = captions[i]
		}
		s.captions = append(s.captions, []string{caption})
	}
	return s.picture().PNG()
}

// Mistake is an image that was taken for another class than its own.
type Mistake struct {
	Index       int     // of the image in its set
	Given       int     // the class it was taken for
	Probability float64 // of that class, 0 to 1
}

// Mistakes returns a contact sheet of mistakes, columns of them in a row, each
// with the two classes and the probability of the wrong one. There must be one
// at least.
func Mistakes(set *dataset.Set, mistakes []Mistake, columns int) Picture {
	s := sheet{set: set, columns: min(columns, len(mistakes)), tile: mistakeWidth, lines: 3}
	for _, m := range mistakes {
		s.indices = append(s.indices, m.Index)
		s.captions = append(s.captions, []string{
			"true: " + set.Classes[set.Label(m.Index)], "given: " + set.Classes[m.Given], Percent(m.Probability),
		})
	}
	return s.picture()
}

// Percent writes a probability, and 100 % for 1 alone.
func Percent(p float64) string {
	if p > 0.9999 && p < 1 {
		return ">99.99 %"
	}
	if p > 0.999 {
		return fmt.Sprintf("%.2f %%", 100*p)
	}
	return fmt.Sprintf("%.1f %%", 100*p)
}

// sheet is a contact sheet: images in rows, each above lines of its caption.
type sheet struct {
	set      *dataset.Set
	indices  []int
	captions [][]string
	columns  int
	lines    int       // of a caption
	tile     vg.Length // room for an image and its caption, across
}

func (s sheet) picture() Picture {
	high := vg.Length(digitSide + s.lines*captionHeight + digitGap)
	rows := vg.Length((len(s.indices) + s.columns - 1) / s.columns)
	width, height := digitGap+vg.Length(s.columns)*(s.tile+digitGap), digitGap+rows*high
	return Picture{width, height, func(c draw.Canvas) {
		for i, index := range s.indices {
			x := digitGap + vg.Length(i%s.columns)*(s.tile+digitGap) + s.tile/2
			y := height - vg.Length(1+i/s.columns)*high + vg.Length(s.lines*captionHeight)
			c.DrawImage(vg.Rectangle{Min: vg.Point{X: x - digitSide/2, Y: y}, Max: vg.Point{X: x + digitSide/2, Y: y + digitSide}}, onPaper(s.set, index))
			for j, line := range s.captions[i] {
				textWithin(max(s.tile, boxW-8), c, ink, 10, x, y-12-vg.Length(j*captionHeight), 0.5, line)
			}
		}
	}}
}

// Digit returns one image of the set as a PNG file, dark on light as on paper.
func Digit(set *dataset.Set, index int) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, onPaper(set, index))
	return b.Bytes(), errors.Wrap(err, "draw the image")
}

// onPaper returns a photo, or the first channel of an image with its ink dark,
// enlarged without smoothing, so that its pixels are seen.
func onPaper(set *dataset.Set, index int) image.Image {
	h, w := set.Shape[1], set.Shape[2]
	if set.Prep.IsPhoto() {
		if img, err := set.View(index); err == nil {
			return img
		}
	}
	pixels := set.Image(index)[:h*w]
	return enlarged(h, w, func(i int) uint8 {
		if set.Prep.Polarity != dataset.DarkOnLight {
			return 255 - pixels[i]
		}
		return pixels[i]
	})
}

// enlarged returns a grey image of h rows of w pixels, row by row, at twice as
// many pixels as a contact sheet has points for it.
func enlarged(h, w int, pixel func(i int) uint8) image.Image {
	out := image.NewGray(image.Rect(0, 0, 2*digitSide, 2*digitSide))
	for y := range 2 * digitSide {
		for x := range 2 * digitSide {
			out.SetGray(x, y, color.Gray{Y: pixel(y*h/(2*digitSide)*w + x*w/(2*digitSide))})
		}
	}
	return out
}
