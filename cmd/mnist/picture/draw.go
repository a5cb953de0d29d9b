package picture

import (
	"image/color"
	"math"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes in points. Columns are blocks of the forward pass; rows, from the top:
// weights, forward pass, gradients, legend.
const (
	boxW, gap, margin = 118, 26, 16
	boxH              = 46
	weightsY          = 236
	forwardY          = 160
	gradientY         = 84
	legendY           = 22
	height            = 312
)

// The colours differ in brightness too, so that they stay apart in grey.
var (
	paper    = color.RGBA{255, 255, 255, 255}
	ink      = color.RGBA{30, 30, 30, 255}
	constant = color.RGBA{217, 217, 217, 255}
	variable = color.RGBA{244, 167, 66, 255}
	gradient = color.RGBA{31, 78, 140, 255}
)

// width is that of the columns, and for a short network that of the legend.
func (g Graph) width() vg.Length {
	return max(vg.Length(2*margin+len(g.blocks)*boxW+(len(g.blocks)-1)*gap), legendWidth())
}

// Picture returns the drawing: of a short chain every layer, of other networks
// blocks of layers.
func (g Graph) Picture() Picture {
	if g.chain() {
		return Picture{g.width(), height, g.draw}
	}
	return rowedOf(g.folded()).picture()
}

// SVG returns the picture as an SVG file.
func (g Graph) SVG() ([]byte, error) { return g.Picture().SVG() }

// PNG returns the picture as a PNG file, at two pixels a point.
func (g Graph) PNG() ([]byte, error) { return g.Picture().PNG() }

// left is where column i begins.
func left(i int) vg.Length { return vg.Length(margin + i*(boxW+gap)) }

func (g Graph) draw(c draw.Canvas) {
	for i, b := range g.blocks {
		box(c, left(i), forwardY, paper, ink, b.title, b.shape)
		if b.tensors != nil {
			fill, kind := b.held()
			box(c, left(i), weightsY, fill, ink, kind, b.weights()...)
			arrow(c, ink, 1, left(i)+boxW/2, weightsY, left(i)+boxW/2, forwardY+boxH)
		}
		if i > 0 {
			arrow(c, ink, 1, left(i)-gap, forwardY+boxH/2, left(i), forwardY+boxH/2)
		}
	}
	g.drawGradients(c)
	g.drawCut(c)
	drawLegend(c, g.cut > 0, ink)
}

// drawGradients draws the way of the gradient, from the loss to the lowest
// trained layer.
func (g Graph) drawGradients(c draw.Canvas) {
	last := len(g.blocks) - 1
	for i, b := range g.blocks {
		if !b.reached {
			continue
		}
		title, line := "gradient", b.gradients()
		if i == last {
			title, line = "dloss = 1", "starts here"
		}
		box(c, left(i), gradientY, gradient, paper, title, line)
		if i < last {
			arrow(c, gradient, 2.5, left(i+1), gradientY+boxH/2, left(i)+boxW, gradientY+boxH/2)
		} else {
			arrow(c, gradient, 2.5, left(i)+boxW/2, forwardY, left(i)+boxW/2, gradientY+boxH)
		}
	}
}

// held returns the colour of the block's weights, and what they are.
func (b block) held() (fill color.Color, kind string) {
	if b.trained() {
		return variable, "variables"
	}
	return constant, "constants"
}

// drawCut draws the line below which nothing changes.
func (g Graph) drawCut(c draw.Canvas) {
	if g.cut == 0 {
		return
	}
	x := left(g.cut) - gap/2
	c.StrokeLine2(cutStyle(ink), x, gradientY-8, x, height-margin)
	text(c, ink, 10, x-6, height-margin-6, 1, "computed once")
	text(c, ink, 10, x+6, height-margin-6, 0, "computed each step")
}

// legend says what the colours mean, cutEntry what the dashed line does.
var legend = []struct {
	fill color.Color
	text string
}{{constant, "constant: no gradient can reach it"}, {variable, "variable: trained"}, {gradient, "gradient of the loss"}}

const cutEntry = "the cut"

// entryWidth is the room that an entry of the legend takes.
func entryWidth(s string) vg.Length { return 18 + textStyle(ink, 10).Width(s) + 24 }

func legendWidth() vg.Length {
	entries := vg.Length(margin)
	for _, entry := range legend {
		entries += entryWidth(entry.text)
	}
	return entries + entryWidth(cutEntry)
}

// cutStyle is the look of the cut.
func cutStyle(colour color.Color) draw.LineStyle {
	return draw.LineStyle{Color: colour, Width: 1.5, Dashes: []vg.Length{6, 4}}
}

func drawLegend(c draw.Canvas, cut bool, cutColour color.Color) {
	x := vg.Length(margin)
	for _, entry := range legend {
		square := vg.Rectangle{Min: vg.Point{X: x, Y: legendY}, Max: vg.Point{X: x + 12, Y: legendY + 12}}
		c.SetColor(entry.fill)
		c.Fill(square.Path())
		c.SetColor(ink)
		c.SetLineDash(nil, 0)
		c.SetLineWidth(1)
		c.Stroke(square.Path())
		text(c, ink, 10, x+18, legendY+2, 0, entry.text)
		x += entryWidth(entry.text)
	}
	if cut {
		c.StrokeLine2(cutStyle(cutColour), x, legendY+6, x+24, legendY+6)
		text(c, ink, 10, x+30, legendY+2, 0, cutEntry)
	}
}

// box draws a box with a title and smaller lines below it, centred.
func box(c draw.Canvas, x, y vg.Length, fill, letters color.Color, title string, lines ...string) {
	r := vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + boxW, Y: y + boxH}}
	c.SetColor(fill)
	c.Fill(r.Path())
	c.SetColor(ink)
	c.SetLineWidth(1)
	c.Stroke(r.Path())
	top := y + boxH/2 + vg.Length(6*len(lines)) - 4
	text(c, letters, 11, x+boxW/2, top, 0.5, title)
	for i, line := range lines {
		text(c, letters, 10, x+boxW/2, top-vg.Length(12*(i+1)), 0.5, line)
	}
}

