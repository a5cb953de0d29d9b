package graphop_test

import (
	"math"

	"github.com/lastlayer/lastlayer/model/graphop"
)

// naiveSide is PyTorch's pooling_output_shape: the number of windows along one axis.
func naiveSide(length, before, after, kernel, stride, dilation int, ceil bool) int {
	room, up := length+before+after-dilation*(kernel-1)-1, 0
	if ceil {
		up = stride - 1
	}
	n := int(math.Floor(float64(room+up)/float64(stride))) + 1
	if ceil && (n-1)*stride >= length+before {
		n--
	}
	return n
}

// place is a pixel of a window; on the padding it has no image pixel.
type place struct {
	y, x          int
	image, padded bool
}

// naiveWindows returns the pixels in the window of each output pixel.
func naiveWindows(h, w int, p graphop.PoolShape) (outH, outW int, windows [][]place) {
	d := orOne(p.Dilation)
	outH = naiveSide(h, p.Pad[0], p.Pad[2], p.Kernel[0], p.Stride[0], d[0], p.Ceil)
	outW = naiveSide(w, p.Pad[1], p.Pad[3], p.Kernel[1], p.Stride[1], d[1], p.Ceil)
	for oy := range outH {
		for ox := range outW {
			var window []place
			for ky := range p.Kernel[0] {
				for kx := range p.Kernel[1] {
					y, x := oy*p.Stride[0]+ky*d[0]-p.Pad[0], ox*p.Stride[1]+kx*d[1]-p.Pad[1]
					window = append(window, place{y, x, y >= 0 && y < h && x >= 0 && x < w, y < h+p.Pad[2] && x < w+p.Pad[3]})
				}
			}
			windows = append(windows, window)
		}
	}
	return outH, outW, windows
}

func naiveMaxPool(x array, p graphop.PoolShape) (array, backward) {
	outH, outW, windows := naiveWindows(x.shape[2], x.shape[3], p)
	y := zeros(x.shape[0], x.shape[1], outH, outW)
	from := make([]int, len(y.v)) // source of each value of y
	for i := range y.v {
		plane := i / len(windows) * x.shape[2] * x.shape[3]
		best := math.Inf(-1)
		from[i] = -1
		for _, w := range windows[i%len(windows)] {
			if !w.image {
				continue
			}
			at := plane + w.y*x.shape[3] + w.x
			if v := x.v[at]; from[i] < 0 || v > best || v != v {
				best, from[i] = v, at
			}
		}
		y.v[i] = best
	}
	return y, func(dy array) []array {
		dx := zeros(x.shape...)
		for i, at := range from {
			dx.v[at] += dy.v[i]
		}
		return []array{dx}
	}
}

func naiveAveragePool(x array, p graphop.PoolShape) (array, backward) {
	outH, outW, windows := naiveWindows(x.shape[2], x.shape[3], p)
	y := zeros(x.shape[0], x.shape[1], outH, outW)
	// each calls f for every pixel in an output's mean.
	each := func(f func(out, in int, count float64)) {
		for i := range y.v {
			plane := i / len(windows) * x.shape[2] * x.shape[3]
			window := windows[i%len(windows)]
			count := 0.0
			for _, w := range window {
				if w.image || p.CountPad && w.padded {
					count++
				}
			}
			for _, w := range window {
				if w.image {
					f(i, plane+w.y*x.shape[3]+w.x, count)
				}
			}
		}
	}
	each(func(out, in int, count float64) { y.v[out] += x.v[in] / count })
	return y, func(dy array) []array {
		dx := zeros(x.shape...)
		each(func(out, in int, count float64) { dx.v[in] += dy.v[out] / count })
		return []array{dx}
	}
}
