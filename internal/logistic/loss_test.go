package logistic

import (
	"math"
	"math/rand/v2"
	"testing"
)

// randomLoss is a loss on 300 rows of 7 features and 3 classes, and a place.
func randomLoss(precise bool) (*Loss, []float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	r := &memory{values: make([]float32, 300*7), labels: make([]int, 300), blocks: true}
	for i := range r.values {
		r.values[i] = max(0, float32(rng.NormFloat64()))
	}
	for i := range r.labels {
		r.labels[i] = rng.IntN(3)
	}
	s := New(r, 7, 3, 0.1)
	s.precise = precise
	x := make([]float64, s.parameters())
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	return s, x
}

// TestSoftmaxLossGradient compares the gradient with central differences of the
// loss: the precise one closely, the fast one as float32 allows.
func TestSoftmaxLossGradient(t *testing.T) {
	for _, test := range []struct {
		precise         bool
		step, tolerance float64
	}{{true, 1e-6, 1e-8}, {false, 1e-2, 1e-4}} {
		s, x := randomLoss(test.precise)
		gradient, unused := make([]float64, len(x)), make([]float64, len(x))
		s.at(x, gradient)
		for i, v := range x {
			x[i] = v + test.step
			above, _ := s.at(x, unused)
			x[i] = v - test.step
			below, _ := s.at(x, unused)
			x[i] = v
			if d := (above - below) / (2 * test.step); math.Abs(d-gradient[i]) > test.tolerance {
				t.Errorf("precise %v, parameter %d: found the derivative %v, expected %v", test.precise, i, gradient[i], d)
			}
		}
	}
}

// TestSoftmaxLossFast compares fast products with precise ones, and gathered
// rows with rows in memory.
func TestSoftmaxLossFast(t *testing.T) {
	precise, x := randomLoss(true)
	fast, _ := randomLoss(false)
	want, got, gathered := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
	loss, unpenalised := precise.at(x, want)
	near, nearUnpenalised := fast.at(x, got)
	if math.Abs(loss-near) > 1e-7 || math.Abs(unpenalised-nearUnpenalised) > 1e-7 || !(unpenalised < loss) {
		t.Errorf("found %v and %v without the penalty, expected %v and %v", near, nearUnpenalised, loss, unpenalised)
	}
	fast.data.(*memory).blocks = false
	if again, _ := fast.at(x, gathered); again != near {
		t.Errorf("gathered rows: found %v, expected %v", again, near)
	}
	for i := range want {
		if math.Abs(want[i]-got[i]) > 1e-7 || gathered[i] != got[i] {
			t.Errorf("parameter %d: found the derivative %v, gathered %v, expected %v", i, got[i], gathered[i], want[i])
		}
	}
}

// memory is rows of 7 features.
type memory struct {
	values []float32
	labels []int
	blocks bool // they are given in blocks
}

func (m *memory) Len() int        { return len(m.labels) }
func (m *memory) Label(i int) int { return m.labels[i] }
func (m *memory) Block(first, n int) ([]float32, bool) {
	return m.values[first*7 : (first+n)*7], m.blocks
}
func (m *memory) Gather(dst []float32, indices []int) {
	for i, index := range indices {
		copy(dst[i*7:(i+1)*7], m.values[index*7:])
	}
}
