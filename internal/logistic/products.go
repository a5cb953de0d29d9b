package logistic

import "gonum.org/v1/gonum/floats"

// split returns the weights of layers as [F,2·len(layers)·K]: for each layer a
// row rounded to float32, then what the rounding left of it.
func (s *Loss) split(layers [][]float64) []float32 {
	k, width := s.classes, 2*len(layers)*s.classes
	split := make([]float32, s.features*width)
	for l, layer := range layers {
		for i, w := range layer[:s.features*k] {
			at := i/k*width + 2*l*k + i%k
			split[at] = float32(w)
			split[at+k] = float32(w - float64(split[at]))
		}
	}
	return split
}

// multiply writes the products of a block's rows and the layers, by float32
// products.
func (s *Loss) multiply(products []float64, scratch *lossScratch, block []float32, layers [][]float64, split []float32) {
	f, k, width := s.features, s.classes, 2*len(layers)*s.classes
	m := len(block) / f
	scratch.gemm.Sgemm(false, false, m, width, f, 1, block, f, split, width, 0, scratch.halves, width)
	halves := scratch.halves[:m*width]
	for len(halves) > 0 {
		for _, layer := range layers {
			for c, bias := range layer[f*k:] {
				products[c] = float64(halves[c]) + float64(halves[k+c]) + bias
			}
			products, halves = products[k:], halves[2*k:]
		}
	}
}

// back adds errorsᵀ [K,m] · block [m,F] to the gradient, by float32 products,
// and the errors to that of the biases.
func (s *Loss) back(gradient, errors []float64, scratch *lossScratch, block []float32) {
	f, k := s.features, s.classes
	for i, e := range errors {
		scratch.rounded[i] = float32(e)
		gradient[f*k+i%k] += e
	}
	scratch.gemm.Sgemm(true, false, k, f, len(block)/f, 1, scratch.rounded, k, block, f, 0, scratch.gradient, f)
	for i, g := range scratch.gradient {
		gradient[i] += float64(g)
	}
}

// turn returns layers as [K,F], then [K].
func (s *Loss) turn(layers [][]float64) [][]float64 {
	f, k := s.features, s.classes
	turned := make([][]float64, len(layers))
	for l, layer := range layers {
		turned[l] = make([]float64, len(layer))
		copy(turned[l][f*k:], layer[f*k:])
		for i, w := range layer[:f*k] {
			turned[l][i%k*f+i/k] = w
		}
	}
	return turned
}

// multiplyPrecise is multiply in float64, by layers that are turned.
func (s *Loss) multiplyPrecise(products []float64, scratch *lossScratch, block []float32, layers [][]float64) {
	f, k := s.features, s.classes
	for ; len(block) > 0; block = block[f:] {
		row := widened(scratch.row, block)
		for _, layer := range layers {
			for c := range k {
				products[c] = floats.Dot(row, layer[c*f:(c+1)*f]) + layer[f*k+c]
			}
			products = products[k:]
		}
	}
}

// backPrecise is back in float64.
func (s *Loss) backPrecise(gradient, errors []float64, scratch *lossScratch, block []float32) {
	f, k := s.features, s.classes
	for ; len(block) > 0; block, errors = block[f:], errors[k:] {
		row := widened(scratch.row, block)
		for c, e := range errors[:k] {
			floats.AddScaled(gradient[c*f:(c+1)*f], e, row)
			gradient[f*k+c] += e
		}
	}
}

// widened fills dst with the first numbers of src, and returns it.
func widened(dst []float64, src []float32) []float64 {
	for i := range dst {
		dst[i] = float64(src[i])
	}
	return dst
}
