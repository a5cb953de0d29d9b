package logistic

import (
	"math"
	"sync/atomic"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"gonum.org/v1/gonum/floats"
)

// Rows are labelled rows of features, the layer's inputs.
type Rows interface {
	Len() int
	Label(i int) int // from 0, below the number of classes
	// Block returns n rows from first on, one after the other, and false if they are
	// not in memory like that.
	Block(first, n int) ([]float32, bool)
	Read(dst []float32, indices []int) error // copies rows
}

// Loss is multinomial logistic regression on labelled rows x of F
// features, for a layer W [F,K], b [K]:
//
//	loss(W,b) = 1/N Σ_i −log softmax(x_i·W + b)[label_i] + l2/2·‖W‖²
//	∂loss/∂W  = 1/N Σ_i x_iᵀ(p_i − y_i) + l2·W,   ∂loss/∂b = 1/N Σ_i (p_i − y_i)
//
// with p the probabilities and y the label as a row of 0 and 1 (Bishop,
// "Pattern Recognition and Machine Learning", 2006, equations 4.108 and 4.109).
// Terms may weigh each row by its class, and keep some columns of W and b as they
// are. It is convex. With a standard it is a function of (U,c) instead.
//
// Rows and their products are float32, in blocks; all sums over blocks, and
// everything between logits and probabilities, are float64. W enters as the sum of
// two float32, so that rounding it does no harm: the products have too few columns
// to fill a vector anyway. Where the remaining rounding is still too much, precise
// makes the products float64 too, at several times the cost.
type Loss struct {
	data              Rows
	features, classes int
	Terms
	standard *standard // nil: x is (W,b)
	scaled   bool      // the rows are standardised, rather than x and its gradient
	precise  bool
	failed   atomic.Pointer[error] // of the first Read that failed: what is computed from then on is of no use

	spread  []float64 // [K]: mean of p(1−p) where the loss was computed last: the curvature along c
	parts   []lossSum
	scratch []lossScratch // one a worker
}

const (
	// lossParts is the number of ranges of rows that are summed up one by one. It does
	// not depend on the number of threads, so the result does not either.
	lossParts = 16
	// lossBlock rows are multiplied at a time.
	lossBlock = 256
)

// lossSum is what one part of the rows adds.
type lossSum struct {
	loss     float64
	gradient []float64 // [K,F], then [K]
	spread   []float64
}

type lossScratch struct {
	gemm     gemm.Workspace
	gathered []float32 // [lossBlock,F]
	scaled   []float32 // [lossBlock,F]
	indices  []int
	halves   []float32 // [lossBlock,4K]: products to be added up
	products []float64 // [lossBlock,2K]: of the rows and layers
	errors   []float64 // [lossBlock,K]: what goes back through the rows
	rounded  []float32 // [lossBlock,K]: that
	gradient []float32 // [K,F]: of one block
	row      []float64 // [F]
}

// Terms are what a loss may have besides its rows.
type Terms struct {
	L2      float64   // of the penalty L2/2·‖W‖²
	Weights []float64 // [K]: factor on the loss of a row, by its class; nil for 1
	Kept    int       // columns, the first ones, that stay as they are: neither trained nor penalised
}

// New returns the loss on the rows, of that many features and classes.
func New(rows Rows, features, classes int, terms Terms) *Loss {
	s := &Loss{
		data: rows, features: features, classes: classes, Terms: terms, spread: make([]float64, classes),
		parts: make([]lossSum, lossParts), scratch: make([]lossScratch, parallel.Threads()),
	}
	for i := range s.parts {
		s.parts[i] = lossSum{gradient: make([]float64, s.parameters()), spread: make([]float64, classes)}
	}
	return s
}

// parameters is the length of the vector that the loss is a function of: W
// row by row, then b.
func (s *Loss) parameters() int { return (s.features + 1) * s.classes }

// at returns the loss at parameters x, with its penalty and without, and writes
// its gradient.
func (s *Loss) at(x, gradient []float64) (loss, unpenalised float64) {
	k := s.classes
	s.eachPart([][]float64{s.layer(x)}, func(sum *lossSum, first int, logits, errors []float64) {
		for ; len(logits) > 0; logits, errors, first = logits[k:], errors[k:], first+1 {
			row := errors[:k]
			copy(row, logits)
			label := s.data.Label(first)
			loss, weight := softmaxErrors(row, label), s.weight(label)
			sum.loss += weight * loss
			for c, e := range row {
				sum.spread[c] += weight * math.Abs(e) * (1 - math.Abs(e)) // p(1−p), whether the label or not
				row[c] *= weight
			}
		}
	})
	clear(s.spread)
	for _, p := range s.parts {
		unpenalised += p.loss
		floats.Add(s.spread, p.spread)
	}
	n := float64(s.data.Len())
	unpenalised /= n
	floats.Scale(1/n, s.spread)
	s.sumGradients(gradient)
	var squares float64
	for j := range s.features {
		l2 := s.penalty(j)
		for c := j*s.classes + s.Kept; c < (j+1)*s.classes; c++ {
			squares += l2 * x[c] * x[c]
			gradient[c] += l2 * x[c]
		}
	}
	return unpenalised + squares/2, unpenalised
}

// weight returns the factor on the loss of a row with that label.
func (s *Loss) weight(label int) float64 {
	if s.Weights == nil {
		return 1
	}
	return s.Weights[label]
}

