package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

func init() {
	register(map[string]reading{
		"Conv":   (*reader).conv,
		"Gemm":   (*reader).gemm,
		"MatMul": (*reader).matMul,
	}, map[string]writing{
		"conv":  writeConv,
		"dense": writeDense,
	})
}

// conv reads a convolution of an image, or of a signal in time as an image of
// one column.
func (r *reader) conv(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	w, err := weightInput(in, 1, false) // [out,C/groups,kh,kw]
	if err != nil {
		return nil, err
	}
	b, err := weightInput(in, 2, true) // [out]
	if err != nil {
		return nil, err
	}
	if v, err = r.image(v); err != nil {
		return nil, err
	}
	if len(w.shape) != len(v.shape)+1 || len(w.shape) < 3 {
		return nil, damaged("found kernels of shape %v for an input of %v", w.shape, v.shape)
	}
	win, err := windowOf(n, w.shape[2:], v)
	if err != nil {
		return nil, err
	}
	kind := model.Conv{Out: w.shape[0], Kernel: win.kernel, Stride: win.stride, Pad: win.pad, Dilation: win.dilation, NoBias: b == nil}
	if g := n.whole("group", 1); g < 1 || g > maxSide || int(g)*w.shape[1] != v.base[0] {
		return nil, damaged("found group %d and kernels %v for an input of %v", g, w.shape, v.base)
	} else if g > 1 {
		kind.Groups = int(g)
	}
	name := r.nameFor(n, n.weightName(1))
	out, err := r.layer(name, kind, v)
	if err != nil {
		return nil, err
	}
	if err := r.set(name, "W", []int{w.shape[0], w.shape[1], win.kernel[0], win.kernel[len(win.kernel)-1]}, w); err != nil {
		return nil, err
	}
	if b != nil {
		err = r.set(name, "b", []int{w.shape[0]}, b)
	}
	return win.seen(out, v), err
}

// gemm reads alpha·x·W + beta·b.
func (r *reader) gemm(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	w, err := weightInput(in, 1, false)
	if err != nil {
		return nil, err
	}
	b, err := weightInput(in, 2, true)
	if err != nil {
		return nil, err
	}
	if n.whole("transA", 0) != 0 {
		return nil, unsupported("found transA, expected a row for each image")
	}
	if len(w.shape) != 2 {
		return nil, damaged("found weights of shape %v, expected two sides", w.shape)
	}
	if n.whole("transB", 0) != 0 {
		turned := &operator{attributes: map[string]attribute{}}
		list, err := foldTranspose(r, turned, []*constant{w})
		if err != nil {
			return nil, err
		}
		r.forget(n.weightName(1))
		w = list[0]
	}
	if w, err = r.scaled(w, n.number("alpha", 1)); err != nil {
		return nil, err
	}
	if b != nil {
		if b, err = r.scaled(b, n.number("beta", 1)); err != nil {
			return nil, err
		}
		if len(b.shape) > 2 || len(b.shape) == 2 && b.shape[0] != 1 {
			return nil, unsupported("found a bias of shape %v, which differs from image to image", b.shape)
		}
		if b.size() == 1 {
			b = b.reshaped(nil)
		}
		if b, err = r.spreadTo(b.reshaped(b.shape[max(len(b.shape)-1, 0):]), []int{w.shape[1]}); err != nil {
			return nil, err
		}
	}
	return r.dense(n, n.weightName(1), v, w, b)
}

// forget lets go of an initializer's numbers, which can be decoded again.
func (r *reader) forget(name string) {
	if r.file.initializers[name] != nil {
		delete(r.values, name)
	}
}

// scaled returns c times a factor.
func (r *reader) scaled(c *constant, factor float64) (*constant, error) {
	if factor == 1 || !c.dtype.isFloat() {
		return c, nil
	}
	return r.combine(c, floatConstant(nil, []float32{float32(factor)}), nil, mulFloats)
}

// spreadTo returns c as an array of that shape.
func (r *reader) spreadTo(c *constant, shape []int) (*constant, error) {
	if slices.Equal(c.shape, shape) {
		return c, nil
	}
	if b, err := broadcast(c.shape, shape); err != nil || !slices.Equal(b, shape) {
		return nil, damaged("found a constant of shape %v, expected %v", c.shape, shape)
	}
	if err := r.budget.derive(product(shape)); err != nil {
		return nil, err
	}
	return c.pick(shape, indices(shape, spread(c.shape, shape))), nil
}

