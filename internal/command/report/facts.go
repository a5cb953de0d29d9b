package report

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/buildinfo"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/memory"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/train"
)

// Files are those that a training reads and writes.
type Files struct {
	Data string // name of the data
	Out  string // the network
}

// Evaluation says what was evaluated, and what to be careful about.
type Evaluation struct {
	File      string // of the network
	Data      string // name of the data
	LeftOut   int    // images of classes that the network does not know
	TrainedOn *int   // test images that the network was trained on; nil if unknown
}

// Evaluated notes what is evaluated.
func (g *Gatherer) Evaluated(e Evaluation) {
	if g == nil {
		return
	}
	g.fact("Network", e.File)
	g.fact("Data", e.Data)
	if e.LeftOut > 0 {
		g.fact("Images of classes that the network does not know, left out", fmt.Sprint(e.LeftOut))
	}
	if e.TrainedOn != nil {
		g.fact("Test images that the network was trained on", fmt.Sprint(*e.TrainedOn))
	}
}

// fact adds a row to the table of facts.
func (g *Gatherer) fact(name, value string) {
	g.report.Facts = append(g.report.Facts, Fact{Name: name, Value: value})
}

// trainingFacts says how and on what was trained.
func (g *Gatherer) trainingFacts(s train.Recipe, files Files, data *dataset.Set) {
	g.fact("Data", files.Data+", "+data.String()+" to train on")
	g.fact("Seed", fmt.Sprint(s.Seed))
	g.fact("Trained", s.Train)
	g.fact("Epochs, batch", fmt.Sprintf("%d, %d", s.Epochs, s.Batch))
	solver := s.Solver
	if solver == "momentum" {
		solver += fmt.Sprintf(" %g", s.Momentum)
	}
	g.fact("Solver", fmt.Sprintf("%s, learning rate %g, schedule %s, weight decay %g", solver, s.Rate, s.Schedule, s.Decay))
	if s.LayerRates != "" {
		g.fact("Factors on the learning rate", s.LayerRates)
	}
	if s.Augment != "" {
		g.fact("Augmentation", s.Augment)
	}
	if s.Patience > 0 {
		g.fact("Patience", fmt.Sprintf("%d epochs", s.Patience))
	}
	g.fact("Network written to", files.Out)
	g.fact("Training data, SHA-256", s.Data)
	if s.Held != "" {
		g.fact("Validation data, SHA-256", s.Held)
	}
}

// programFacts says what the program and the machine are, and what the run
// took.
func (g *Gatherer) programFacts() {
	g.fact("Matrix products (BLAS)", gemm.Name())
	g.fact("Threads", fmt.Sprintf("%d on %d processors", parallel.Threads(), runtime.NumCPU()))
	g.fact("Time of the command", fmt.Sprintf("%.1f s until this page", time.Since(g.start).Seconds()))
	g.fact("Peak memory", humanize.IBytes(uint64(memory.Peak())))
	g.fact("Finished", time.Now().Format("2006-01-02 15:04:05 -07:00"))
	g.fact("Program version", buildinfo.Version())
	g.fact("Go", fmt.Sprintf("%s, %s/%s", strings.TrimPrefix(runtime.Version(), "go"), runtime.GOOS, runtime.GOARCH))
	for _, module := range []struct{ name, path string }{
		{"Gorgonia", "gorgonia.org/gorgonia"}, {"Gorgonia's tensor", "gorgonia.org/tensor"}, {"Gonum", "gonum.org/v1/gonum"},
	} {
		g.fact(module.name, buildinfo.Module(module.path))
	}
}
