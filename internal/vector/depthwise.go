package vector

// Depthwise is a convolution of one plane [Height,Width] with one kernel of
// Side×Side that moves by Stride. Top and Left are the rows and columns of zeros
// before the plane; after it there are as many as the output [OutH,OutW] needs.
type Depthwise struct {
	Side, Stride  int
	Height, Width int
	Top, Left     int
	OutH, OutW    int
}

// Apply writes the sums, finished as f says, to y; add is nil or of y's size. It
// reports false where there is no code for it: for kernels other than 3×3 and 5×5, for
// strides above 2, and without vector instructions. Each sum is in the order of the
// taps.
func (d *Depthwise) Apply(y, x, weights, add []float32, f Finish) bool {
	if d.Side != 3 && d.Side != 5 || d.Stride != 1 && d.Stride != 2 || min(d.OutH, d.OutW) < 1 {
		return false
	}
	y, x, weights = y[:d.OutH*d.OutW], x[:d.Height*d.Width], weights[:d.Side*d.Side]
	if add != nil {
		add = add[:len(y)]
	}
	return len(x) > 0 && d.whole(y, x, weights, add, f)
}
