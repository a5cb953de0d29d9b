package train

import (
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Spread is what several trainings that differ by their seeds reach: how much of
// an accuracy is chance.
type Spread struct {
	Mean  float64 `json:"accuracy_mean"`
	Stdev float64 `json:"accuracy_stdev"` // of the sample: by the number of runs less one
	Min   float64 `json:"accuracy_min"`
	Max   float64 `json:"accuracy_max"`
}

// SpreadOf returns the spread of the accuracies of two runs or more.
func SpreadOf(runs []Metrics) Spread {
	if len(runs) < 2 {
		return Spread{}
	}
	var accuracies []float64
	for _, m := range runs {
		accuracies = append(accuracies, m.Accuracy())
	}
	s := Spread{Min: floats.Min(accuracies), Max: floats.Max(accuracies)}
	s.Mean, s.Stdev = stat.MeanStdDev(accuracies, nil)
	return s
}

// String returns the spread for people.
func (s Spread) String() string {
	return fmt.Sprintf("accuracy %.4f ± %.4f (mean, standard deviation of the sample), %.4f to %.4f", s.Mean, s.Stdev, s.Min, s.Max)
}
