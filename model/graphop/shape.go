package graphop

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Pair is a height and a width.
type Pair [2]int

// Both returns a Pair with both sides n.
func Both(n int) Pair { return Pair{n, n} }

// Pads is the padding around an image: top, left, bottom, right.
type Pads [4]int

// Around returns Pads of n on each side.
func Around(n int) Pads { return Pads{n, n, n, n} }

// orOne returns p, or {1, 1} for the zero value.
func (p Pair) orOne() Pair {
	if p == (Pair{}) {
		return Both(1)
	}
	return p
}

// window describes a kernel sliding along one axis of an image.
type window struct {
	kernel, stride, dilation int
	before, after            int // padding
}

// axis returns the window along axis i: 0 is the height, 1 the width.
func axis(kernel, stride, dilation Pair, pad Pads, i int) window {
	return window{kernel[i], stride[i], dilation[i], pad[i], pad[i+2]}
}

// maxSide limits kernels, strides, dilations and pads, so that no product of two
// overflows.
const maxSide = 1 << 24

// valid reports whether the window is valid.
func (w window) valid() bool {
	return min(w.kernel, w.stride, w.dilation) >= 1 && min(w.before, w.after) >= 0 &&
		max(w.kernel, w.stride, w.dilation, w.before, w.after) <= maxSide
}

// reach is the number of pixels from the first tap to the last, inclusive.
func (w window) reach() int { return (w.kernel-1)*w.dilation + 1 }

// positions returns the number of positions of the window along length pixels; 0 if the
// padded axis is shorter than the kernel.
func (w window) positions(length int) int {
	room := length + w.before + w.after - w.reach()
	if room < 0 {
		return 0
	}
	return room/w.stride + 1
}

// at is the offset of tap i at position 0; it is negative in the padding.
func (w window) at(i int) int { return i*w.dilation - w.before }

// onImage returns the range of positions at which tap i lies on the image rather than
// on padding: 0 ≤ p·stride + i·dilation − before < length. It is empty if hi ≤ lo.
func (w window) onImage(i, length, positions int) (lo, hi int) {
	at := w.at(i)
	if last := length - 1 - at; last >= 0 {
		hi = min(positions, last/w.stride+1)
	}
	if at < 0 {
		lo = (-at + w.stride - 1) / w.stride
	}
	return lo, hi
}

// checkImages returns an error unless x is float32 of shape [N,C,H,W], where N is the
// capacity.
func (s *Scope) checkImages(name string, x *gorgonia.Node) error {
	if err := s.checkBatch(name, x); err != nil {
		return err
	}
	if shape := x.Shape(); len(shape) != 4 || min(shape[1], shape[2], shape[3]) < 1 {
		return errors.Wrapf(ErrInput, "%s: found input %v, expected [N,C,H,W]", name, shape)
	}
	return nil
}

// checkChannels returns an error unless x is float32 of shape [N,C,...], where N is the
// capacity.
func (s *Scope) checkChannels(name string, x *gorgonia.Node) error {
	if err := s.checkBatch(name, x); err != nil {
		return err
	}
	if shape := x.Shape(); len(shape) < 2 || shape.TotalSize() == 0 {
		return errors.Wrapf(ErrInput, "%s: found input %v, expected [N,C,...]", name, shape)
	}
	return nil
}
