package onnx

import (
	"math"
	"slices"
)

// rewriter replaces operators that together are one function, such as
// x·sigmoid(x), by one. It changes only the last of them: the others are left
// for whoever else reads them.
type rewriter struct {
	r    *reader
	made map[string]*operator // by output
}

func newRewriter(r *reader, made map[string]*operator) *rewriter { return &rewriter{r, made} }

// rewrite replaces what it finds, in the order of the file, so that a pattern
// may hold what another has made.
func (w *rewriter) rewrite() {
	for _, n := range w.r.file.nodes {
		if len(n.outputs) != 1 || !defaultDomain(n.domain) {
			continue
		}
		for _, pattern := range []func(*operator) *operator{w.gate, w.layerNorm} {
			if found := pattern(n); found != nil {
				found.name, found.outputs, found.was = n.name, n.outputs, n.kind
				if found.attributes == nil {
					found.attributes = map[string]attribute{}
				}
				*n = *found
				break
			}
		}
	}
}

// scalar returns the one number that a name is constantly.
func (w *rewriter) scalar(name string) (float64, bool) {
	t := w.r.file.initializers[name]
	if n := w.made[name]; t == nil && n != nil {
		switch n.kind {
		case "Constant":
			t = n.attributes["value"].tensor
		case "Identity", "Cast":
			if len(n.inputs) == 1 && n.inputs[0] != name {
				return w.scalarOf(n.inputs[0])
			}
		}
		if a, ok := n.attributes["value_float"]; ok && n.kind == "Constant" {
			return float64(a.number), true
		}
	}
	return w.number(t)
}

// scalarOf is scalar for what a conversion reads, which is not followed further.
func (w *rewriter) scalarOf(name string) (float64, bool) {
	t := w.r.file.initializers[name]
	if n := w.made[name]; t == nil && n != nil && n.kind == "Constant" {
		t = n.attributes["value"].tensor
	}
	return w.number(t)
}

func (w *rewriter) number(t *initial) (float64, bool) {
	if t == nil || t.external != nil || slices.ContainsFunc(t.dims, func(side int64) bool { return side != 1 }) {
		return 0, false
	}
	c, err := t.constant(&w.r.budget, "")
	switch {
	case err != nil:
		return 0, false
	case c.dtype.isFloat():
		return float64(c.floats[0]), true
	}
	return float64(c.ints[0][0]), true
}

// kind returns the node that makes a name, if it is of that kind.
func (w *rewriter) kind(name, kind string) *operator {
	if n := w.made[name]; n != nil && n.kind == kind && defaultDomain(n.domain) {
		return n
	}
	return nil
}

// near reports whether two factors are the same but for rounding.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-4*math.Abs(b) }

// factors takes a product apart: names that are multiplied, and the constant
// factor. The name stop is left as it is.
func (w *rewriter) factors(name, stop string, depth int) (names []string, factor float64) {
	if v, ok := w.scalar(name); ok {
		return nil, v
	}
	n := w.made[name]
	if name == stop || depth == 0 || n == nil || len(n.inputs) != 2 || !defaultDomain(n.domain) {
		return []string{name}, 1
	}
	switch n.kind {
	case "Mul":
		a, fa := w.factors(n.inputs[0], stop, depth-1)
		b, fb := w.factors(n.inputs[1], stop, depth-1)
		return append(a, b...), fa * fb
	case "Div":
		if v, ok := w.scalar(n.inputs[1]); ok && v != 0 {
			a, f := w.factors(n.inputs[0], stop, depth-1)
			return a, f / v
		}
	}
	return []string{name}, 1
}

// gate finds activations that are a product with a function of their input:
// SiLU, hard swish, GELU, and a hard sigmoid alone.
func (w *rewriter) gate(n *operator) *operator {
	if n.kind != "Mul" && n.kind != "Div" || len(n.inputs) != 2 {
		return nil
	}
	all, factor := w.factors(n.outputs[0], "", 4)
	for _, name := range all {
		g, x := w.gateOf(name)
		if g == nil {
			continue
		}
		names, f := w.factors(n.outputs[0], x, 4)
		slices.Sort(names)
		pair := []string{x, name}
		slices.Sort(pair)
		switch {
		case slices.Equal(names, pair) && near(f, g.factor):
			return &operator{kind: g.gated, inputs: []string{x}, attributes: g.attributes}
		case g.gated == "HardSwish" && len(all) == 1 && near(factor, g.factor) && g.factor != 1:
			return &operator{kind: "HardSigmoid", inputs: []string{x}, attributes: map[string]attribute{"alpha": {number: 1. / 6}, "beta": {number: 0.5}}}
		}
	}
	return nil
}

