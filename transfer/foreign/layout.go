package foreign

import (
	"slices"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Layout is how a framework orders the axes of its weights, and names them.
type Layout string

// The layouts that Import reads and Export writes. Ours has the kernels of
// PyTorch and the dense layers of TensorFlow, but for the order in which an image is
// flattened.
const (
	Ours       Layout = "lastlayer" // conv [out,in,kh,kw]; dense [in,out], in flattened from [C,H,W]; conv1/W, conv1/b
	PyTorch    Layout = "torch"     // conv [out,in,kh,kw]; dense [out,in], in flattened from [C,H,W]; conv1.weight, conv1.bias
	TensorFlow Layout = "tf"        // conv [kh,kw,in,out]; dense [in,out], in flattened from [H,W,C]; conv1/kernel, conv1/bias
)

// Layouts lists them all.
func Layouts() []Layout { return []Layout{Ours, PyTorch, TensorFlow} }

// ParseLayout returns the layout of that name.
func ParseLayout(name string) (Layout, error) {
	if l := Layout(name); slices.Contains(Layouts(), l) {
		return l, nil
	}
	return "", errors.Errorf("layout: found %q, expected one of %v", name, Layouts())
}

// wanted is one layer's weights as the spec asks for them.
type wanted struct {
	layer  string
	kernel []int // our shape of W
	bias   []int
	image  []int // [C,H,W] when the layer is dense and flattens an image
}

// wantedLayers returns the layers with weights, from input to output.
func wantedLayers(spec model.Spec) ([]wanted, error) {
	images, err := flattened(spec)
	if err != nil {
		return nil, err
	}
	parameters, err := spec.Parameters()
	if err != nil {
		return nil, err
	}
	var layers []wanted
	for _, l := range spec.Layers {
		var own []model.Parameter
		for len(parameters) > 0 && parameters[0].Layer == l.Name {
			own, parameters = append(own, parameters[0]), parameters[1:]
		}
		if len(own) == 0 {
			continue
		}
		if len(own) != 2 || own[0].Part != "W" || own[1].Part != "b" {
			return nil, errors.Wrapf(model.ErrSpec, "layer %q (%s): weights of such layers are not read from, nor written in, other layouts", l.Name, l.Kind)
		}
		layers = append(layers, wanted{layer: l.Name, kernel: own[0].Shape, bias: own[1].Shape, image: images[l.Name]})
	}
	return layers, nil
}

// arrangement says how a kernel lies in a file: an array of shape, whose
// numbers, seen as an array of shape view, become ours when its axes are
// permuted: axis i of ours is axis perm[i] of the view. A nil perm changes
// nothing.
type arrangement struct {
	shape, view, perm []int
	kernel            []int  // in the place of shape, of a convolution over the whole image; or nil
	note              string // for people
}

// fits reports whether an array of that shape lies as the arrangement says.
func (a arrangement) fits(shape []int) bool {
	return slices.Equal(shape, a.shape) || a.kernel != nil && slices.Equal(shape, a.kernel)
}

// arrange returns how the layer's kernel lies in files of this layout.
func (l Layout) arrange(w wanted) arrangement {
	k := w.kernel
	switch {
	case len(k) == 4 && l == TensorFlow:
		shape := []int{k[2], k[3], k[1], k[0]} // [kh,kw,in,out]
		return arrangement{shape, shape, []int{3, 2, 0, 1}, nil, "[kh,kw,in,out] to [out,in,kh,kw]"}
	case len(k) == 2 && l == PyTorch:
		shape, kernel := []int{k[1], k[0]}, []int{k[1], k[0], 1, 1} // [out,in]
		if w.image != nil {
			kernel = append(kernel[:1], w.image...)
		}
		return arrangement{shape, shape, []int{1, 0}, kernel, "[out,in] to [in,out]"}
	case len(k) == 2 && l == TensorFlow && w.image != nil && w.image[0] > 1 && w.image[1]*w.image[2] > 1:
		c, h, wd := w.image[0], w.image[1], w.image[2]
		return arrangement{k, []int{h, wd, c, k[1]}, []int{2, 0, 1, 3}, nil, "rows from [H,W,C] to [C,H,W]"}
	}
	return arrangement{shape: k, view: k}
}

// toOurs returns the values in our order; the slice itself when that is theirs.
func (a arrangement) toOurs(values []float32) []float32 {
	if a.perm == nil {
		return values
	}
	return permute(values, a.view, a.perm)
}

// fromOurs is the inverse of toOurs.
func (a arrangement) fromOurs(values []float32) []float32 {
	if a.perm == nil {
		return values
	}
	ours := make([]int, len(a.perm))
	inverse := make([]int, len(a.perm))
	for i, axis := range a.perm {
		ours[i] = a.view[axis]
		inverse[axis] = i
	}
	return permute(values, ours, inverse)
}

// permute returns the row-major array of the given shape with its axes
// permuted: axis i of the result is axis perm[i] of values.
func permute(values []float32, shape, perm []int) []float32 {
	step := make([]int, len(shape)) // in values, for each axis of the result
	sides := make([]int, len(shape))
	for i, axis := range perm {
		step[i], sides[i] = 1, shape[axis]
		for _, side := range shape[axis+1:] {
			step[i] *= side
		}
	}
	out := make([]float32, 0, len(values))
	var walk func(axis, at int)
	walk = func(axis, at int) {
		for i := range sides[axis] {
			if axis == len(sides)-1 {
				out = append(out, values[at+i*step[axis]])
			} else {
				walk(axis+1, at+i*step[axis])
			}
		}
	}
	walk(0, 0)
	return out
}
