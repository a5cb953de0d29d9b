package onnx

import (
	"maps"
	"math"
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

// layers are the operators on images and what is computed of them: what each
// adds to the network, or how it changes the way a value is seen. In is nil
// where an input is left out. Constants that an operator takes beside are
// decoded then.
var layers map[string]func(r *reader, n *operator, in []*value) ([]*value, error)

func init() { // a table that its own functions lead back to
	layers = map[string]func(r *reader, n *operator, in []*value) ([]*value, error){
		// operators with weights
		"Conv": (*reader).conv, "Gemm": (*reader).gemm, "MatMul": (*reader).matMul,
		"BatchNormalization": (*reader).batchNorm, "LayerNormalization": (*reader).layerNorm, "PRelu": (*reader).prelu,
		// functions of one number
		"Relu":      pointwise(func(*operator) model.Kind { return model.ReLU{} }),
		"Sigmoid":   pointwise(func(*operator) model.Kind { return model.Sigmoid{} }),
		"Tanh":      pointwise(func(*operator) model.Kind { return model.Tanh{} }),
		"HardSwish": pointwise(func(*operator) model.Kind { return model.HardSwish{} }),
		"Gelu":      pointwise(func(n *operator) model.Kind { return model.GELU{Tanh: n.attributes["approximate"].text == "tanh"} }),
		"LeakyRelu": pointwise(func(n *operator) model.Kind { return model.LeakyReLU{Slope: n.number("alpha", 0.01)} }),
		"HardSigmoid": pointwise(func(n *operator) model.Kind {
			return model.HardSigmoid{Alpha: n.number("alpha", 0.2), Beta: n.number("beta", 0.5)}
		}),
		"Swish": (*reader).swish, "Clip": (*reader).clip,
		// windows
		"MaxPool": (*reader).maxPool, "AveragePool": (*reader).averagePool, "LRN": (*reader).lrn, "Pad": (*reader).pad,
		"GlobalAveragePool": (*reader).globalAveragePool, "GlobalMaxPool": (*reader).globalMaxPool,
		"ReduceMean": (*reader).reduceMean, "ReduceMax": (*reader).reduceMax,
		// two and more
		"Add": (*reader).addition, "Sum": (*reader).addition, "Sub": (*reader).subtraction, "Mul": (*reader).multiplication, "Div": (*reader).division, "Neg": (*reader).negation,
		"Concat": (*reader).concat, "Split": (*reader).split, "Slice": (*reader).slice, "Gather": (*reader).gather,
		// what moves no number, or only how it is seen
		"Identity": same, "Dropout": same, "Cast": (*reader).cast, "Softmax": (*reader).softmaxEnd, "LogSoftmax": (*reader).softmaxEnd,
		"Reshape": (*reader).reshapeLayer, "Flatten": (*reader).flattenLayer, "Squeeze": (*reader).squeezeLayer, "Unsqueeze": (*reader).unsqueezeLayer, "Transpose": (*reader).transposeLayer,
		"Shape": (*reader).shapeOf, "Size": (*reader).sizeOf,
	}
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

// pointwise returns how a function of one number is read: however its input is
// seen, the layer is on what is there.
func pointwise(kind func(*operator) model.Kind) func(r *reader, n *operator, in []*value) ([]*value, error) {
	return func(r *reader, n *operator, in []*value) ([]*value, error) { return r.activate(n, in, kind(n)) }
}

func (r *reader) activate(n *operator, in []*value, kind model.Kind) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	out, err := r.layer(r.nameFor(n, ""), kind, v)
	if err != nil {
		return nil, err
	}
	return []*value{v.seenAs(out.layer)}, nil
}

// swish is x·sigmoid(alpha·x), of which alpha 1 is read.
func (r *reader) swish(n *operator, in []*value) ([]*value, error) {
	if alpha := n.number("alpha", 1); alpha != 1 {
		return nil, unsupported("found alpha %v, expected 1", alpha)
	}
	return r.activate(n, in, model.SiLU{})
}

// clip is bounded on one side or both, by attributes or, from opset 11 on, by
// inputs.
func (r *reader) clip(n *operator, in []*value) ([]*value, error) {
	low, high, err := clipBounds(n, in)
	if err != nil {
		return nil, err
	}
	switch {
	case math.IsInf(low, -1) && math.IsInf(high, 1):
		return same(r, n, in)
	case low == 0 && math.IsInf(high, 1):
		return r.activate(n, in, model.ReLU{})
	}
	const most = math.MaxFloat32
	return r.activate(n, in, model.Clip{Min: max(low, -most), Max: min(high, most)})
}

// clipBounds returns the bounds, infinite where there is none.
func clipBounds(n *operator, in []*value) (low, high float64, err error) {
	bounds := [2]float64{math.Inf(-1), math.Inf(1)}
	for i, name := range []string{"min", "max"} {
		if _, ok := n.attributes[name]; ok {
			bounds[i] = n.number(name, 0)
		}
		if i+1 >= len(in) || in[i+1] == nil {
			continue
		}
		c := in[i+1].constant
		if c == nil || c.size() != 1 || !c.dtype.isFloat() {
			return 0, 0, unsupported("found a %s that is not one constant number", name)
		}
		bounds[i] = decimal(c.at(0))
	}
	for i, b := range bounds { // the largest numbers stand for no bound
		if math.Abs(b) >= math.MaxFloat32 {
			bounds[i] = math.Inf(i*2 - 1)
		}
	}
	return bounds[0], bounds[1], nil
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