// dense adds a dense layer with weights w [in,out] and bias b [out], or none.
func (r *reader) dense(n *operator, weight string, v *value, w, b *constant) ([]*value, error) {
	if len(v.shape) != 1 || v.shape[0] != w.shape[0] {
		return nil, unsupported("found weights of shape %v for an input of %v, expected a row for each number of [F]", w.shape, v.shape)
	}
	if !v.rowMajor() { // flattened in another order than the layer's: its rows move
		order := indices(v.seen(), transposed(v.dims, v.perm))
		places := make([]int, len(order))
		for i, at := range order {
			places[at] = i
		}
		var err error
		if w, err = r.pickAxis(w, 0, places); err != nil {
			return nil, err
		}
	}
	name := r.nameFor(n, weight)
	out, err := r.layer(name, model.Dense{Out: w.shape[1], NoBias: b == nil}, v)
	if err != nil {
		return nil, err
	}
	if err := r.set(name, "W", w.shape, w); err != nil {
		return nil, err
	}
	if b != nil {
		err = r.set(name, "b", b.shape, b)
	}
	return []*value{out}, err
}

// matMul reads x·W: a dense layer, or where the channels of each pixel are
// multiplied, as in ConvNeXt, a convolution of one pixel.
func (r *reader) matMul(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	w, err := weightInput(in, 1, false) // [in,out]
	if err != nil {
		return nil, err
	}
	if len(w.shape) != 2 {
		return nil, unsupported("found weights of shape %v, expected [in,out]", w.shape)
	}
	if len(v.shape) == 1 {
		return r.dense(n, n.weightName(1), v, w, nil)
	}
	last := len(v.shape) - 1
	if last < 0 || !slices.Equal(v.dims, v.base) || !slices.Equal(v.shape, v.seen()) || v.perm[last] != 0 || len(v.base) != 3 || w.shape[0] != v.base[0] {
		return nil, unsupported("found weights of shape %v for an input of %v, expected them along the channels", w.shape, v.shape)
	}
	turned, err := foldTranspose(r, &operator{}, []*constant{w})
	if err != nil {
		return nil, err
	}
	name := r.nameFor(n, n.weightName(1))
	out, err := r.layer(name, model.Conv{Out: w.shape[1], Kernel: model.Sides{1}, Stride: model.Sides{1}, NoBias: true}, v)
	if err != nil {
		return nil, err
	}
	seen := *v
	seen.layer, seen.base, seen.dims, seen.alone = out.layer, out.base, out.base, true
	seen.shape = seen.seen()
	return []*value{&seen}, r.set(name, "W", []int{w.shape[1], w.shape[0], 1, 1}, turned[0])
}

// imageAxis returns an axis of the graph's array as one of each image.
func imageAxis(k int64, v *value) (int, error) {
	i, err := axis(k, len(v.shape)+1)
	if err == nil && i == 0 {
		err = unsupported("found an operation across images")
	}
	return i - 1, err
}

// weighted returns the names of a layer's weights, the bias only if it has one.
func weighted(l model.Layer, noBias bool) []string {
	if noBias {
		return []string{l.Name + "/W"}
	}
	return []string{l.Name + "/W", l.Name + "/b"}
}

func writeConv(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.Conv)
	n := w.add("Conv", l, in, ints("kernel_shape", pair(k.Kernel, 1)), ints("pads", around(k.Pad)), ints("strides", pair(k.Stride, 1)))
	n.weights = weighted(l, k.NoBias) // [out,C/groups,kh,kw], [out]
	if len(k.Dilation) > 0 {
		n.attributes = append(n.attributes, ints("dilations", pair(k.Dilation, 1)))
	}
	if k.Groups > 1 {
		n.attributes = append(n.attributes, whole("group", k.Groups))
	}
}

// writeDense writes x·W + b, Gemm by its defaults.
func writeDense(w *writer, l model.Layer, in []array) {
	x := in[0].name
	if len(in[0].shape) == 3 {
		x = w.step("Flatten", l, "flatten", names(in)) // [N,C*H*W], by its default axis 1
	}
	n := w.addAs("Gemm", l.Name+"/out", []string{x})
	n.weights = weighted(l, l.Kind.(model.Dense).NoBias) // [in,out], [out]
}
