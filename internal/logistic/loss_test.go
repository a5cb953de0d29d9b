package logistic

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
	"gonum.org/v1/gonum/floats"
)

// randomLoss is a loss on 300 rows of 7 features and 3 classes, and a place.
func randomLoss(precise bool, terms Terms) (*Loss, []float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	r := &memory{values: make([]float32, 300*7), labels: make([]int, 300), blocks: true}
	for i := range r.values {
		r.values[i] = max(0, float32(rng.NormFloat64()))
	}
	for i := range r.labels {
		r.labels[i] = rng.IntN(3)
	}
	s := New(r, 7, 3, terms)
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
		terms           Terms
	}{
		{true, 1e-6, 1e-8, Terms{L2: 0.1}},
		{false, 1e-2, 1e-4, Terms{L2: 0.1}},
		{true, 1e-6, 1e-8, Terms{L2: 0.1, Weights: []float64{2, 0.5, 0.25}}},
		{true, 1e-6, 1e-8, Terms{L2: 0.1, Weights: []float64{2, 0.5, 0.25}, Kept: 1}},
	} {
		s, x := randomLoss(test.precise, test.terms)
		gradient, unused := make([]float64, len(x)), make([]float64, len(x))
		s.at(x, gradient)
		for i, v := range x {
			if i%3 < test.terms.Kept {
				if gradient[i] != 0 {
					t.Errorf("parameter %d is kept: found the derivative %v, expected 0", i, gradient[i])
				}
				continue
			}
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
	precise, x := randomLoss(true, Terms{L2: 0.1})
	fast, _ := randomLoss(false, Terms{L2: 0.1})
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
	blocks bool         // they are given in blocks
	reads  atomic.Int64 // until one fails
}

func (m *memory) Len() int        { return len(m.labels) }
func (m *memory) Label(i int) int { return m.labels[i] }
func (m *memory) Block(first, n int) ([]float32, bool) {
	return m.values[first*7 : (first+n)*7], m.blocks
}
func (m *memory) Read(dst []float32, indices []int) error {
	if m.reads.Add(-1) == 0 {
		return errLost
	}
	for i, index := range indices {
		copy(dst[i*7:(i+1)*7], m.values[index*7:])
	}
	return nil
}

var errLost = errors.New("lost")

// TestUnreadable ends a search with the error of rows that cannot be read, whenever that
// happens, and leaves the layer as it was.
func TestUnreadable(t *testing.T) {
	if err := parallel.SetThreads(1); err != nil { // to count
		t.Fatal(err)
	}
	defer func() { _ = parallel.SetThreads(0) }()
	rng := rand.New(rand.NewPCG(1, 1))
	rows := &memory{values: make([]float32, 7*2000), labels: make([]int, 2000)}
	for i := range rows.values {
		rows.values[i] = rng.Float32()
	}
	for i := range rows.labels {
		rows.labels[i] = rng.IntN(3)
	}
	ended := false
	for after := 1; !ended; after += 7 {
		rows.reads.Store(int64(after))
		kernel, bias := make([]float32, 21), make([]float32, 3)
		_, err := New(rows, 7, 3, Terms{L2: 1e-3}).Minimise(t.Context(), kernel, bias, Options{Iterations: 100})
		if ended = rows.reads.Load() > 0; ended {
			continue
		}
		if !errors.Is(err, errLost) || kernel[0] != 0 {
			t.Fatalf("after %d reads: found the error %v and a layer that begins with %v, expected %v and none", after, err, kernel[0], errLost)
		}
	}
	rows.reads.Store(1)
	if _, err := New(rows, 7, 3, Terms{}).At(make([]float32, 21), make([]float32, 3)); !errors.Is(err, errLost) {
		t.Errorf("found the error %v, expected %v", err, errLost)
	}
}

// TestCurvature compares the product with the Hessian with central differences of
// the gradient, with weights and without, and with columns that are kept.
func TestCurvature(t *testing.T) {
	const step = 1e-5
	for _, terms := range []Terms{{L2: 0.1}, {L2: 0.1, Weights: []float64{2, 0.5, 0.25}}, {Weights: []float64{2, 0.5, 0.25}, Kept: 1}} {
		s, x := randomLoss(true, terms)
		v := make([]float64, len(x))
		for i := range v {
			if i%3 >= terms.Kept {
				v[i] = math.Sin(float64(i))
			}
		}
		found, above, below := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
		s.at(x, found)
		s.curvature(found, x, v)
		at := func(scale float64, gradient []float64) {
			y := slices.Clone(x)
			floats.AddScaled(y, scale, v)
			s.at(y, gradient)
		}
		at(step, above)
		at(-step, below)
		for i := range found {
			if d := (above[i] - below[i]) / (2 * step); math.Abs(d-found[i]) > 1e-7 {
				t.Errorf("%+v, parameter %d: found %v, expected %v", terms, i, found[i], d)
			}
		}
	}
}

// TestMinimiseKept: columns that are kept have the same bits, and the others are at
// the minimum: at the same place from wherever the search begins, with a flat loss.
func TestMinimiseKept(t *testing.T) {
	for _, scale := range []float32{1, 100} { // features of a large mean are made standard one by one
		s, x := randomLoss(false, Terms{L2: 0.01, Weights: []float64{2, 0.5, 0.25}, Kept: 1})
		values := s.data.(*memory).values
		for i := range values {
			if values[i] += scale - 1; i%7 == 3 {
				values[i] = 2 // always the same
			}
		}
		kernel, bias := make([]float32, 21), make([]float32, 3)
		for i := range kernel {
			kernel[i] = float32(x[i])
		}
		bias[0] = -scale
		before, beforeBias := slices.Clone(kernel), bias[0]
		r, err := s.Minimise(t.Context(), kernel, bias, Options{Iterations: 500})
		if err != nil || !r.Converged || r.GradientNorm > 1e-3 {
			t.Errorf("scale %v: found %+v, %v, expected the minimum", scale, r, err)
		}
		for j := range 7 {
			if kernel[j*3] != before[j*3] || kernel[j*3+1] == before[j*3+1] || bias[0] != beforeBias {
				t.Errorf("scale %v, row %d: found %v, bias %v; before %v, bias %v: expected the first column kept, the others trained", scale, j, kernel[j*3:j*3+3], bias[0], before[j*3:j*3+3], beforeBias)
			}
		}
		if at := s.objective(kernel, bias); scale > 1 || math.Abs(at-r.Objective) > 1e-6 {
			if scale == 1 {
				t.Errorf("found the objective %v, expected %v", at, r.Objective)
			}
			continue
		}
		for i := range kernel {
			for _, step := range []float32{-0.01, 0.01} {
				if i%3 == 0 {
					continue
				}
				kernel[i] += step
				if there := s.objective(kernel, bias); there < r.Objective-1e-7 {
					t.Errorf("weight %d: found %v beside the minimum %v", i, there, r.Objective)
				}
				kernel[i] -= step
			}
		}
	}
}

// objective returns the loss of a layer with its penalty, on features as they are.
func (s *Loss) objective(kernel, bias []float32) float64 {
	s.standard, s.scaled = nil, false // which Minimise has made
	loss, err := s.At(kernel, bias)
	if err != nil {
		panic(err)
	}
	for i, w := range kernel {
		if i%s.classes >= s.Kept {
			loss += s.L2 / 2 * float64(w) * float64(w)
		}
	}
	return loss
}