func textStyle(ink color.Color, size font.Length) draw.TextStyle {
	return draw.TextStyle{Color: ink, Font: font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size), Handler: plot.DefaultTextHandler}
}

// text draws one line with its baseline at y, align of it left of x. Where it
// would not fit a box it is smaller, and in the end shortened.
func text(c draw.Canvas, ink color.Color, size font.Length, x, y, align vg.Length, s string) {
	room := vg.Length(math.Inf(1))
	if align == 0.5 {
		room = boxW - 8
	}
	textWithin(room, c, ink, size, x, y, align, s)
}

// textWithin is text where a line has that much room.
func textWithin(room vg.Length, c draw.Canvas, ink color.Color, size font.Length, x, y, align vg.Length, s string) {
	style := textStyle(ink, size)
	s = strings.Map(inXML, s)
	tooWide := func() bool { return style.Width(s) > room }
	for tooWide() && style.Font.Size > 6 {
		style.Font.Size -= 0.5
	}
	for letters := []rune(s); tooWide() && len(letters) > 0; letters = letters[:len(letters)-1] {
		s = string(letters) + "…"
	}
	c.FillText(style, vg.Point{X: x - align*style.Width(s), Y: y}, s)
}

// inXML returns the letter, or the mark of a wrong one: a class's name may hold
// what an SVG file may not, control characters or bytes that are no text.
func inXML(r rune) rune {
	if unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF {
		return unicode.ReplacementChar
	}
	return r
}

// arrow draws a straight arrow, along one of the axes.
func arrow(c draw.Canvas, ink color.Color, width, x0, y0, x1, y1 vg.Length) {
	c.StrokeLine2(draw.LineStyle{Color: ink, Width: width}, x0, y0, x1, y1)
	dx, dy := sign(x1-x0), sign(y1-y0)
	const long, wide = 7, 4
	var head vg.Path
	head.Move(vg.Point{X: x1, Y: y1})
	head.Line(vg.Point{X: x1 - dx*long + dy*wide, Y: y1 - dy*long + dx*wide})
	head.Line(vg.Point{X: x1 - dx*long - dy*wide, Y: y1 - dy*long - dx*wide})
	head.Close()
	c.SetColor(ink)
	c.Fill(head)
}

func sign(v vg.Length) vg.Length {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}
