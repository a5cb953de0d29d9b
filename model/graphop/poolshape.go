package graphop

import "github.com/pkg/errors"

// PoolShape describes a pooling window. A maximum ignores padding, and so does an
// average unless CountPad is set.
type PoolShape struct {
	Kernel, Stride Pair
	Pad            Pads
	Dilation       Pair // distance between pixels of the window; zero value: 1
	Ceil           bool // a last window may extend past the padding if it starts on the image or the padding before it
	CountPad       bool // an average also divides by the pixels on the padding
}

// window returns the window along axis i.
func (p PoolShape) window(i int) window {
	return axis(p.Kernel, p.Stride, p.Dilation.orOne(), p.Pad, i)
}

// Output returns the height and width of the pooled image. Every window must overlap
// the image.
func (p PoolShape) Output(image Pair) (Pair, error) {
	var out Pair
	for i := range out {
		w := p.window(i)
		if w.valid() {
			out[i] = w.poolPositions(image[i], p.Ceil)
		}
		for at := range out[i] {
			if lo, hi := w.tapsAt(at, image[i]); lo >= hi {
				return out, errors.Wrapf(ErrInput, "found image %v, window %v, stride %v, dilation %v, pad %v: window %d would lie on padding alone", image, p.Kernel, p.Stride, p.Dilation.orOne(), p.Pad, at)
			}
		}
	}
	if min(out[0], out[1]) < 1 {
		return out, errors.Wrapf(ErrInput, "found image %v, window %v, stride %v, dilation %v, pad %v: they do not fit", image, p.Kernel, p.Stride, p.Dilation.orOne(), p.Pad)
	}
	return out, nil
}

// poolPositions is positions; ceil adds one for a partial last window, counted as in
// PyTorch and onnxruntime.
func (w window) poolPositions(length int, ceil bool) int {
	n := w.positions(length)
	rest := length + w.before + w.after - w.reach() - (n-1)*w.stride
	if ceil && rest > 0 && n*w.stride < length+w.before {
		n++
	}
	return n
}

// tapsAt returns the range of taps on the image at position p; it is empty if hi ≤ lo.
func (w window) tapsAt(p, length int) (lo, hi int) {
	start := p*w.stride - w.before
	if start < 0 {
		lo = (-start + w.dilation - 1) / w.dilation
	}
	if last := length - 1 - start; last >= 0 {
		hi = min(w.kernel, last/w.dilation+1)
	}
	return lo, hi
}

// pooling holds the sizes of a pooling of planes [H,W] to [H',W'].
type pooling struct {
	high, wide           window
	inH, inW, outH, outW int
	countPad             bool
}

func newPooling(p PoolShape, height, width int) (*pooling, error) {
	out, err := p.Output(Pair{height, width})
	return &pooling{p.window(0), p.window(1), height, width, out[0], out[1], p.CountPad}, err
}

// in returns plane c of the input, out plane c of the output.
func (p *pooling) in(x []float32, c int) []float32  { return image(x, c, p.inH*p.inW) }
func (p *pooling) out(y []float32, c int) []float32 { return image(y, c, p.outH*p.outW) }

// eachWindow calls f for each output pixel with the pixels of its window that lie on
// the image: rows first + i·down for i in [0,rows), each with pixels + j·right for j in
// [0,columns).
func (p *pooling) eachWindow(f func(out, first, rows, columns int)) {
	for oy := range p.outH {
		i0, i1 := p.high.tapsAt(oy, p.inH)
		y := oy*p.high.stride + p.high.at(i0)
		for ox := range p.outW {
			j0, j1 := p.wide.tapsAt(ox, p.inW)
			f(oy*p.outW+ox, y*p.inW+ox*p.wide.stride+p.wide.at(j0), i1-i0, j1-j0)
		}
	}
}

// down and right are the distances between neighbouring pixels of a window.
func (p *pooling) down() int  { return p.high.dilation * p.inW }
func (p *pooling) right() int { return p.wide.dilation }
