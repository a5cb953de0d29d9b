package onnx

import (
	"math"

	"github.com/lastlayer/lastlayer/model"
)

func init() {
	register(map[string]reading{
		"Relu":      pointwise(func(*operator) model.Kind { return model.ReLU{} }),
		"Sigmoid":   pointwise(func(*operator) model.Kind { return model.Sigmoid{} }),
		"Tanh":      pointwise(func(*operator) model.Kind { return model.Tanh{} }),
		"HardSwish": pointwise(func(*operator) model.Kind { return model.HardSwish{} }),
		"Gelu":      pointwise(func(n *operator) model.Kind { return model.GELU{Tanh: n.attributes["approximate"].text == "tanh"} }),
		"LeakyRelu": pointwise(func(n *operator) model.Kind { return model.LeakyReLU{Slope: n.number("alpha", 0.01)} }),
		"HardSigmoid": pointwise(func(n *operator) model.Kind {
			return model.HardSigmoid{Alpha: n.number("alpha", 0.2), Beta: n.number("beta", 0.5)}
		}),
		"Swish": (*reader).swish,
		"Clip":  (*reader).clip,
	}, map[string]writing{
		"relu": plain("Relu"), "sigmoid": plain("Sigmoid"), "tanh": plain("Tanh"),
		"clip": writeClip, "leakyrelu": writeLeakyReLU, "hardsigmoid": writeHardSigmoid,
		"silu": writeSiLU, "hardswish": writeHardSwish, "gelu": writeGELU,
	})
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

func writeClip(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.Clip)
	w.add("Clip", l, in).weights = []string{w.scalar(l, "min", k.Min), w.scalar(l, "max", k.Max)}
}

func writeLeakyReLU(w *writer, l model.Layer, in []array) {
	w.add("LeakyRelu", l, in, float("alpha", l.Kind.(model.LeakyReLU).Slope))
}

func writeHardSigmoid(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.HardSigmoid)
	w.add("HardSigmoid", l, in, float("alpha", k.Alpha), float("beta", k.Beta))
}

func writeSiLU(w *writer, l model.Layer, in []array) {
	gate := w.step("Sigmoid", l, "gate", names(in))
	w.addAs("Mul", l.Name+"/out", []string{in[0].name, gate})
}

// writeHardSwish writes what opset 14 has an operator for.
func writeHardSwish(w *writer, l model.Layer, in []array) {
	gate := w.step("HardSigmoid", l, "gate", names(in), float("alpha", 1./6), float("beta", 0.5))
	w.addAs("Mul", l.Name+"/out", []string{in[0].name, gate})
}

// writeGELU writes what opset 20 has an operator for: half of x·(1 + erf(x/√2)),
// or with the tanh of √(2/π)·(x + 0.044715·x³).
func writeGELU(w *writer, l model.Layer, in []array) {
	x := in[0].name
	half, one := w.scalar(l, "half", 0.5), w.scalar(l, "one", 1)
	var inner string
	if l.Kind.(model.GELU).Tanh {
		square := w.step("Mul", l, "square", []string{x, x})
		cube := w.step("Mul", l, "cube", []string{square, x})
		small := w.step("Mul", l, "small", []string{cube, w.scalar(l, "cubic", 0.044715)})
		sum := w.step("Add", l, "sum", []string{x, small})
		inner = w.step("Tanh", l, "tanh", []string{w.step("Mul", l, "scaled", []string{sum, w.scalar(l, "scale", math.Sqrt(2/math.Pi))})})
	} else {
		inner = w.step("Erf", l, "erf", []string{w.step("Div", l, "scaled", []string{x, w.scalar(l, "scale", math.Sqrt2)})})
	}
	gate := w.step("Add", l, "gate", []string{inner, one})
	product := w.step("Mul", l, "product", []string{x, gate})
	w.addAs("Mul", l.Name+"/out", []string{product, half})
}
