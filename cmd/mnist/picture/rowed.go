package picture

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// rowed is a folded graph in rows of blocks. A row has, from the top, the weights,
// the forward pass and, where it is reached, the gradients.
type rowed struct {
	Graph
	columns int
	forward []vg.Length // where the boxes of the forward pass stand, by row
	height  vg.Length
	beside  []span // paths beside the chain that are drawn already
}

// span is what a path beside the chain goes past.
type span struct{ from, to int }

// Sizes in points.
const (
	mostColumns = 6
	edge        = 44 // beside the rows
	headroom    = 52 // above a row
	tier        = 76 // from one box of a column to the next
	footer      = 56
)

var (
	cutColour  = color.RGBA{179, 38, 30, 255}
	frozenTint = color.RGBA{240, 240, 240, 255}
	trainTint  = color.RGBA{252, 233, 207, 255}
)

// rowedOf lays out a graph.
func rowedOf(g Graph) *rowed {
	rows := (len(g.blocks) + mostColumns - 1) / mostColumns
	s := &rowed{Graph: g, columns: (len(g.blocks) + rows - 1) / rows, forward: make([]vg.Length, rows)}
	y := vg.Length(footer)
	for r := rows - 1; r >= 0; r-- {
		if s.rowReached(r) {
			y += tier
		}
		s.forward[r] = y
		y += tier + boxH + headroom
	}
	s.height = y
	return s
}

func (s *rowed) rowReached(row int) bool {
	for i := row * s.columns; i < min((row+1)*s.columns, len(s.blocks)); i++ {
		if s.blocks[i].reached {
			return true
		}
	}
	return false
}

func (s *rowed) row(i int) int     { return i / s.columns }
func (s *rowed) x(i int) vg.Length { return vg.Length(edge + i%s.columns*(boxW+gap)) }
func (s *rowed) y(i int) vg.Length { return s.forward[s.row(i)] }

func (s *rowed) picture() Picture {
	width := vg.Length(2*edge + s.columns*boxW + (s.columns-1)*gap)
	return Picture{max(width, legendWidth()), s.height, s.draw}
}

func (s *rowed) draw(c draw.Canvas) {
	for i, b := range s.blocks {
		fill := paper
		switch {
		case b.below:
			fill = frozenTint
		case b.trained():
			fill = trainTint
		}
		lines := []string{b.shape}
		if b.folded != "" {
			lines = append(lines, b.folded)
		}
		box(c, s.x(i), s.y(i), fill, ink, b.title, lines...)
		if b.tensors != nil {
			fill, kind := b.held()
			box(c, s.x(i), s.y(i)+tier, fill, ink, kind, b.weights()...)
			arrow(c, ink, 1, s.x(i)+boxW/2, s.y(i)+tier, s.x(i)+boxW/2, s.y(i)+boxH)
		}
		if b.joins {
			s.drawBypass(c, i)
		}
		for _, from := range b.inputs {
			s.drawEdge(c, from, i)
		}
	}
	for i, b := range s.blocks {
		if b.reached {
			s.drawGradient(c, i)
		}
	}
	s.drawCut(c)
	drawLegend(c, s.cut > 0, cutColour)
}

// drawBypass shows that paths part and join inside a folded block.
func (s *rowed) drawBypass(c draw.Canvas, i int) {
	const low = 11
	from, to, y := s.x(i)+18, s.x(i)+boxW-18, s.y(i)
	path(c, ink, 1, vg.Point{X: from, Y: y}, vg.Point{X: from, Y: y - low}, vg.Point{X: to, Y: y - low}, vg.Point{X: to, Y: y})
}

