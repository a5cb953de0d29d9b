package train_test

import (
	"math"
	"testing"

	"github.com/lastlayer/lastlayer/train"
)

// TestInterval compares with the table of Newcombe 1998, "Two-sided confidence intervals
// for the single proportion", method 3, whose four places are behind each row.
func TestInterval(t *testing.T) {
	for _, test := range []struct {
		correct, examples int
		low, high         float64
	}{
		{81, 263, 0.2552885, 0.3662096}, // 0.2553 to 0.3662
		{15, 148, 0.0623864, 0.1604872}, // 0.0624 to 0.1605
		{0, 20, 0, 0.1611251},           // 0.0000 to 0.1611
		{1, 29, 0.0061132, 0.1717552},   // 0.0061 to 0.1718
		{20, 20, 0.8388749, 1},
		{0, 0, 0, 1},
	} {
		low, high := train.Metrics{Correct: test.correct, Examples: test.examples}.Interval()
		if math.Abs(low-test.low) > 1e-6 || math.Abs(high-test.high) > 1e-6 {
			t.Errorf("%d of %d: found %v to %v, expected %v to %v", test.correct, test.examples, low, high, test.low, test.high)
		}
	}
}
