package onnx

import (
	"maps"
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

// reading is how an operator is read: what it adds to the network, or how it
// changes the way a value is seen. In is nil where an input is left out. Constants
// that an operator takes beside are decoded then.
type reading func(r *reader, n *operator, in []*value) ([]*value, error)

// writing adds the nodes of a layer of a kind, the last of which gives the layer's
// output.
type writing func(w *writer, l model.Layer, in []array)

// layers are the operators on images and what is computed of them, writers the
// kinds of layers, by their names. Each file has its own registered: what reads an
// operator stands beside what writes it.
var (
	layers  = map[string]reading{}
	writers = map[string]writing{}
)

func register(read map[string]reading, write map[string]writing) {
	maps.Copy(layers, read)
	maps.Copy(writers, write)
}

func init() {
	register(map[string]reading{
		// two and more
		"Add": (*reader).addition, "Sum": (*reader).addition, "Sub": (*reader).subtraction, "Mul": (*reader).multiplication, "Div": (*reader).division, "Neg": (*reader).negation,
		// what moves no number, or only how it is seen
		"Identity": same, "Dropout": same, "Cast": (*reader).cast, "Softmax": (*reader).softmaxEnd, "LogSoftmax": (*reader).softmaxEnd,
		"Reshape": (*reader).reshapeLayer, "Flatten": (*reader).flattenLayer, "Squeeze": (*reader).squeezeLayer, "Unsqueeze": (*reader).unsqueezeLayer, "Transpose": (*reader).transposeLayer,
		"Shape": (*reader).shapeOf, "Size": (*reader).sizeOf,
	}, map[string]writing{
		"add": plain("Add"), "multiply": plain("Mul"), "flatten": plain("Flatten"),
		"dropout": func(*writer, model.Layer, []array) {}, // which is nothing when a network is used
	})
}

// viewsOnly are the operators that may stand behind a Softmax.
var viewsOnly = []string{"Identity", "Dropout", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Shape", "Size"}

// supported lists the operators that are read.
func supported() []string {
	names := map[string]bool{}
	for name := range layers {
		names[name] = true
	}
	for name := range folds {
		if layers[name] == nil {
			names[name+" of constants"] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// layerInput returns input i, which must be a layer's output.
func layerInput(in []*value, i int) (*value, error) {
	if i >= len(in) || in[i] == nil {
		return nil, damaged("found no input %d", i)
	}
	if in[i].constant != nil {
		return nil, unsupported("found a constant as input %d, expected what the network computes", i)
	}
	return in[i], nil
}

// weightInput returns input i, which must be a constant; nil where it is left
// out and may be.
func weightInput(in []*value, i int, optional bool) (*constant, error) {
	if i >= len(in) || in[i] == nil {
		if optional {
			return nil, nil
		}
		return nil, damaged("found no input %d", i)
	}
	if in[i].constant == nil {
		return nil, unsupported("found weights that the network computes itself as input %d: attention and the like are not supported", i)
	}
	return in[i].constant, nil
}

// constants returns the inputs that are constants, the others as nil.
func constants(in []*value) []*constant {
	list := make([]*constant, len(in))
	for i, v := range in {
		if v != nil {
			list[i] = v.constant
		}
	}
	return list
}

// weightName returns the name of input i, or "".
func (n *operator) weightName(i int) string {
	if i < len(n.inputs) {
		return n.inputs[i]
	}
	return ""
}
