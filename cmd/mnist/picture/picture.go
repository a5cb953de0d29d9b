package picture

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Picture is a drawing that is written as an SVG or a PNG file. It brings its
// own light background, so that it can be read on a dark page too.
type Picture struct {
	width, height vg.Length // in points
	draw          func(draw.Canvas)
}

// paint fills the background and draws.
func (p Picture) paint(c draw.Canvas) {
	c.SetColor(paper)
	c.Fill(c.Rectangle.Path())
	c.SetLineDash(nil, 0)
	p.draw(c)
}

// SVG returns the picture as an SVG file.
func (p Picture) SVG() ([]byte, error) {
	c := vgsvg.New(p.width, p.height)
	p.paint(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, errors.Wrap(err, "draw the picture")
	}
	// Liberation Sans has the widths of Arial and Helvetica: name those too,
	// for a browser that lacks it.
	file := bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif"))
	return svgText.ReplaceAllFunc(file, withLength), nil
}

// svgText is a text in the files of vgsvg: its beginning, its size, its letters.
var svgText = regexp.MustCompile(`(?s)<text( [^>]*font-size:([\d.]+)px[^>]*>)([^<]*)</text>`)

// withLength says how long a text is. In a font that is wider, as DejaVu Sans, it
// would leave its box, or run into the next.
func withLength(text []byte) []byte {
	parts := svgText.FindSubmatch(text)
	size, err := strconv.ParseFloat(string(parts[2]), 64)
	if err != nil {
		return text
	}
	width := textStyle(ink, vg.Length(size)).Width(html.UnescapeString(string(parts[3])))
	if width <= 0 {
		return text
	}
	return fmt.Appendf(nil, `<text textLength="%.5g" lengthAdjust="spacingAndGlyphs"%s%s</text>`, width, parts[1], parts[3])
}

// PNG returns the picture as a PNG file, at two pixels a point.
func (p Picture) PNG() ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(p.width, p.height), vgimg.UseDPI(144))
	p.paint(draw.New(c))
	var b bytes.Buffer
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(&b)
	return b.Bytes(), errors.Wrap(err, "draw the picture")
}

// inPage are the colours that a page sets anew by CSS variables, for its dark
// look.
var inPage = strings.NewReplacer(
	"#FFFFFF", "var(--paper)", "#1E1E1E", "var(--ink)", "#F4A742", "var(--variable)", "#1F4E8C", "var(--gradient)", "#D9D9D9", "var(--constant)")

// Inline returns the picture as an svg element of an HTML page, with label for
// those who do not see it. Its colours are the page's CSS variables --paper,
// --ink, --constant, --variable and --gradient.
func (p Picture) Inline(label string) (string, error) {
	file, err := p.SVG()
	if err != nil {
		return "", err
	}
	_, body, _ := strings.Cut(string(file), "<svg")
	_, body, _ = strings.Cut(body, ">")
	return fmt.Sprintf(`<svg viewBox="0 0 %g %g" style="--width:%gpx" role="img" aria-label="%s">`, p.width, p.height, p.width, html.EscapeString(label)) +
		inPage.Replace(body), nil
}
