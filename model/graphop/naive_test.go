package graphop_test

import (
	"math"

	"github.com/lastlayer/lastlayer/model/graphop"
)

// Naive float64 versions of the operators, as plain loops: the reference for the fast
// ones. Each returns its output and a function from the output gradient to the input
// gradients.

// array holds values with a shape, row-major.
type array struct {
	shape []int
	v     []float64
}

func zeros(shape ...int) array {
	n := 1
	for _, side := range shape {
		n *= side
	}
	return array{shape, make([]float64, n)}
}

type backward func(dy array) []array

// orOne is p, or 1×1 for the zero value.
func orOne(p graphop.Pair) graphop.Pair {
	if p == (graphop.Pair{}) {
		return graphop.Both(1)
	}
	return p
}

// naiveConv is a convolution with bias, by definition; b may be empty.
func naiveConv(x, w, b array, s graphop.ConvShape) (array, backward) {
	d, groups := orOne(s.Dilation), max(s.Groups, 1)
	n, h, wd := x.shape[0], x.shape[2], x.shape[3]
	out, kh, kw := w.shape[0], w.shape[2], w.shape[3]
	y := zeros(n, out, (h+s.Pad[0]+s.Pad[2]-d[0]*(kh-1)-1)/s.Stride[0]+1, (wd+s.Pad[1]+s.Pad[3]-d[1]*(kw-1)-1)/s.Stride[1]+1)
	// each calls f for every output and every tap on the image, with the indices of the
	// three values of the product.
	each := func(f func(y, x, w int)) {
		for at := range y.v {
			ox, oy, o, i := at%y.shape[3], at/y.shape[3]%y.shape[2], at/(y.shape[2]*y.shape[3])%out, at/(y.shape[2]*y.shape[3]*out)
			for c := range w.shape[1] {
				channel := i*x.shape[1] + o/(out/groups)*w.shape[1] + c
				for ky := range kh {
					iy := oy*s.Stride[0] + ky*d[0] - s.Pad[0]
					for kx := range kw {
						ix := ox*s.Stride[1] + kx*d[1] - s.Pad[1]
						if iy >= 0 && iy < h && ix >= 0 && ix < wd {
							f(at, (channel*h+iy)*wd+ix, ((o*w.shape[1]+c)*kh+ky)*kw+kx)
						}
					}
				}
			}
		}
	}
	each(func(i, j, k int) { y.v[i] += x.v[j] * w.v[k] })
	plane := y.shape[2] * y.shape[3]
	if len(b.v) > 0 {
		for i := range y.v {
			y.v[i] += b.v[i/plane%out]
		}
	}
	return y, func(dy array) []array {
		dx, dw, db := zeros(x.shape...), zeros(w.shape...), zeros(out)
		each(func(i, j, k int) {
			dx.v[j] += dy.v[i] * w.v[k]
			dw.v[k] += dy.v[i] * x.v[j]
		})
		for i, d := range dy.v {
			db.v[i/plane%out] += d
		}
		return []array{dx, dw, db}
	}
}

func naiveDense(x, w, b array) (array, backward) {
	n, in, out := x.shape[0], w.shape[0], w.shape[1]
	y := zeros(n, out)
	for i := range n {
		for o := range out {
			y.v[i*out+o] = b.v[o]
			for j := range in {
				y.v[i*out+o] += x.v[i*in+j] * w.v[j*out+o]
			}
		}
	}
	return y, func(dy array) []array {
		dx, dw, db := zeros(x.shape...), zeros(w.shape...), zeros(out)
		for i := range n {
			for o := range out {
				d := dy.v[i*out+o]
				db.v[o] += d
				for j := range in {
					dx.v[i*in+j] += d * w.v[j*out+o]
					dw.v[j*out+o] += d * x.v[i*in+j]
				}
			}
		}
		return []array{dx, dw, db}
	}
}

func naiveMask(x, mask array) (array, backward) {
	y := zeros(x.shape...)
	for i := range y.v {
		y.v[i] = x.v[i] * mask.v[i]
	}
	return y, func(dy array) []array {
		dx := zeros(x.shape...)
		for i := range dx.v {
			dx.v[i] = dy.v[i] * mask.v[i]
		}
		return []array{dx, {}}
	}
}

func naiveCrossEntropy(x array, labels []int, weights []float32) (array, backward) {
	weight := func(label int) float64 {
		if weights == nil {
			return 1
		}
		return float64(weights[label])
	}
	n, k := x.shape[0], x.shape[1]
	y, p := zeros(1), zeros(n, k)
	for i, label := range labels {
		row := x.v[i*k : (i+1)*k]
		largest := math.Inf(-1)
		for _, v := range row {
			largest = math.Max(largest, v) // NaN wins
		}
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v - largest)
		}
		for j, v := range row {
			p.v[i*k+j] = math.Exp(v-largest) / sum
		}
		y.v[0] += weight(label) * (math.Log(sum) + largest - row[label]) / float64(n)
	}
	return y, func(dy array) []array {
		dx := zeros(n, k)
		for i := range dx.v {
			dx.v[i] = weight(labels[i/k]) * p.v[i] * dy.v[0] / float64(n)
		}
		for i, label := range labels {
			dx.v[i*k+label] -= weight(label) * dy.v[0] / float64(n)
		}
		return []array{dx, {}}
	}
}
