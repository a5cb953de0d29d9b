package onnx

import (
	"slices"
	"strings"
)

// same drops an operator that changes nothing when a network is used.
func same(_ *reader, _ *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	return []*value{v}, err
}

func (r *reader) cast(n *operator, in []*value) ([]*value, error) {
	if to := dataType(n.whole("to", 0)); !to.isFloat() {
		return nil, unsupported("found a cast to data type %d, expected a floating-point type", to)
	}
	return same(r, n, in)
}

// softmaxEnd drops a Softmax over the classes; only the end of a network may
// follow.
func (r *reader) softmaxEnd(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	byDefault := int64(-1)
	if r.file.opset < 13 { // of the array as two axes, cut there
		byDefault = 1
	}
	k, err := imageAxis(n.whole("axis", byDefault), v)
	if err != nil {
		return nil, err
	}
	over := v.shape[k]
	if r.file.opset < 13 {
		over = product(v.shape[k:])
	}
	if over != product(v.shape) {
		return nil, unsupported("found axis %d of an input of %v, expected the classes, at the end", k+1, v.shape)
	}
	out := *v
	out.softmax = true
	return []*value{&out}, nil
}

// view returns what an operator sees, that adds no layer: alone only as long as
// nothing else reads what it takes.
func (r *reader) view(n *operator, v *value) ([]*value, error) {
	out := *v
	out.alone = v.alone && r.readers[n.inputs[0]] == 1
	return []*value{&out}, nil
}

func (r *reader) reshapeLayer(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	target := both(n.attributes["shape"].ints)
	if len(in) > 1 && in[1] != nil {
		if in[1].constant == nil || in[1].constant.dtype.isFloat() {
			return nil, unsupported("found a shape that depends on the images")
		}
		target = in[1].constant.ints
	}
	var shapes [2][]int64
	for b := range shapes {
		dims := slices.Clone(target[b])
		if len(dims) > 0 && dims[0] == 1 && r.batch[0] == 1 { // exported for one image
			dims[0] = r.batch[b]
		}
		old := append([]int64{r.batch[b]}, int64s(v.shape)...)
		if shapes[b], err = reshape(dims, old, n.whole("allowzero", 0) != 0); err != nil {
			return nil, err
		}
	}
	return r.viewAs(n, v, shapes)
}

// viewAs sees a value in a shape, given for both sizes of the batch: the batch
// must come first, and nothing else may depend on it.
func (r *reader) viewAs(n *operator, v *value, shapes [2][]int64) ([]*value, error) {
	if len(shapes[0]) == 0 || shapes[0][0] != r.batch[0] || shapes[1][0] != r.batch[1] || !slices.Equal(shapes[0][1:], shapes[1][1:]) {
		return nil, unsupported("found shape %v for images of %v, expected the images to stay apart", shapes[0], v.shape)
	}
	shape, err := sides(shapes[0][1:])
	if err != nil || product(shape) != product(v.shape) || len(shape) > maxRank {
		return nil, damaged("found shape %v for images of %v", shapes[0], v.shape)
	}
	if !v.rowMajor() {
		// A channel shuffle ends when its channels are joined again.
		if _, ok := match(shape, v.shape); !ok {
			return nil, unsupported("found shape %v for images of %v with their axes in another order", shape, v.shape)
		}
		if len(v.base) == 3 && slices.Equal(shape, v.base) {
			name := ""
			if strings.HasSuffix(n.name, "/out") { // ours
				name = scope(n)
			}
			if w, err := r.ordered(v.reshape(shape), name); err == nil {
				return r.view(n, w)
			}
		}
	}
	return r.view(n, v.reshape(shape))
}

func (r *reader) flattenLayer(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	k := n.whole("axis", 1)
	if k < 0 {
		k += int64(len(v.shape) + 1)
	}
	if k != 1 {
		return nil, unsupported("found axis %d of an input of %v, expected 1: the images stay apart", k, v.shape)
	}
	size := int64(product(v.shape))
	return r.viewAs(n, v, [2][]int64{{r.batch[0], size}, {r.batch[1], size}})
}

func (r *reader) squeezeLayer(n *operator, in []*value) ([]*value, error) {
	return r.resized(n, in, squeeze)
}

func (r *reader) unsqueezeLayer(n *operator, in []*value) ([]*value, error) {
	return r.resized(n, in, unsqueeze)
}

// resized sees a value with axes of side 1 more or fewer.
func (r *reader) resized(n *operator, in []*value, change func([]int64, []int) ([]int, error)) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	list, err := option(n, "axes", constants(in), 1)
	if err != nil {
		return nil, err
	}
	const images = maxSide // a side that is never squeezed
	full := append([]int{images}, v.shape...)
	shape, err := change(list, full)
	if err != nil {
		return nil, err
	}
	if len(shape) == 0 || shape[0] != images {
		return nil, unsupported("found axes %v of images of %v, expected the images to stay the first axis", list, v.shape)
	}
	return r.view(n, v.reshape(shape[1:]))
}

func (r *reader) transposeLayer(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	perm, err := permutation(n, len(v.shape)+1)
	if err != nil {
		return nil, err
	}
	if perm[0] != 0 {
		return nil, unsupported("found perm %v, expected the images to stay the first axis", perm)
	}
	for i := range perm {
		perm[i]--
	}
	out, ok := v.transpose(perm[1:])
	if !ok {
		return nil, unsupported("found perm %v of images seen as %v of layer %q", n.attributes["perm"].ints, v.shape, v.layer)
	}
	return r.view(n, out)
}

func (r *reader) shapeOf(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	var full [2][]int64
	for b := range full {
		full[b] = append([]int64{r.batch[b]}, int64s(v.shape)...)
	}
	return []*value{{constant: shapePart(n, full)}}, nil
}

func (r *reader) sizeOf(_ *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	c := &constant{dtype: int64Type}
	for b := range c.ints {
		c.ints[b] = []int64{r.batch[b] * int64(product(v.shape))}
	}
	return []*value{{constant: c}}, nil
}
