package command

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/lastlayer/lastlayer/internal/command/report"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
)

// typed is the annotation of the root command that holds the command line as
// it was typed, quoted for a shell.
const typed = "command line"

// fact adds a row to the report's table of facts.
func (r *reporter) fact(name, value string) {
	r.report.Facts = append(r.report.Facts, report.Fact{Name: name, Value: value})
}

// trainingFacts tells how and on what was trained.
func (r *reporter) trainingFacts(t *trainingFlags, s settings) {
	r.fact("Seed", fmt.Sprint(s.Seed))
	r.fact("Trained", s.Train)
	r.fact("Epochs, batch", fmt.Sprintf("%d, %d", s.Epochs, s.Batch))
	solver := s.Solver
	if solver == "momentum" {
		solver += fmt.Sprintf(" %g", s.Momentum)
	}
	r.fact("Solver", fmt.Sprintf("%s, learning rate %g, schedule %s, weight decay %g", solver, s.Rate, s.Schedule, s.Decay))
	if s.LayerRates != "" {
		r.fact("Factors on the learning rate", s.LayerRates)
	}
	if s.Augment != "" {
		r.fact("Augmentation", s.Augment)
	}
	if s.Patience > 0 {
		r.fact("Patience", fmt.Sprintf("%d epochs", s.Patience))
	}
	r.fact("Network written to", t.out)
	r.fact("Training data, SHA-256", s.Data)
	if s.Held != "" {
		r.fact("Validation data, SHA-256", s.Held)
	}
}

// programFacts tells what the program and the machine are, and what the run
// took.
func (r *reporter) programFacts() {
	r.fact("Matrix products (BLAS)", gemm.Name())
	r.fact("Threads", fmt.Sprintf("%d on %d processors", parallel.Threads(), runtime.NumCPU()))
	r.fact("Time of the command", fmt.Sprintf("%.1f s until this page", time.Since(r.start).Seconds()))
	r.fact("Peak memory", humanize.IBytes(uint64(peakRSS())))
	r.fact("Finished", time.Now().Format("2006-01-02 15:04:05 -07:00"))
	r.fact("Program version", version())
	r.fact("Go", fmt.Sprintf("%s, %s/%s", strings.TrimPrefix(runtime.Version(), "go"), runtime.GOOS, runtime.GOARCH))
	for _, module := range []struct{ name, path string }{
		{"Gorgonia", "gorgonia.org/gorgonia"}, {"Gorgonia's tensor", "gorgonia.org/tensor"}, {"Gonum", "gonum.org/v1/gonum"},
	} {
		r.fact(module.name, moduleVersion(module.path))
	}
}

// moduleVersion returns the version of a module that the program is built
// from.
func moduleVersion(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == path {
				if m.Replace != nil {
					m = m.Replace
				}
				return m.Version
			}
		}
	}
	return "unknown"
}