// gateFound is a function of x by which x is multiplied.
type gateFound struct {
	gated      string  // the operator that the product is
	factor     float64 // by which the product must be multiplied too
	attributes map[string]attribute
}

// gateOf returns which gate a name is, and its input.
func (w *rewriter) gateOf(name string) (*gateFound, string) {
	n := w.made[name]
	if n == nil || len(n.inputs) == 0 || !defaultDomain(n.domain) {
		return nil, ""
	}
	x := n.inputs[0]
	switch n.kind {
	case "Sigmoid":
		return &gateFound{gated: "Swish", factor: 1}, x
	case "HardSigmoid":
		if near(n.number("alpha", 0.2), 1./6) && near(n.number("beta", 0.5), 0.5) {
			return &gateFound{gated: "HardSwish", factor: 1}, x
		}
	case "Clip":
		low, high := w.bounds(n)
		if y, shift, ok := w.plus(x); ok && near(shift, 3) && low == 0 && near(high, 6) {
			return &gateFound{gated: "HardSwish", factor: 1. / 6}, y
		}
	case "Add":
		y, shift, ok := w.plus(name)
		if !ok || !near(shift, 1) {
			return nil, ""
		}
		if erf := w.kind(y, "Erf"); erf != nil && len(erf.inputs) == 1 {
			if in, f := w.factors(erf.inputs[0], "", 1); len(in) == 1 && near(f, math.Sqrt2/2) {
				return &gateFound{gated: "Gelu", factor: 0.5}, in[0]
			}
		}
		if tanh := w.kind(y, "Tanh"); tanh != nil && len(tanh.inputs) == 1 {
			if in, ok := w.cubic(tanh.inputs[0]); ok {
				return &gateFound{gated: "Gelu", factor: 0.5, attributes: map[string]attribute{"approximate": {text: "tanh"}}}, in
			}
		}
	}
	return nil, ""
}

// plus takes y + constant apart.
func (w *rewriter) plus(name string) (y string, shift float64, ok bool) {
	n := w.kind(name, "Add")
	if n == nil || len(n.inputs) != 2 {
		return "", 0, false
	}
	for i, in := range n.inputs {
		if shift, ok := w.scalar(in); ok {
			return n.inputs[1-i], shift, true
		}
	}
	return "", 0, false
}

// cubic finds √(2/π)·(x + 0.044715·x³), of GELU by tanh.
func (w *rewriter) cubic(name string) (x string, ok bool) {
	in, f := w.factors(name, "", 1)
	if len(in) != 1 || !near(f, math.Sqrt(2/math.Pi)) {
		return "", false
	}
	sum := w.kind(in[0], "Add")
	if sum == nil || len(sum.inputs) != 2 {
		return "", false
	}
	for i, x := range sum.inputs {
		names, f := w.factors(sum.inputs[1-i], x, 4)
		if !near(f, 0.044715) {
			continue
		}
		if slices.Equal(names, []string{x, x, x}) {
			return x, true
		}
		if len(names) == 1 {
			if pow := w.kind(names[0], "Pow"); pow != nil && len(pow.inputs) == 2 && pow.inputs[0] == x {
				if e, ok := w.scalar(pow.inputs[1]); ok && e == 3 {
					return x, true
				}
			}
		}
	}
	return "", false
}

// bounds returns those of a Clip, by attribute or input.
func (w *rewriter) bounds(n *operator) (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	for i, b := range []*float64{&low, &high} {
		if a, ok := n.attributes[[]string{"min", "max"}[i]]; ok {
			*b = float64(a.number)
		}
		if i+1 < len(n.inputs) && n.inputs[i+1] != "" {
			*b = math.NaN()
			if v, ok := w.scalar(n.inputs[i+1]); ok {
				*b = v
			}
		}
	}
	return low, high
}