// penalty returns L2 as it is on the parameters of feature j.
func (s *Loss) penalty(j int) float64 {
	if s.standard == nil {
		return s.L2
	}
	return s.L2 * s.standard.inverse[j] * s.standard.inverse[j]
}

// layer returns the layer that is multiplied with the rows: (W,b), or x itself if
// that is (W,b) or the rows are standardised.
func (s *Loss) layer(x []float64) []float64 {
	if s.standard == nil || s.scaled {
		return x
	}
	layer := make([]float64, len(x))
	s.standard.layer(layer, x)
	return layer
}

// sumGradients writes the mean of the parts' gradients, towards the parameters. What
// goes back through the rows adds up to 0 over the classes; this makes it so in spite
// of rounding. Towards columns that stay as they are the gradient is 0.
func (s *Loss) sumGradients(gradient []float64) {
	f, k, n := s.features, s.classes, float64(s.data.Len())
	total := make([]float64, len(gradient)) // [K,F], then [K]
	for _, p := range s.parts {
		floats.Add(total, p.gradient)
	}
	for j := range f + 1 {
		row := gradient[j*k : (j+1)*k]
		for c := range row {
			if row[c] = total[f*k+c] / n; j < f {
				row[c] = total[c*f+j] / n
			}
		}
		floats.AddConst(-floats.Sum(row)/float64(k), row)
	}
	if s.standard != nil && !s.scaled {
		s.standard.gradient(gradient)
	}
	for j := range f + 1 {
		clear(gradient[j*k : j*k+s.Kept])
	}
}

// eachPart calls f for each block of m rows with their products with the
// layers, [m,len(layers)·K]. What f writes to errors, [m,K], goes back through
// the rows and is added to the gradient of the block's part, sum. The other
// fields of sum are f's to fill.
func (s *Loss) eachPart(layers [][]float64, f func(sum *lossSum, first int, products, errors []float64)) {
	var split []float32
	var turned [][]float64
	if s.precise {
		turned = s.turn(layers)
	} else {
		split = s.split(layers)
	}
	parallel.For(lossParts, func(worker, i int) {
		sum, scratch := &s.parts[i], &s.scratch[worker]
		scratch.prepare(s.features, s.classes)
		sum.loss = 0
		clear(sum.gradient)
		clear(sum.spread)
		s.eachBlock(i, scratch, func(block []float32, first int) {
			m := len(block) / s.features
			products, errors := scratch.products[:m*len(layers)*s.classes], scratch.errors[:m*s.classes]
			if s.precise {
				s.multiplyPrecise(products, scratch, block, turned)
			} else {
				s.multiply(products, scratch, block, layers, split)
			}
			f(sum, first, products, errors)
			if s.precise {
				s.backPrecise(sum.gradient, errors, scratch, block)
			} else {
				s.back(sum.gradient, errors, scratch, block)
			}
		})
	})
}

func (l *lossScratch) prepare(f, k int) {
	if l.products == nil {
		l.halves, l.products, l.errors = make([]float32, lossBlock*4*k), make([]float64, lossBlock*2*k), make([]float64, lossBlock*k)
		l.rounded, l.gradient = make([]float32, lossBlock*k), make([]float32, k*f)
		l.row = make([]float64, f)
	}
}

// err returns why rows could not be read, nil if they could.
func (s *Loss) err() error {
	if failed := s.failed.Load(); failed != nil {
		return *failed
	}
	return nil
}

// eachBlock calls f for each block of part i's rows, until one cannot be read.
func (s *Loss) eachBlock(i int, scratch *lossScratch, f func(block []float32, first int)) {
	n := s.data.Len()
	last := (i + 1) * n / lossParts
	for first := i * n / lossParts; first < last; first += lossBlock {
		block := s.block(first, min(lossBlock, last-first), scratch)
		if block == nil {
			return
		}
		f(block, first)
	}
}

// block returns m rows from first on, nil if they, or others before, cannot be read.
func (s *Loss) block(first, m int, scratch *lossScratch) []float32 {
	block := s.plainBlock(first, m, scratch)
	if !s.scaled || block == nil {
		return block
	}
	if scratch.scaled == nil {
		scratch.scaled = make([]float32, lossBlock*s.features)
	}
	s.standard.rows(scratch.scaled, block)
	return scratch.scaled[:len(block)]
}

func (s *Loss) plainBlock(first, m int, scratch *lossScratch) []float32 {
	if s.err() != nil {
		return nil
	}
	if block, ok := s.data.Block(first, m); ok {
		return block
	}
	if scratch.gathered == nil {
		scratch.gathered, scratch.indices = make([]float32, lossBlock*s.features), make([]int, lossBlock)
	}
	for i := range m {
		scratch.indices[i] = first + i
	}
	rows := scratch.gathered[:m*s.features]
	if err := s.data.Read(rows, scratch.indices[:m]); err != nil {
		s.failed.CompareAndSwap(nil, &err)
		return nil
	}
	return rows
}

// softmaxErrors turns a row of logits into p − y and returns −log p[label]. Neither
// rounds to 0 where p[label] rounds to 1.
func softmaxErrors(row []float64, label int) float64 {
	most := floats.MaxIdx(row)
	largest, logit := row[most], row[label]
	var others float64 // the sum of e^(z−largest), but for the 1 of most
	for c, z := range row {
		if c != most {
			row[c] = math.Exp(z - largest)
			others += row[c]
		}
	}
	row[most] = 1
	floats.Scale(1/(1+others), row)
	row[label] = 0
	row[label] = -floats.Sum(row)
	return math.Log1p(others) + largest - logit
}
