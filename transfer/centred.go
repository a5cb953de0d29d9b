package transfer

import "github.com/lastlayer/lastlayer/internal/parallel"

// centred is the layer of a softmaxLoss as it would be on features less their
// mean μ: (W,c) with c = b + μᵀ·W. The loss of (W,c) is that of (W,b), penalty
// included, but rounder: what ReLU gives has a mean well above 0, which ties
// all weights of a class to its bias. L-BFGS needs half of the iterations.
// Scaling features to one deviation would not spare more, and leads to a worse
// one of the many minima at infinity where there is no penalty.
type centred struct {
	mean    []float64 // [F]
	classes int
}

// centre returns the coordinates for the rows.
func (s *softmaxLoss) centre() centred {
	n := s.data.Len()
	sums := make([][]float64, lossParts)
	parallel.For(lossParts, func(worker, i int) {
		sum := make([]float64, s.features)
		last := (i + 1) * n / lossParts
		for first := i * n / lossParts; first < last; first += lossBlock {
			block := s.block(first, min(lossBlock, last-first), &s.scratch[worker])
			for ; len(block) > 0; block = block[s.features:] {
				for j := range sum {
					sum[j] += float64(block[j])
				}
			}
		}
		sums[i] = sum
	})
	t := centred{make([]float64, s.features), s.classes}
	for _, sum := range sums {
		for j, v := range sum {
			t.mean[j] += v / float64(n)
		}
	}
	return t
}

// shift writes to dst the layer at src, its bias moved by sign·μᵀ·W: with -1
// from (W,c) to (W,b), with 1 back.
func (t centred) shift(dst, src []float64, sign float64) {
	copy(dst, src)
	bias := dst[len(dst)-t.classes:]
	for j, mean := range t.mean {
		for c := range bias {
			bias[c] += sign * mean * src[j*t.classes+c]
		}
	}
}

// gradient writes the gradient towards (W,c), given that towards (W,b).
func (t centred) gradient(dst, src []float64) {
	copy(dst, src)
	bias := src[len(src)-t.classes:]
	for j, mean := range t.mean {
		for c, b := range bias {
			dst[j*t.classes+c] -= mean * b
		}
	}
}
