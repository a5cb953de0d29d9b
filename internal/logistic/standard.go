package logistic

import (
	"math"
	"slices"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"gonum.org/v1/gonum/floats"
)

// standard says how features are standardised, to mean 0 and a deviation of about 1,
// and how a layer changes with them: on (x−μ)/s the layer (W,b) is (U,c) with
// U = s·W, row by row, and c = b + μᵀ·W. The loss is the same, the penalty
// included, but no feature outweighs another, and none is tied to the bias, as
// the output of a ReLU is by a mean above 0.
type standard struct {
	classes int
	kept    int       // columns, as in Terms
	mean    []float64 // [F]: μ
	inverse []float64 // [F]: 1/s; 0 for a feature that is always the same: the bias makes up for it and its W is 0
}

// standardise returns the standard of the loss's rows. s² is the variance plus
// the penalty's share in the curvature, so that features whose weights the
// penalty keeps at 0 do not slow the others down, and plus a thousand times the
// variance that nine tenths of the features exceed: features of about one scale
// get nearly the same s. Rare features then matter as little as they do in the data,
// which more than halves the iterations. Features of very different scales still get
// an s of their own.
//
// Without a penalty the largest variance takes its place, so that s is nearly
// the same for all features. Where classes can be separated there is no minimum
// then, and s decides which of the layers that separate them is found: with an s
// of its own for each, features that hardly vary would get the largest weights.
func (s *Loss) standardise() standard {
	type moments struct{ sum, squares []float64 }
	f, n := s.features, s.data.Len()
	origin := make([]float64, f) // a row, near which squares do not cancel
	for j, v := range s.block(0, 1, &s.scratch[0]) {
		origin[j] = float64(v)
	}
	parts := make([]moments, lossParts)
	parallel.For(lossParts, func(worker, i int) {
		m := moments{make([]float64, f), make([]float64, f)}
		s.eachBlock(i, &s.scratch[worker], func(block []float32, _ int) {
			for ; len(block) > 0; block = block[f:] {
				row, sum, squares := block[:f], m.sum[:f], m.squares[:f]
				for j, o := range origin[:f] {
					d := float64(row[j]) - o
					sum[j] += d
					squares[j] += d * d
				}
			}
		})
		parts[i] = m
	})
	t := standard{s.classes, s.Kept, make([]float64, f), make([]float64, f)}
	variances := make([]float64, f)
	for j := range f {
		var sum, squares float64
		for _, m := range parts {
			sum += m.sum[j]
			squares += m.squares[j]
		}
		sum /= float64(n)
		t.mean[j] = origin[j] + sum
		variances[j] = squares/float64(n) - sum*sum
	}
	extra := 4*s.L2 + 1000*low(variances)
	if s.L2 == 0 {
		extra = floats.Max(variances)
	}
	for j, variance := range variances {
		if variance > 0 || variance != variance {
			t.inverse[j] = 1 / math.Sqrt(variance+extra)
		}
	}
	return t
}

// low returns the variance above 0 that nine tenths of those above 0 exceed, or 0.
func low(variances []float64) float64 {
	var sorted []float64
	for _, v := range variances {
		if v > 0 {
			sorted = append(sorted, v)
		}
	}
	if len(sorted) == 0 {
		return 0
	}
	slices.Sort(sorted)
	return sorted[len(sorted)/10]
}

// plain returns whether sums over features as they are lose little to rounding.
func (t standard) plain() bool {
	for j, mean := range t.mean {
		if mean = math.Abs(mean); mean > 1e15 || t.inverse[j] > 1e15 || mean*t.inverse[j] > 16 {
			return false
		}
	}
	return true
}

// layer writes to dst the layer (W,b) that is x on standard features.
func (t standard) layer(dst, x []float64) {
	k := t.classes
	bias := dst[len(dst)-k:]
	copy(bias, x[len(x)-k:])
	for j, mean := range t.mean {
		for c := range bias {
			w := t.inverse[j] * x[j*k+c]
			dst[j*k+c] = w
			bias[c] -= mean * w
		}
	}
}

// keep writes the columns of a layer that stay as they are to x. A feature that is
// always the same goes into the bias.
func (t standard) keep(x []float64, kernel, bias []float32) {
	k := t.classes
	shift := x[len(x)-k:]
	for c := range t.kept {
		shift[c] = float64(bias[c])
		for j, mean := range t.mean {
			at := j*k + c
			w := float64(kernel[at])
			shift[c] += mean * w
			if t.inverse[j] > 0 {
				x[at] = w / t.inverse[j]
			}
		}
	}
}

// round writes the layer that is x on standard features to kernel and bias, and
// the float32 values of it back to x. Rounding W moves the logits of all rows alike,
// in proportion to the mean of the features: b makes up for that. Columns that are
// kept are left alone.
func (t standard) round(x []float64, kernel, bias []float32) {
	k := t.classes
	c := x[len(x)-k:]
	means := make([]float64, k) // μᵀ·W
	for j, mean := range t.mean {
		for c := t.kept; c < k; c++ {
			at := j*k + c
			kernel[at] = float32(t.inverse[j] * x[at])
			if x[at] = 0; t.inverse[j] > 0 {
				x[at] = float64(kernel[at]) / t.inverse[j]
			}
			means[c] += mean * float64(kernel[at])
		}
	}
	for i := t.kept; i < k; i++ {
		bias[i] = float32(c[i] - means[i])
		c[i] = float64(bias[i]) + means[i]
	}
}

// gradient turns the gradient towards (W,b) into that towards (U,c).
func (t standard) gradient(g []float64) {
	bias := g[len(g)-t.classes:]
	for j, mean := range t.mean {
		for c, b := range bias {
			at := j*t.classes + c
			g[at] = t.inverse[j] * (g[at] - mean*b)
		}
	}
}

// rows turns rows of features into standard ones.
func (t standard) rows(dst, src []float32) {
	f := len(t.mean)
	for ; len(src) > 0; src, dst = src[f:], dst[f:] {
		src, dst, inverse := src[:f], dst[:f], t.inverse[:f]
		for j, mean := range t.mean {
			dst[j] = float32((float64(src[j]) - mean) * inverse[j])
		}
	}
}
