package graphop

import (
	"math"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// LRNShape holds the parameters of a local response normalisation, as in ONNX.
type LRNShape struct {
	Size              int // number of channels summed over
	Alpha, Beta, Bias float64
}

// LRN adds, at each pixel of x [N,C,...],
//
//	y_c = x_c·(bias + alpha/size·Σ x_k²)^−beta
//
// where the sum is over the size channels around c. If size is even, there is one
// channel more above c than below.
func LRN(s *Scope, name string, x *gorgonia.Node, l LRNShape, grad bool) (*gorgonia.Node, error) {
	if err := s.checkChannels(name, x); err != nil {
		return nil, err
	}
	for _, v := range []float64{l.Alpha, l.Beta, l.Bias} {
		if l.Size < 1 || l.Size > maxSide || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.Wrapf(ErrInput, "%s: found %+v, expected a size from 1 and finite numbers", name, l)
		}
	}
	o := s.operator(name, "lrn", x.Shape())
	o.want = []bool{grad}
	o.cost.Bytes = bytes(o.shape, o.shape)
	channels, plane := o.shape[1], planeSize(o.shape)
	o.run = func(v []gorgonia.Value) error {
		x, y := floats(v[0]), o.floats()
		parallel.For(s.rows, func(_, i int) {
			x, y := image(x, i, channels*plane), image(y, i, channels*plane)
			sums := make([]float64, channels)
			for p := range plane {
				l.sums(sums, x[p:], plane)
				for c, sum := range sums {
					y[c*plane+p] = float32(float64(x[c*plane+p]) * math.Pow(sum, -l.Beta))
				}
			}
		})
		return nil
	}
	o.diff = func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := lrnGrad(s, name+" dx", l, in[0], dy)
		return gorgonia.Nodes{dx}, err
	}
	return o.apply(x)
}

// window returns the channels [lo,hi) summed for channel c.
func (l LRNShape) window(c, channels int) (lo, hi int) {
	return max(0, c-(l.Size-1)/2), min(channels, c+l.Size/2+1)
}

// sums writes bias + alpha/size·Σ x² for each channel of one pixel. Consecutive
// channels are plane values apart.
func (l LRNShape) sums(sums []float64, x []float32, plane int) {
	for c := range sums {
		lo, hi := l.window(c, len(sums))
		var sum float64
		for k := lo; k < hi; k++ {
			v := float64(x[k*plane])
			sum += v * v
		}
		sums[c] = l.Bias + l.Alpha/float64(l.Size)*sum
	}
}

// lrnGrad adds
//
//	dx_j = dy_j·s_j^−beta − 2·alpha·beta/size·x_j·Σ dy_c·x_c·s_c^(−beta−1)
//
// over the channels c whose window contains j. s are the sums.
func lrnGrad(s *Scope, name string, l LRNShape, x, dy *gorgonia.Node) (*gorgonia.Node, error) {
	o := s.operator(name, "lrn grad", x.Shape())
	o.cost.Bytes = bytes(o.shape, o.shape, o.shape)
	channels, plane := o.shape[1], planeSize(o.shape)
	o.run = func(v []gorgonia.Value) error {
		x, dy, dx := floats(v[0]), floats(v[1]), o.floats()
		parallel.For(s.rows, func(_, i int) {
			size := channels * plane
			x, dy, dx := image(x, i, size), image(dy, i, size), image(dx, i, size)
			sums, through := make([]float64, channels), make([]float64, channels)
			for p := range plane {
				l.sums(sums, x[p:], plane)
				clear(through)
				for c, sum := range sums {
					at := c*plane + p
					term := float64(dy[at]) * float64(x[at]) * math.Pow(sum, -l.Beta-1)
					lo, hi := l.window(c, channels)
					for k := lo; k < hi; k++ {
						through[k] += term
					}
				}
				for c, sum := range sums {
					at := c*plane + p
					direct := float64(dy[at]) * math.Pow(sum, -l.Beta)
					dx[at] = float32(direct - 2*l.Alpha*l.Beta/float64(l.Size)*float64(x[at])*through[c])
				}
			}
		})
		return nil
	}
	return o.apply(x, dy)
}
