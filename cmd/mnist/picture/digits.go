package picture

import (
	"bytes"
	"image"
	"image/color"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Sizes of a contact sheet in points. An image is as large whatever its pixels.
const (
	digitSide     = 56
	digitGap      = 8
	captionHeight = 16
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
	columns = min(columns, len(indices))
	rows := (len(indices) + columns - 1) / columns
	width := vg.Length(digitGap + columns*(digitSide+digitGap))
	height := vg.Length(digitGap + rows*(digitSide+captionHeight+digitGap))
	sheet := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(144))
	c := draw.New(sheet)
	c.SetColor(paper)
	c.Fill(c.Rectangle.Path())
	for i, index := range indices {
		if index < 0 || index >= set.Len() {
			return nil, errors.Errorf("contact sheet: found index %d, expected 0 to %d", index, set.Len()-1)
		}
		x := vg.Length(digitGap + i%columns*(digitSide+digitGap))
		y := height - vg.Length((1+i/columns)*(digitSide+captionHeight+digitGap)) + captionHeight
		c.DrawImage(vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + digitSide, Y: y + digitSide}}, onPaper(set, index))
		caption := set.Classes[set.Label(index)]
		if captions != nil {
			caption = captions[i]
		}
		text(c, ink, 10, x+digitSide/2, y-12, 0.5, caption)
	}
	var b bytes.Buffer
	_, err := vgimg.PngCanvas{Canvas: sheet}.WriteTo(&b)
	return b.Bytes(), errors.Wrap(err, "draw the contact sheet")
}

// onPaper returns the first channel of an image with its ink dark, enlarged
// without smoothing, so that its pixels are seen.
func onPaper(set *dataset.Set, index int) image.Image {
	h, w := set.Shape[1], set.Shape[2]
	pixels := set.Image(index)[:h*w]
	out := image.NewGray(image.Rect(0, 0, 2*digitSide, 2*digitSide))
	for y := range 2 * digitSide {
		for x := range 2 * digitSide {
			v := pixels[y*h/(2*digitSide)*w+x*w/(2*digitSide)]
			if set.Prep.Polarity != dataset.DarkOnLight {
				v = 255 - v
			}
			out.SetGray(x, y, color.Gray{Y: v})
		}
	}
	return out
}
