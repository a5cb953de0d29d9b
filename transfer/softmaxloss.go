package transfer

import (
	"math"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"gonum.org/v1/gonum/floats"
)

// softmaxLoss is multinomial logistic regression on labelled rows x of F
// features, for a layer W [F,K], b [K]:
//
//	loss(W,b) = 1/N Σ_i −log softmax(x_i·W + b)[label_i] + l2/2·‖W‖²
//	∂loss/∂W  = 1/N Σ_i x_iᵀ(p_i − y_i) + l2·W,   ∂loss/∂b = 1/N Σ_i (p_i − y_i)
//
// with p the probabilities and y the label as a row of 0 and 1 (Bishop,
// "Pattern Recognition and Machine Learning", 2006, equations 4.108 and 4.109).
// It is convex.
//
// Rows and their products are float32, in blocks; all sums over blocks, and
// what is between logits and probabilities, are float64. W goes in as the sum
// of two float32, so that its own rounding is not seen: the products' columns
// are too few to fill a vector anyway. Where what is left of rounding is too
// much, the products are float64 too with precise, at several times the cost.
type softmaxLoss struct {
	data              dataset.Examples
	rows              *rows // where data's rows are in memory or mapped; nil: gathered
	features, classes int
	l2                float64
	precise           bool

	parts   []lossSum
	scratch []lossScratch // one a worker
}

const (
	// lossParts is the number of ranges of rows that are summed up one by one,
	// whatever the number of threads, so that this does not change a bit.
	lossParts = 16
	// lossBlock rows are multiplied at a time.
	lossBlock = 256
)

// lossSum is what one part of the rows adds.
type lossSum struct {
	loss     float64
	gradient []float64 // as parameters
}

type lossScratch struct {
	gemm     gemm.Workspace
	rows     []float32 // [lossBlock,F], where they must be gathered
	indices  []int
	halves   []float32 // [lossBlock,2K]: logits to be added up
	errors   []float32 // [lossBlock,K]: p − y
	gradient []float32 // [K,F]: of one block
	row      []float64 // [K]: logits of one row, then p − y
}

func newSoftmaxLoss(f *Features, features, classes int, l2 float64) *softmaxLoss {
	return &softmaxLoss{
		data: f, rows: f.rows, features: features, classes: classes, l2: l2,
		parts: make([]lossSum, lossParts), scratch: make([]lossScratch, parallel.Threads()),
	}
}

// parameters is the length of the vector that the loss is a function of: W
// row by row, then b.
func (s *softmaxLoss) parameters() int { return (s.features + 1) * s.classes }

// at returns the loss at parameters x, with its penalty and without, and writes
// its gradient.
func (s *softmaxLoss) at(x, gradient []float64) (loss, unpenalised float64) {
	split := s.split(x)
	parallel.For(lossParts, func(worker, i int) { s.part(i, &s.scratch[worker], split, x) })
	clear(gradient)
	for _, p := range s.parts {
		unpenalised += p.loss
		for j, g := range p.gradient {
			gradient[j] += g
		}
	}
	n := float64(s.data.Len())
	unpenalised /= n
	for j := range gradient {
		gradient[j] /= n
	}
	var squares float64
	for j, w := range x[:s.features*s.classes] {
		squares += w * w
		gradient[j] += s.l2 * w
	}
	return unpenalised + s.l2/2*squares, unpenalised
}

// split returns W as [F,2K]: each row rounded to float32, then what the
// rounding left.
func (s *softmaxLoss) split(x []float64) []float32 {
	k := s.classes
	split := make([]float32, s.features*2*k)
	for i, w := range x[:s.features*k] {
		at := i/k*2*k + i%k
		split[at] = float32(w)
		split[at+k] = float32(w - float64(split[at]))
	}
	return split
}

// part sums up the rows of part i.
func (s *softmaxLoss) part(i int, scratch *lossScratch, split []float32, x []float64) {
	f, k, n := s.features, s.classes, s.data.Len()
	sum := &s.parts[i]
	if sum.gradient == nil {
		sum.gradient = make([]float64, s.parameters())
	}
	if scratch.halves == nil {
		scratch.halves, scratch.errors = make([]float32, lossBlock*2*k), make([]float32, lossBlock*k)
		scratch.gradient, scratch.row = make([]float32, k*f), make([]float64, k)
	}
	sum.loss = 0
	clear(sum.gradient)
	last := (i + 1) * n / lossParts
	for first := i * n / lossParts; first < last; first += lossBlock {
		m := min(lossBlock, last-first)
		block := s.block(first, m, scratch)
		if s.precise {
			s.addPrecise(sum, scratch.row, block, first, x)
		} else {
			s.addFast(sum, scratch, block, first, split, x[f*k:])
		}
	}
}

// addFast adds a block's loss and gradient by float32 products.
func (s *softmaxLoss) addFast(sum *lossSum, scratch *lossScratch, block []float32, first int, split []float32, bias []float64) {
	f, k := s.features, s.classes
	m := len(block) / f
	scratch.gemm.Sgemm(false, false, m, 2*k, f, 1, block, f, split, 2*k, 0, scratch.halves, 2*k)
	for r := range m {
		halves := scratch.halves[r*2*k : (r+1)*2*k]
		for c := range k {
			scratch.row[c] = float64(halves[c]) + float64(halves[k+c]) + bias[c]
		}
		sum.loss += softmaxErrors(scratch.row, s.data.Label(first+r))
		for c, e := range scratch.row {
			scratch.errors[r*k+c] = float32(e)
			sum.gradient[f*k+c] += e
		}
	}
	// [K,F] = errorsᵀ [K,m] · block [m,F]
	scratch.gemm.Sgemm(true, false, k, f, m, 1, scratch.errors, k, block, f, 0, scratch.gradient, f)
	for c := range k {
		for j, g := range scratch.gradient[c*f : (c+1)*f] {
			sum.gradient[j*k+c] += float64(g)
		}
	}
}

// addPrecise is addFast in float64.
func (s *softmaxLoss) addPrecise(sum *lossSum, row []float64, block []float32, first int, x []float64) {
	f, k := s.features, s.classes
	for r := range len(block) / f {
		features := block[r*f : (r+1)*f]
		copy(row, x[f*k:])
		for j, v := range features {
			if v != 0 { // after a ReLU many are
				floats.AddScaled(row, float64(v), x[j*k:(j+1)*k])
			}
		}
		sum.loss += softmaxErrors(row, s.data.Label(first+r))
		floats.Add(sum.gradient[f*k:], row)
		for j, v := range features {
			if v != 0 {
				floats.AddScaled(sum.gradient[j*k:(j+1)*k], float64(v), row)
			}
		}
	}
}

// block returns m rows from first on.
func (s *softmaxLoss) block(first, m int, scratch *lossScratch) []float32 {
	if s.rows != nil {
		return s.rows.values[first*s.features : (first+m)*s.features]
	}
	if scratch.rows == nil {
		scratch.rows, scratch.indices = make([]float32, lossBlock*s.features), make([]int, lossBlock)
	}
	for i := range m {
		scratch.indices[i] = first + i
	}
	rows := scratch.rows[:m*s.features]
	s.data.Gather(rows, scratch.indices[:m])
	return rows
}

// softmaxErrors turns a row of logits into p − y and returns −log p[label].
func softmaxErrors(row []float64, label int) float64 {
	logit, largest := row[label], floats.Max(row)
	var sum float64
	for c, z := range row {
		row[c] = math.Exp(z - largest)
		sum += row[c]
	}
	floats.Scale(1/sum, row)
	row[label]--
	return math.Log(sum) + largest - logit
}
