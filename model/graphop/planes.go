package graphop

import (
	"github.com/lastlayer/lastlayer/internal/parallel"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// planeSize is the number of values per channel of one row in a tensor [N,C,...].
func planeSize(shape tensor.Shape) int { return rowSize(shape) / shape[1] }

// eachPlane calls body for every plane of the rows in use of a tensor [N,C,...], with
// the worker, the plane number i·C + c, and the channel c. Planes are independent, so
// the result does not depend on how they are spread over the threads.
func (s *Scope) eachPlane(shape tensor.Shape, body func(worker, plane, channel int)) {
	planes, channels := s.rows*shape[1], shape[1]
	const most, least = 32, 4096 // maximum number of pieces, minimum values per piece
	pieces := max(1, min(most, planes, planes*planeSize(shape)/least))
	parallel.For(pieces, func(worker, i int) {
		for p := i * planes / pieces; p < (i+1)*planes/pieces; p++ {
			body(worker, p, p%channels)
		}
	})
}

// addChannelSums writes one sum per channel of a tensor [N,C,...] to sums: the sum of
// term over its planes, in the order of the rows.
func (s *Scope) addChannelSums(sums []float64, term func(plane, channel int) float64) {
	const some = 8 // channels per piece of work
	channels := len(sums)
	parallel.For((channels+some-1)/some, func(_, i int) {
		for c := i * some; c < min((i+1)*some, channels); c++ {
			sums[c] = 0
			for row := range s.rows {
				sums[c] += term(row*channels+c, c)
			}
		}
	})
}

// narrow converts float64 values to float32.
func narrow(dst []float32, src []float64) {
	for i, v := range src {
		dst[i] = float32(v)
	}
}

// optional returns the values of input i, or nil if there is no such input.
func optional(v []gorgonia.Value, i int) []float32 {
	if i < 0 {
		return nil
	}
	return floats(v[i])
}
