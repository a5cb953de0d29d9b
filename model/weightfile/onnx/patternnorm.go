package onnx

import "slices"

// layerNorm finds (x − mean)/√(variance + eps) over the last axis, as exporters
// wrote it before there was an operator.
func (w *rewriter) layerNorm(n *operator) *operator {
	if n.kind != "Div" || len(n.inputs) != 2 {
		return nil
	}
	sub, root := w.kind(n.inputs[0], "Sub"), w.kind(n.inputs[1], "Sqrt")
	if sub == nil || root == nil || len(sub.inputs) != 2 || len(root.inputs) != 1 {
		return nil
	}
	x := sub.inputs[0]
	variance, eps, ok := w.plus(root.inputs[0])
	if !ok || !w.isMean(sub.inputs[1], x) {
		return nil
	}
	mean := w.kind(variance, "ReduceMean")
	if mean == nil || len(mean.inputs) == 0 || !w.lastAxis(mean) {
		return nil
	}
	square := w.made[mean.inputs[0]]
	if square == nil || len(square.inputs) != 2 || !w.isDeviation(square.inputs[0], x, n.inputs[0]) {
		return nil
	}
	two, isNumber := w.scalar(square.inputs[1])
	if !(square.kind == "Pow" && isNumber && two == 2 || square.kind == "Mul" && square.inputs[0] == square.inputs[1]) {
		return nil
	}
	return &operator{kind: "LayerNormalization", inputs: []string{x}, attributes: map[string]attribute{"epsilon": {number: float32(eps)}}}
}

// isDeviation reports whether a name is x less its mean, computed there or once
// more.
func (w *rewriter) isDeviation(name, x, there string) bool {
	sub := w.kind(name, "Sub")
	return name == there || sub != nil && len(sub.inputs) == 2 && sub.inputs[0] == x && w.isMean(sub.inputs[1], x)
}

func (w *rewriter) isMean(name, x string) bool {
	mean := w.kind(name, "ReduceMean")
	return mean != nil && len(mean.inputs) > 0 && mean.inputs[0] == x && w.lastAxis(mean)
}

// lastAxis reports whether a mean is over the last axis, counted from the end,
// and keeps it.
func (w *rewriter) lastAxis(mean *operator) bool {
	if len(mean.inputs) > 1 {
		k, ok := w.scalar(mean.inputs[1])
		return ok && k == -1 && mean.whole("keepdims", 1) == 1
	}
	return slices.Equal(mean.attributes["axes"].ints, []int64{-1}) && mean.whole("keepdims", 1) == 1
}
