package graphop_test

import (
	"math"

	"github.com/lastlayer/lastlayer/model/graphop"
)

// plane is the number of values per channel of one row.
func (a array) plane() int {
	n := 1
	for _, side := range a.shape[2:] {
		n *= side
	}
	return n
}

// channel is the channel of value i.
func (a array) channel(i int) int { return i / a.plane() % a.shape[1] }

// naiveBatchNorm takes x, mean, variance, scale and bias.
func naiveBatchNorm(x, mean, variance, scale, bias array, eps float64) (array, backward) {
	y, hat := zeros(x.shape...), zeros(x.shape...)
	for i, v := range x.v {
		c := x.channel(i)
		hat.v[i] = (v - mean.v[c]) / math.Sqrt(variance.v[c]+eps)
		y.v[i] = scale.v[c]*hat.v[i] + bias.v[c]
	}
	return y, func(dy array) []array {
		dx, dscale, dbias := zeros(x.shape...), zeros(scale.shape...), zeros(bias.shape...)
		for i, d := range dy.v {
			c := x.channel(i)
			dx.v[i] = d * scale.v[c] / math.Sqrt(variance.v[c]+eps)
			dscale.v[c] += d * hat.v[i]
			dbias.v[c] += d
		}
		return []array{dx, {}, {}, dscale, dbias}
	}
}

// naiveLayerNorm normalises over the channels of each pixel. Its gradient is that of
// the chain x → x − mean → divided by the deviation.
func naiveLayerNorm(x, scale, bias array, eps float64) (array, backward) {
	y, hat := zeros(x.shape...), zeros(x.shape...)
	channels, plane := x.shape[1], x.plane()
	deviations := make([]float64, len(x.v)/channels)
	// each calls f for each pixel with the indices of its channels.
	each := func(f func(pixel int, at []int)) {
		for pixel := range deviations {
			var at []int
			for c := range channels {
				at = append(at, (pixel/plane*channels+c)*plane+pixel%plane)
			}
			f(pixel, at)
		}
	}
	n := float64(channels)
	each(func(pixel int, at []int) {
		mean, squares := 0.0, 0.0
		for _, i := range at {
			mean += x.v[i] / n
		}
		for _, i := range at {
			squares += (x.v[i] - mean) * (x.v[i] - mean) / n
		}
		deviations[pixel] = math.Sqrt(squares + eps)
		for c, i := range at {
			hat.v[i] = (x.v[i] - mean) / deviations[pixel]
			y.v[i] = scale.v[c]*hat.v[i] + bias.v[c]
		}
	})
	return y, func(dy array) []array {
		dx, dscale, dbias := zeros(x.shape...), zeros(scale.shape...), zeros(bias.shape...)
		each(func(pixel int, at []int) {
			for c, i := range at {
				dscale.v[c] += dy.v[i] * hat.v[i]
				dbias.v[c] += dy.v[i]
				for k, j := range at { // ∂hat_i/∂x_j
					d := -1/n - hat.v[i]*hat.v[j]/n
					if k == c {
						d++
					}
					dx.v[j] += dy.v[i] * scale.v[c] * d / deviations[pixel]
				}
			}
		})
		return []array{dx, dscale, dbias}
	}
}

func naiveLRN(x array, l graphop.LRNShape) (array, backward) {
	y, sums := zeros(x.shape...), zeros(x.shape...)
	channels, plane := x.shape[1], x.plane()
	// window calls f for each value in the sum of value i.
	window := func(i int, f func(j int)) {
		c := x.channel(i)
		for k := c - int(math.Floor(float64(l.Size-1)/2)); k <= c+int(math.Ceil(float64(l.Size-1)/2)); k++ {
			if k >= 0 && k < channels {
				f(i + (k-c)*plane)
			}
		}
	}
	for i, v := range x.v {
		sums.v[i] = l.Bias
		window(i, func(j int) { sums.v[i] += l.Alpha / float64(l.Size) * x.v[j] * x.v[j] })
		y.v[i] = v * math.Pow(sums.v[i], -l.Beta)
	}
	return y, func(dy array) []array {
		dx := zeros(x.shape...)
		for i, d := range dy.v {
			dx.v[i] += d * math.Pow(sums.v[i], -l.Beta)
			window(i, func(j int) {
				dx.v[j] -= d * x.v[i] * l.Beta * math.Pow(sums.v[i], -l.Beta-1) * 2 * l.Alpha / float64(l.Size) * x.v[j]
			})
		}
		return []array{dx}
	}
}

func naivePReLU(x, slope array) (array, backward) {
	y := zeros(x.shape...)
	for i, v := range x.v {
		y.v[i] = v
		if !(v > 0) {
			y.v[i] *= slope.v[x.channel(i)%len(slope.v)]
		}
	}
	return y, func(dy array) []array {
		dx, dslope := zeros(x.shape...), zeros(slope.shape...)
		for i, v := range x.v {
			c := x.channel(i) % len(slope.v)
			if v > 0 {
				dx.v[i] = dy.v[i]
			} else {
				dx.v[i] = dy.v[i] * slope.v[c]
				dslope.v[c] += dy.v[i] * v
			}
		}
		return []array{dx, dslope}
	}
}
