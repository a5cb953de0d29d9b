package picture

import (
	"image/color"
	"math"
	"strconv"

	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	plottext "gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes in points: of one of two plots side by side, and of one by itself, as
// wide as a phone.
const (
	trainingWidth, trainingHeight = 300, 200
	soloWidth, soloHeight         = 340, 240
)

// Training returns a picture of the loss and of the accuracy, epoch by epoch,
// side by side, as a PNG file at two pixels a point: a line for the training
// images, and one for the validation images where there are any.
func Training(epochs []train.EpochReport) ([]byte, error) {
	if len(epochs) == 0 {
		return nil, errors.New("plot the training: found no epoch, expected at least one")
	}
	loss, accuracy := lossCurves(epochs), accuracyCurves(epochs)
	return Picture{2 * trainingWidth, trainingHeight, func(c draw.Canvas) {
		loss.plot().Draw(draw.Crop(c, 8, -trainingWidth-8, 8, -8))
		accuracy.plot().Draw(draw.Crop(c, trainingWidth+8, -8, 8, -8))
	}}.PNG()
}

// Loss draws the loss of at least one epoch, Accuracy the share of right
// answers, with the names of the lines above them.
func Loss(epochs []train.EpochReport) Picture { return lossCurves(epochs).picture() }

// Accuracy is explained beside Loss.
func Accuracy(epochs []train.EpochReport) Picture { return accuracyCurves(epochs).picture() }

// curves is a line for the training images and one for the validation images.
type curves struct {
	title, label         string // of the plot and of its vertical axis
	training, validation plotter.XYs
	finish               func(p *plot.Plot)
}

func lossCurves(epochs []train.EpochReport) curves {
	c := curves{title: "loss", label: "mean cross-entropy (nats)", finish: func(p *plot.Plot) { p.Y.Min, p.Legend.Top = 0, true }}
	c.add(epochs, func(r train.EpochReport) float64 { return r.Loss }, func(m *train.Metrics) float64 { return m.Loss })
	return c
}

func accuracyCurves(epochs []train.EpochReport) curves {
	c := curves{title: "accuracy", label: "share of right answers", finish: func(p *plot.Plot) { p.Y.Max = 1 }}
	c.add(epochs, train.EpochReport.Accuracy, func(m *train.Metrics) float64 { return m.Accuracy() })
	return c
}

func (c *curves) add(epochs []train.EpochReport, ofTraining func(train.EpochReport) float64, ofValidation func(*train.Metrics) float64) {
	for _, r := range epochs {
		c.training = append(c.training, plotter.XY{X: float64(r.Epoch), Y: ofTraining(r)})
		if r.Validation != nil {
			c.validation = append(c.validation, plotter.XY{X: float64(r.Epoch), Y: ofValidation(r.Validation)})
		}
	}
}

// plot returns the two lines with their names inside.
func (c curves) plot() *plot.Plot {
	p := c.axes()
	c.each(func(name string, marks []mark) {
		var thumbnails []plot.Thumbnailer
		for _, m := range marks {
			p.Add(m)
			thumbnails = append(thumbnails, m)
		}
		p.Legend.Add(name, thumbnails...)
	})
	c.finish(p)
	return p
}

// picture returns the two lines with their names above, where no line can run
// over them.
func (c curves) picture() Picture {
	return Picture{soloWidth, soloHeight, func(page draw.Canvas) {
		p := c.axes()
		p.Title.Text, p.Y.Label.Text = "", c.label
		y, x := page.Max.Y-20, vg.Length(12)
		text(page, ink, 12, x, y, 0, c.title)
		x += textStyle(ink, 12).Width(c.title) + 20
		c.each(func(name string, marks []mark) {
			sample := draw.Crop(page, x, x+36-page.Max.X, y, y+10-page.Max.Y)
			for _, m := range marks {
				p.Add(m)
				m.Thumbnail(&sample)
			}
			text(page, ink, 10, x+42, y, 0, name)
			x += 42 + textStyle(ink, 10).Width(name) + 18
		})
		c.finish(p)
		p.Draw(draw.Crop(page, 8, -14, 8, -32))
	}}
}

// axes returns a plot without its lines, but wide enough for them.
func (c curves) axes() *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = c.title, "epoch"
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{least: 1}, ticks{}
	for _, style := range []*plottext.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant, style.Color = "Sans", ink
	}
	p.X.Label.TextStyle.Font.Size, p.Y.Label.TextStyle.Font.Size = 10, 10
	for _, style := range []*draw.LineStyle{&p.X.LineStyle, &p.Y.LineStyle, &p.X.Tick.LineStyle, &p.Y.Tick.LineStyle} {
		style.Color = ink
	}
	p.BackgroundColor = nil
	p.Add(plotter.NewGrid())
	return p
}

// maxDots is how many points of a line have dots: more would hide its dashes.
const maxDots = 50

// mark is a line, or its dots.
type mark interface {
	plot.Plotter
	plot.Thumbnailer
}

// each calls f with each of the lines that has a point, and its dots: the two
// differ in colour, dashes and the shape of the dots.
func (c curves) each(f func(name string, marks []mark)) {
	for _, l := range []struct {
		name   string
		points plotter.XYs
		color  color.Color
		dashes []vg.Length
		shape  draw.GlyphDrawer
	}{
		{"training", c.training, variable, nil, draw.CircleGlyph{}},
		{"validation", c.validation, gradient, []vg.Length{5, 3}, draw.BoxGlyph{}},
	} {
		marks := []mark{&plotter.Line{XYs: l.points, LineStyle: draw.LineStyle{Color: l.color, Width: 2, Dashes: l.dashes}}}
		if len(l.points) <= maxDots {
			marks = append(marks, &plotter.Scatter{XYs: l.points, GlyphStyle: draw.GlyphStyle{Color: l.color, Radius: 2.5, Shape: l.shape}})
		}
		if len(l.points) > 0 {
			f(l.name, marks)
		}
	}
}

// ticks marks multiples of 1, 2 or 5 times a power of ten, six at most, and
// none closer than least.
type ticks struct{ least float64 }

// Ticks implements plot.Ticker.
func (t ticks) Ticks(low, high float64) []plot.Tick {
	rough := max((high-low)/5, t.least, math.SmallestNonzeroFloat32)
	digits := math.Floor(math.Log10(rough))
	step := 10 * math.Pow(10, digits)
	for _, m := range []float64{5, 2, 1} {
		if s := m * math.Pow(10, digits); s >= rough*(1-1e-9) {
			step = s
		}
	}
	var marks []plot.Tick
	// Adding 0 makes 0 of -0.
	for i := math.Ceil(low/step-1e-9) + 0; i*step <= high+step*1e-9; i++ {
		marks = append(marks, plot.Tick{Value: i * step, Label: strconv.FormatFloat(i*step, 'f', int(max(0, -math.Floor(math.Log10(step)+1e-9))), 64)})
	}
	return marks
}
