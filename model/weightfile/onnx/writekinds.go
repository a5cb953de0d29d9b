package onnx

import (
	"math"

	"github.com/lastlayer/lastlayer/model"
)

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

func writePReLU(w *writer, l model.Layer, in []array) {
	slope := l.Name + "/slope"
	if !l.Kind.(model.PReLU).Shared && len(in[0].shape) == 3 {
		w.shapes[slope] = []int{in[0].shape[0], 1, 1}
	}
	w.add("PRelu", l, in).weights = []string{slope}
}

func writeBatchNorm(w *writer, l model.Layer, in []array) {
	n := w.add("BatchNormalization", l, in, float("epsilon", l.Kind.(model.BatchNorm).Eps))
	n.weights = []string{l.Name + "/scale", l.Name + "/bias", l.Name + "/mean", l.Name + "/variance"}
}

// writeLayerNorm writes an operator of opset 17, on the last axis: channels are
// put there and back.
func writeLayerNorm(w *writer, l model.Layer, in []array) {
	w.opset = max(w.opset, 17)
	weights := []string{l.Name + "/scale", l.Name + "/bias"}
	eps := float("epsilon", l.Kind.(model.LayerNorm).Eps)
	if len(in[0].shape) == 1 {
		w.add("LayerNormalization", l, in, eps).weights = weights
		return
	}
	last := w.step("Transpose", l, "last", names(in), ints("perm", []int{0, 2, 3, 1}))
	n := w.addAs("LayerNormalization", l.Name+"/norm", []string{last}, eps)
	n.weights = weights
	w.addAs("Transpose", l.Name+"/out", []string{n.output}, ints("perm", []int{0, 3, 1, 2}))
}

func writeMaxPool(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.MaxPool)
	n := w.add("MaxPool", l, in, ints("kernel_shape", pair(k.Kernel, 1)), ints("strides", pair(k.Stride, 1)))
	n.attributes = append(n.attributes, sliding(k.Pad, k.Ceil)...)
	if len(k.Dilation) > 0 {
		n.attributes = append(n.attributes, ints("dilations", pair(k.Dilation, 1)))
	}
}

func writeAveragePool(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.AveragePool)
	n := w.add("AveragePool", l, in, ints("kernel_shape", pair(k.Kernel, 1)), ints("strides", pair(k.Stride, 1)))
	n.attributes = append(n.attributes, sliding(k.Pad, k.Ceil)...)
	if k.CountPad {
		n.attributes = append(n.attributes, whole("count_include_pad", 1))
	}
}

// sliding returns what poolings have beside kernel and stride, where it is not
// the default.
func sliding(pad model.Sides, ceil bool) []attributeOf {
	var list []attributeOf
	if !pad.IsZero() {
		list = append(list, ints("pads", around(pad)))
	}
	if ceil {
		list = append(list, whole("ceil_mode", 1))
	}
	return list
}

func writeLRN(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.LRN)
	w.add("LRN", l, in, float("alpha", k.Alpha), float("beta", k.Beta), float("bias", k.Bias), whole("size", k.Size))
}

func writePad(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.Pad)
	p := around(k.Pad)
	pads := w.numbers(l, "pads", 0, 0, p[0], p[1], 0, 0, p[2], p[3])
	if k.Mode == "" || k.Mode == "constant" {
		w.add("Pad", l, in).weights = []string{pads, w.scalar(l, "value", k.Value)}
		return
	}
	w.add("Pad", l, in, text("mode", k.Mode)).weights = []string{pads}
}

func writeConcat(w *writer, l model.Layer, in []array) { w.add("Concat", l, in, whole("axis", 1)) }

func writeSlice(w *writer, l model.Layer, in []array) {
	k := l.Kind.(model.Slice)
	w.add("Slice", l, in).weights = []string{w.numbers(l, "from", k.From), w.numbers(l, "to", k.To), w.numbers(l, "axis", 1)}
}

// writeShuffle writes the table of channels, its transposition, and the list
// again.
func writeShuffle(w *writer, l model.Layer, in []array) {
	g, s := l.Kind.(model.ChannelShuffle).Groups, in[0].shape
	table := w.step("Reshape", l, "table", []string{in[0].name, w.numbers(l, "rows", 0, g, s[0]/g, s[1], s[2])})
	turned := w.step("Transpose", l, "turned", []string{table}, ints("perm", []int{0, 2, 1, 3, 4}))
	w.addAs("Reshape", l.Name+"/out", []string{turned, w.numbers(l, "shape", 0, s[0], s[1], s[2])})
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