// drawEdge draws how block i reads block from.
func (s *rowed) drawEdge(c draw.Canvas, from, i int) {
	x, y := s.x(i), s.y(i)+boxH/2
	switch {
	case from == i-1 && s.row(from) == s.row(i):
		arrow(c, ink, 1, x-gap, y, x, y)
	case from == i-1: // to the next row
		right, left := s.x(from)+boxW, vg.Length(edge-20)
		between := s.y(i) + tier + boxH + headroom - 20
		path(c, ink, 1, vg.Point{X: right, Y: s.y(from) + boxH/2}, vg.Point{X: right + 12, Y: s.y(from) + boxH/2},
			vg.Point{X: right + 12, Y: between}, vg.Point{X: left, Y: between}, vg.Point{X: left, Y: y}, vg.Point{X: x, Y: y})
	case s.row(from) == s.row(i): // past those between
		top := s.y(i) + boxH
		high := top + 9 + vg.Length(6*(s.level(from, i)%3))
		path(c, ink, 1, vg.Point{X: s.x(from) + boxW - 12, Y: top}, vg.Point{X: s.x(from) + boxW - 12, Y: high},
			vg.Point{X: x + 12, Y: high}, vg.Point{X: x + 12, Y: top})
	default:
		top := s.y(i) + boxH
		arrow(c, ink, 1, x+12, top+14, x+12, top)
		textWithin(boxW/2-10, c, ink, 8, x+8, top+17, 0, "from "+s.blocks[from].title)
	}
}

// level returns how many paths that are drawn already go where this one does.
func (s *rowed) level(from, to int) int {
	n := 0
	for _, other := range s.beside {
		if from < other.to && other.from < to {
			n++
		}
	}
	s.beside = append(s.beside, span{from, to})
	return n
}

// drawGradient draws the gradient of block i, and its way to the blocks below.
func (s *rowed) drawGradient(c draw.Canvas, i int) {
	b := s.blocks[i]
	x, y := s.x(i), s.y(i)-tier
	title, line := "gradient", b.gradients()
	if i == len(s.blocks)-1 {
		title, line = "dloss = 1", "starts here"
		arrow(c, gradient, 2.5, x+boxW/2, s.y(i), x+boxW/2, y+boxH)
	}
	box(c, x, y, gradient, paper, title, line)
	for _, from := range b.inputs {
		if !s.blocks[from].reached {
			continue
		}
		below, middle := s.y(from)-tier, y+boxH/2
		switch {
		case from == i-1 && s.row(from) == s.row(i):
			arrow(c, gradient, 2.5, x, middle, x-gap, middle)
		case from == i-1:
			right, left := s.x(from)+boxW, vg.Length(edge-30)
			between := s.y(i) + tier + boxH + headroom - 28
			path(c, gradient, 2.5, vg.Point{X: x, Y: middle}, vg.Point{X: left, Y: middle}, vg.Point{X: left, Y: between},
				vg.Point{X: right + 24, Y: between}, vg.Point{X: right + 24, Y: below + boxH/2}, vg.Point{X: right, Y: below + boxH/2})
		case s.row(from) == s.row(i):
			path(c, gradient, 2, vg.Point{X: x + 12, Y: y}, vg.Point{X: x + 12, Y: y - 10},
				vg.Point{X: s.x(from) + boxW - 12, Y: y - 10}, vg.Point{X: s.x(from) + boxW - 12, Y: y})
		}
	}
}

// drawCut draws the line below which nothing changes.
func (s *rowed) drawCut(c draw.Canvas) {
	if s.cut == 0 {
		return
	}
	top, low := s.y(s.cut)+tier+boxH+18, s.y(s.cut)-10
	if s.rowReached(s.row(s.cut)) {
		low -= tier
	}
	x := s.x(s.cut) - gap/2
	if s.cut%s.columns == 0 {
		x = edge - 9
	} else {
		text(c, cutColour, 10, x-6, top-9, 1, "computed once")
	}
	c.StrokeLine2(cutStyle(cutColour), x, low, x, top)
	text(c, cutColour, 10, x+6, top-9, 0, "computed each step")
}

// path draws a line with corners, and an arrow's head at its end.
func path(c draw.Canvas, ink color.Color, width vg.Length, points ...vg.Point) {
	last := len(points) - 1
	c.StrokeLines(draw.LineStyle{Color: ink, Width: width}, points[:last])
	arrow(c, ink, width, points[last-1].X, points[last-1].Y, points[last].X, points[last].Y)
}
