package vector

// Depthwise is a convolution of one plane [Height,Width] with one kernel of
// Side×Side that moves by Stride. Top and Left are the rows and columns of zeros
// before the plane; after it there are as many as the output [OutH,OutW] needs.
type Depthwise struct {
	Side, Stride  int
	Height, Width int // the assembly reads these
	Top, Left     int // six
	OutH, OutW    int // in their order
}

// Ready reports whether Apply has code for it: there is some for kernels of 3×3 and 5×5
// that move by 1 or 2, where there are vector instructions.
func (d *Depthwise) Ready() bool {
	return (d.Side == 3 || d.Side == 5) && (d.Stride == 1 || d.Stride == 2) && min(d.OutH, d.OutW, d.Height, d.Width) > 0 && depthwiseCode()
}

// Apply writes the sums, finished as f says, to y; add is nil or of y's size. It
// reports false where it is not Ready. Each sum is in the order of the taps.
func (d *Depthwise) Apply(y, x, weights, add []float32, f *Finish) bool {
	if !d.Ready() {
		return false
	}
	y, x, weights = y[:d.OutH*d.OutW], x[:d.Height*d.Width], weights[:d.Side*d.Side]
	if add != nil {
		add = add[:len(y)]
	}
	d.whole(y, x, weights, add, f)
	return true
}

// Largest writes the largest value of each window to y instead; NaN wins. It reports
// false where there is no code for it: there is some for windows of 3×3 that move by 2.
func (d *Depthwise) Largest(y, x []float32) bool {
	if !d.Ready() || d.Side != 3 || d.Stride != 2 {
		return false
	}
	return d.largestWhole(y[:d.OutH*d.OutW], x[:d.Height*d.Width])
}
