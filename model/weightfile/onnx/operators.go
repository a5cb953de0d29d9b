package onnx

import (
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// array is an array of the graph that is written: its name, and its shape for one example.
type array struct {
	name  string
	shape []int
}

// operators returns the nodes of a layer, the last of which gives its output.
// There are none for dropout, which is nothing when a network is used.
func operators(l model.Layer, in []array) ([]node, error) {
	n := node{output: l.Name + "/out"}
	for _, v := range in {
		n.inputs = append(n.inputs, v.name)
	}
	square := func(side int) []int { return []int{side, side} }
	switch k := l.Kind.(type) {
	case model.Conv:
		n.operator = "Conv"
		n.weights = []string{l.Name + "/W", l.Name + "/b"} // [out,in,kh,kw], [out]
		pad := 0
		if len(k.Pad) > 0 {
			pad = k.Pad[0]
		}
		n.lists = []list{{"kernel_shape", square(k.Kernel[0])}, {"pads", []int{pad, pad, pad, pad}}, {"strides", square(k.Stride[0])}}
	case model.MaxPool:
		n.operator = "MaxPool"
		n.lists = []list{{"kernel_shape", square(k.Kernel[0])}, {"strides", square(k.Stride[0])}}
	case model.ReLU:
		n.operator = "Relu"
	case model.Dense:
		n.operator = "Gemm"                                // x·W + b by its defaults
		n.weights = []string{l.Name + "/W", l.Name + "/b"} // [in,out], [out]
		if len(in[0].shape) == 3 {
			flatten := node{operator: "Flatten", inputs: n.inputs, output: l.Name + "/flatten"} // [N,C*H*W], by its default axis 1
			n.inputs = []string{flatten.output}
			return []node{flatten, n}, nil
		}
	case model.Dropout:
		return nil, nil
	default:
		return nil, errors.Errorf("found kind %s, which is not written as ONNX", l.Kind)
	}
	return []node{n}, nil
}
