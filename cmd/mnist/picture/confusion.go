package picture

import (
	"image"
	"image/color"
	"math"
	"strconv"

	"github.com/pkg/errors"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bounds of the confusion matrix: up to CountedClasses its counts stand in the
// cells, up to MaxClasses it is drawn at all.
const (
	CountedClasses = 60
	MaxClasses     = 600
)

const (
	nameRoom = 110 // points for the name of a class
	axisRoom = 18  // and for that of an axis
)

// HeatLevels is how many steps of darkness a cell has, beside none.
const HeatLevels = 10

// HeatLevel returns how dark the cell of count images out of a class of total
// is, 0 to HeatLevels: by the square root of the share, so that a few mistakes
// are seen beside many right answers.
func HeatLevel(count, total int) int {
	if count <= 0 {
		return 0
	}
	return int(math.Ceil(HeatLevels * math.Sqrt(float64(count)/float64(total))))
}

// heat returns the colour of a level, and that of letters on it.
func heat(level int) (fill, letters color.RGBA) {
	mix := func(from, to uint8) uint8 {
		return uint8(int(from) + (int(to)-int(from))*level/HeatLevels)
	}
	fill = color.RGBA{mix(paper.R, gradient.R), mix(paper.G, gradient.G), mix(paper.B, gradient.B), 255}
	if level > 7 {
		return fill, paper
	}
	return fill, color.RGBA{A: 255}
}

// Confusion draws a confusion matrix, [true class][given class], as a heat map:
// a row for each true class, a column for each given one, with the counts where
// there are at most CountedClasses classes; an empty cell is 0.
func Confusion(classes []string, counts [][]int) (Picture, error) {
	n := len(classes)
	if n == 0 || n > MaxClasses || len(counts) != n {
		return Picture{}, errors.Errorf("draw the confusion matrix: found %d classes and %d rows, expected as many, 1 to %d", n, len(counts), MaxClasses)
	}
	m := matrix{classes: classes, counts: counts, every: 1}
	style := textStyle(ink, 10)
	for _, name := range classes {
		m.names = max(m.names, min(style.Width(name), nameRoom))
	}
	if n <= CountedClasses {
		m.cell = 24
		for _, row := range counts {
			for _, count := range row {
				m.cell = max(m.cell, textStyle(ink, 9).Width(strconv.Itoa(count))+6)
			}
		}
	} else {
		m.cell = max(2, min(10, vg.Length(1200/n)))
		m.every = int(math.Ceil(float64(12 / m.cell)))
	}
	m.head = m.names
	if m.upright = m.names > m.cell*vg.Length(m.every)-4; !m.upright {
		m.head = 10
	}
	side := vg.Length(n) * m.cell
	return Picture{axisRoom + m.names + 8 + max(side, 80) + 8, axisRoom + m.head + 8 + max(side, 60) + 8, m.draw}, nil
}

// matrix is the layout of a confusion matrix in points.
type matrix struct {
	classes []string
	counts  [][]int
	cell    vg.Length // side of a cell
	names   vg.Length // room for the names of the rows
	head    vg.Length // and of the columns
	upright bool      // the columns' names are written upwards
	every   int       // one in this many classes is named
}

func (m matrix) draw(c draw.Canvas) {
	left, top := axisRoom+m.names+8, c.Max.Y-axisRoom-m.head-8
	side := vg.Length(len(m.classes)) * m.cell
	text(c, ink, 10, left, c.Max.Y-13, 0, "given class")
	upwards(c, vg.Point{X: 13, Y: top}, side, 1, "true class")
	for i := 0; i < len(m.classes); i += m.every {
		middle := (vg.Length(i) + vg.Length(min(m.every, len(m.classes)-i))/2) * m.cell
		textWithin(m.names, c, ink, 10, left-5, top-middle-3.5, 1, m.classes[i])
		if m.upright {
			upwards(c, vg.Point{X: left + middle + 3.5, Y: top + 5}, m.head, 0, m.classes[i])
		} else {
			textWithin(m.cell*vg.Length(m.every), c, ink, 10, left+middle, top+5, 0.5, m.classes[i])
		}
	}
	whole := vg.Rectangle{Min: vg.Point{X: left, Y: top - side}, Max: vg.Point{X: left + side, Y: top}}
	if len(m.classes) > CountedClasses {
		c.DrawImage(whole, m.pixels())
	} else {
		m.drawCells(c, left, top)
	}
	c.SetColor(ink)
	c.SetLineWidth(1)
	c.Stroke(whole.Path())
}

// upwards writes a line from the bottom to the top, align of it below the
// point.
func upwards(c draw.Canvas, at vg.Point, room, align vg.Length, s string) {
	c.Push()
	c.Translate(at)
	c.Rotate(math.Pi / 2)
	textWithin(room, c, ink, 10, 0, 0, align, s)
	c.Pop()
}

func (m matrix) drawCells(c draw.Canvas, left, top vg.Length) {
	for i, row := range m.counts {
		total := sum(row)
		for j, count := range row {
			if count == 0 && i != j {
				continue
			}
			x, y := left+vg.Length(j)*m.cell, top-vg.Length(i+1)*m.cell
			fill, letters := heat(HeatLevel(count, total))
			place := vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + m.cell, Y: y + m.cell}}
			c.SetColor(fill)
			c.Fill(place.Path())
			c.SetColor(constant)
			c.SetLineWidth(0.5)
			c.Stroke(place.Path())
			textWithin(m.cell, c, letters, 9, x+m.cell/2, y+m.cell/2-3, 0.5, strconv.Itoa(count))
		}
	}
}

// pixels returns the matrix as an image, for many classes: a thousand little
// squares make a large file.
func (m matrix) pixels() image.Image {
	scale := int(2 * m.cell)
	img := image.NewRGBA(image.Rect(0, 0, scale*len(m.classes), scale*len(m.classes)))
	for i, row := range m.counts {
		total := sum(row)
		for j, count := range row {
			fill, _ := heat(HeatLevel(count, total))
			for y := i * scale; y < (i+1)*scale; y++ {
				for x := j * scale; x < (j+1)*scale; x++ {
					img.SetRGBA(x, y, fill)
				}
			}
		}
	}
	return img
}

func sum(row []int) int {
	total := 0
	for _, n := range row {
		total += n
	}
	return total
}
