package graphop

// A depthwise convolution: each output channel is the sum of kh·kw shifted
// copies of one input channel. Products with a patch matrix of so few rows
// would cost more in copying than they compute.

// eachShift calls f for the kh·kw taps of output channel o that lie on the
// image somewhere, as eachTap does, with the tap's place in the kernels.
func (g *geometry) eachShift(o int, f func(tap, src, lo, hi, x0, x1 int)) {
	plane := o / g.groupOut() * g.height
	for i := range g.kernel[0] {
		lo, hi := g.high.onImage(i, g.height, g.outH)
		for j := range g.kernel[1] {
			x0, x1 := g.wide.onImage(j, g.width, g.outW)
			if lo < hi && x0 < x1 {
				f((o*g.kernel[0]+i)*g.kernel[1]+j, (plane+g.high.at(i))*g.width+g.wide.at(j), lo, hi, x0, x1)
			}
		}
	}
}

// depthwiseSum writes the sum [O,H"·W"].
func (g *geometry) depthwiseSum(sum, x, w []float32) {
	clear(sum)
	stride := g.stride[1]
	for o := range g.out {
		g.eachShift(o, func(tap, src, lo, hi, x0, x1 int) {
			k := w[tap]
			for y := lo; y < hi; y++ {
				row := sum[(o*g.outH+y)*g.outW:][x0:x1]
				from := x[src+y*g.stride[0]*g.width+x0*stride:]
				if stride == 1 {
					from = from[:len(row)]
					for i, v := range from {
						row[i] += k * v
					}
					continue
				}
				for i := range row {
					row[i] += k * from[i*stride]
				}
			}
		})
	}
}

// depthwiseGradX writes dx [C,H,W].
func (g *geometry) depthwiseGradX(dx, dz, w []float32) {
	clear(dx)
	stride := g.stride[1]
	for o := range g.out {
		g.eachShift(o, func(tap, dst, lo, hi, x0, x1 int) {
			k := w[tap]
			for y := lo; y < hi; y++ {
				row := dz[(o*g.outH+y)*g.outW:][x0:x1]
				to := dx[dst+y*g.stride[0]*g.width+x0*stride:]
				for i, v := range row {
					to[i*stride] += k * v
				}
			}
		})
	}
}

// addDepthwiseGradW adds one image's part of the gradient to sum [O,1,kh,kw]: a
// product of a plane with a shifted one for each tap, summed in float64.
func (g *geometry) addDepthwiseGradW(sum, x, dz []float32) {
	stride := g.stride[1]
	for o := range g.out {
		g.eachShift(o, func(tap, src, lo, hi, x0, x1 int) {
			var dot float64
			for y := lo; y < hi; y++ {
				row := dz[(o*g.outH+y)*g.outW:][x0:x1]
				from := x[src+y*g.stride[0]*g.width+x0*stride:]
				for i, v := range row {
					dot += float64(v) * float64(from[i*stride])
				}
			}
			sum[tap] += float32(dot)
		})
	}
}
