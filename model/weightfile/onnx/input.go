package onnx

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

// addInput finds the images among the graph's inputs.
func (r *reader) addInput(nodes []*operator) error {
	var found []arg
	for _, a := range r.file.inputs {
		if r.file.initializers[a.name] == nil && r.readers[a.name] > 0 {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		return unsupported("found %d inputs without values of their own%s, expected one, the images", len(found), listed(found))
	}
	in := found[0]
	if !in.tensor || !in.dtype.isFloat() {
		return unsupported("input %.100q: found data type %d, expected images as floating-point numbers", in.name, in.dtype)
	}
	if len(in.sides) < 1 || len(in.sides) > 4 {
		return unsupported("input %.100q: found shape %v, expected [N,C,H,W] or [N,F]", in.name, in.sides)
	}
	r.batch = [2]int64{1, 2}
	if n := in.sides[0]; n > 1 {
		r.batch = [2]int64{n, n}
	}
	shape, err := sides(in.sides[1:])
	if err != nil {
		return damaged("input %.100q: %v", in.name, err)
	}
	if slices.Contains(shape, 0) {
		return unsupported("input %.100q: found shape %v, in which 0 is left open, expected images of a fixed size: export it with one", in.name, in.sides)
	}
	r.values[in.name] = r.inputValue(in.name, shape, nodes)
	return nil
}

// inputValue sets the shape of the images.
func (r *reader) inputValue(name string, shape []int, nodes []*operator) *value {
	last := len(shape) >= 2 && r.channelsLast(name, len(shape), nodes)
	base := shape
	if last {
		base = append([]int{shape[len(shape)-1]}, shape[:len(shape)-1]...)
	}
	switch seen := base; len(seen) {
	case 0: // a number for each image
		base = []int{1}
	case 2: // a signal in time: an image of one column
		base = []int{seen[0], seen[1], 1}
	}
	r.spec.Input = base
	r.shapes[model.Images] = base
	v := layerValue(model.Images, base)
	switch {
	case last && len(shape) == 2:
		v, _ = v.reshape(base[:2]).transpose([]int{1, 0})
	case last:
		v, _ = v.transpose([]int{1, 2, 0})
	default:
		v = v.reshape(shape)
	}
	return v
}
