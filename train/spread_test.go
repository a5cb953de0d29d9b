package train

import (
	"math"
	"testing"
)

func TestSpread(t *testing.T) {
	var runs []Metrics
	for _, correct := range []int{90, 94, 98} {
		runs = append(runs, Metrics{Examples: 100, Correct: correct})
	}
	s := SpreadOf(runs)
	if s.Min != 0.9 || s.Max != 0.98 || math.Abs(s.Mean-0.94) > 1e-12 || math.Abs(s.Stdev-0.04) > 1e-12 {
		t.Errorf("found %+v, expected 0.94 ± 0.04, 0.9 to 0.98", s)
	}
	if got, want := s.String(), "accuracy 0.9400 ± 0.0400 (mean, standard deviation of the sample), 0.9000 to 0.9800"; got != want {
		t.Errorf("found %q, expected %q", got, want)
	}
	if got, want := runs[0].String(), "accuracy 0.9000 (90 of 100), loss 0.0000"; got != want {
		t.Errorf("found %q, expected %q", got, want)
	}
	low, high := runs[0].Interval()
	if got, want := runs[0].Score(), (Score{0.9, low, high, 90, 100, 0}); got != want {
		t.Errorf("found %+v, expected %+v", got, want)
	}
	if one := SpreadOf(runs[:1]); one != (Spread{}) {
		t.Errorf("found %+v of one run, expected nothing", one)
	}
}
