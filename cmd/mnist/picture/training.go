package picture

import (
	"bytes"
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
	"gonum.org/v1/plot/vg/vgimg"
)

// Sizes of one of the two plots in points.
const trainingWidth, trainingHeight = 300, 200

// Training returns a picture of the loss and of the accuracy, epoch by epoch,
// side by side, as a PNG file at two pixels a point: a line for the training
// images, and one for the validation images where there are any.
func Training(epochs []train.EpochReport) ([]byte, error) {
	if len(epochs) == 0 {
		return nil, errors.New("plot the training: found no epoch, expected at least one")
	}
	loss := trainingPlot(epochs, "loss", func(r train.EpochReport) float64 { return r.Loss }, func(m *train.Metrics) float64 { return m.Loss })
	loss.Y.Min, loss.Legend.Top = 0, true
	accuracy := trainingPlot(epochs, "accuracy", train.EpochReport.Accuracy, func(m *train.Metrics) float64 { return m.Accuracy() })
	accuracy.Y.Max = 1
	c := vgimg.NewWith(vgimg.UseWH(2*trainingWidth, trainingHeight), vgimg.UseDPI(144))
	page := draw.New(c)
	page.SetColor(paper)
	page.Fill(page.Rectangle.Path())
	loss.Draw(draw.Crop(page, 8, -trainingWidth-8, 8, -8))
	accuracy.Draw(draw.Crop(page, trainingWidth+8, -8, 8, -8))
	var b bytes.Buffer
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(&b)
	return b.Bytes(), errors.Wrap(err, "plot the training")
}

func trainingPlot(epochs []train.EpochReport, title string, ofTraining func(train.EpochReport) float64, ofValidation func(*train.Metrics) float64) *plot.Plot {
	var training, validation plotter.XYs
	for _, r := range epochs {
		training = append(training, plotter.XY{X: float64(r.Epoch), Y: ofTraining(r)})
		if r.Validation != nil {
			validation = append(validation, plotter.XY{X: float64(r.Epoch), Y: ofValidation(r.Validation)})
		}
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, "epoch"
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{least: 1}, ticks{}
	for _, style := range []*plottext.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant = "Sans"
	}
	p.Add(plotter.NewGrid())
	addLine(p, "training", training, variable, nil)
	addLine(p, "validation", validation, gradient, []vg.Length{5, 3})
	return p
}

// addLine adds a line with a dot at each point, if there is a point.
func addLine(p *plot.Plot, name string, points plotter.XYs, c color.Color, dashes []vg.Length) {
	if len(points) == 0 {
		return
	}
	line := &plotter.Line{XYs: points, LineStyle: draw.LineStyle{Color: c, Width: 2, Dashes: dashes}}
	dots := &plotter.Scatter{XYs: points, GlyphStyle: draw.GlyphStyle{Color: c, Radius: 2.5, Shape: draw.CircleGlyph{}}}
	p.Add(line, dots)
	p.Legend.Add(name, line, dots)
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
