package picture

import (
	"image/color"
	"math"

	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	plottext "gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of the plot in points.
const rangeWidth, rangeHeight = 480, 300

// RangeTest returns a picture of the loss over the learning rate, and of the
// suggested rate.
func RangeTest(points []train.RangePoint, suggested float64) (Picture, error) {
	if len(points) < 2 {
		return Picture{}, errors.Errorf("plot the learning rates: found %d steps, expected at least two", len(points))
	}
	var raw, smoothed plotter.XYs
	low, high := math.Inf(1), 0.0 // of what is smooth: single batches may be far above
	for _, p := range points {
		raw = append(raw, plotter.XY{X: p.Rate, Y: p.Loss})
		smoothed = append(smoothed, plotter.XY{X: p.Rate, Y: p.Smoothed})
		low, high = min(low, p.Smoothed), max(high, p.Smoothed)
	}
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "learning rate", "loss"
	p.X.Scale, p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}, ticks{}
	for _, style := range []*plottext.Style{&p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant = "Sans"
	}
	p.Add(plotter.NewGrid())
	margin := (high - low) / 10
	bottom, top := max(0, low-margin), high+margin
	for i := range raw {
		raw[i].Y = min(max(raw[i].Y, bottom), top)
	}
	addCurve(p, "of each batch", raw, color.RGBA{190, 190, 190, 255}, 1)
	addCurve(p, "smoothed", smoothed, gradient, 2)
	addCurve(p, "suggested", plotter.XYs{{X: suggested, Y: bottom}, {X: suggested, Y: top}}, variable, 2)
	p.Y.Min, p.Y.Max = bottom, top
	p.Legend.Left = true // the loss begins high
	return Picture{rangeWidth, rangeHeight, func(page draw.Canvas) { p.Draw(draw.Crop(page, 8, -16, 8, -8)) }}, nil
}

// addCurve adds a line without dots.
func addCurve(p *plot.Plot, name string, points plotter.XYs, c color.Color, width vg.Length) {
	line := &plotter.Line{XYs: points, LineStyle: draw.LineStyle{Color: c, Width: width}}
	p.Add(line)
	p.Legend.Add(name, line)
}
