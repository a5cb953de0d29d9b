package main

import (
	"bytes"
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The colours also differ in brightness, to stay distinct in greyscale.
var (
	metColor    = color.RGBA{43, 108, 176, 255}
	missedColor = color.RGBA{244, 167, 66, 255}
	otherColor  = color.RGBA{200, 204, 210, 255}
	targetColor = color.RGBA{20, 20, 20, 255}
)

// barHeight is the height of a row in the chart, in points.
const barHeight = 24

// smallest is the ratio at the chart's left edge. Smaller ratios are drawn as a sliver.
const smallest = 0.001

// bars draws a bar for each row, the first on top, with its target as a vertical line
// and its ratio in a column on the right.
type bars []comparison

var _ plot.Plotter = bars(nil)

// Plot implements plot.Plotter.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	for i, row := range b {
		y := toY(b.y(i))
		half := vg.Length(barHeight * 0.32)
		if row.Ratio != nil {
			end := toX(max(*row.Ratio, smallest*1.1))
			c.FillPolygon(row.color(), []vg.Point{{X: c.Min.X, Y: y - half}, {X: end, Y: y - half}, {X: end, Y: y + half}, {X: c.Min.X, Y: y + half}})
		}
		if row.Target > 0 {
			x := toX(row.Target)
			c.StrokeLine2(draw.LineStyle{Color: targetColor, Width: 2.5}, x, y-half*1.4, x, y+half*1.4)
		}
		label := "not measured"
		if row.Ratio != nil {
			label = showRatio(*row.Ratio)
		}
		style := p.X.Tick.Label
		style.XAlign, style.YAlign = text.XRight, text.YCenter
		c.FillText(style, vg.Point{X: c.Max.X, Y: y + 2}, label)
	}
	one := toX(1)
	c.StrokeLine2(draw.LineStyle{Color: targetColor, Width: 0.7, Dashes: []vg.Length{3, 3}}, one, c.Min.Y, one, c.Max.Y)
}

func (b bars) y(i int) float64 { return float64(len(b) - 1 - i) }

func (c comparison) color() color.Color {
	switch {
	case c.Met == nil:
		return otherColor
	case *c.Met:
		return metColor
	}
	return missedColor
}

// writeChart writes the chart of the rows as an SVG file.
func (res results) writeChart(path string) error {
	b := bars(res.Rows)
	p := plot.New()
	p.Title.Text = "Ours as a ratio of the peer's: shorter is better"
	p.Title.Padding = 8
	p.X.Label.Text = "ratio, logarithmic   |   thick line: target   |   dashed: the peer   |   blue: met, orange: missed, grey: no target"
	p.X.Scale, p.X.Min, p.X.Max = plot.LogScale{}, smallest, 10
	for _, c := range b {
		if c.Ratio != nil {
			p.X.Max = max(p.X.Max, 4**c.Ratio) // leave room for the numbers on the right
		}
	}
	var ticks []plot.Tick
	for _, v := range []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100} {
		if v <= p.X.Max {
			ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprint(v)})
		}
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
	names := make([]plot.Tick, len(b))
	for i, c := range b {
		names[i] = plot.Tick{Value: b.y(i), Label: c.Key}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(names)
	p.Y.Tick.Length = 0
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Font.Variant = "Sans"
	}
	p.Title.TextStyle.Font.Size, p.X.Label.TextStyle.Font.Size = 14, 10
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = 10, 11
	p.Y.Min, p.Y.Max = -0.6, float64(len(b))-0.4
	p.Add(b)
	canvas := vgsvg.New(760, vg.Length(80+barHeight*len(b)))
	inner := draw.Crop(draw.New(canvas), 8, -14, 8, -8)
	canvas.SetColor(color.White)
	canvas.Fill(vg.Rectangle{Max: vg.Point{X: 760, Y: vg.Length(80 + barHeight*len(b))}}.Path())
	p.Draw(inner)
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return err
	}
	// Not every system has Liberation: also name fonts with the same widths.
	svg := bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif"))
	return os.WriteFile(path, svg, 0o666)
}
