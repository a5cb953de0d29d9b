package onnx

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model"
)

// Names of weights that an exporter made up: "onnx::Conv_193", "193",
// "const_fold_opt__12".
var generated = regexp.MustCompile(`^(\d+|onnx::.*|_v_\d+|val_\d+|const_fold_opt__\d+|new_shape__\d+)$`)

// endings are what a weight's name has behind that of its layer.
var endings = regexp.MustCompile(`:0$|[./_](weight|weights|kernel|gamma|slope|alpha|W|w|w_0|scale_0|gamma_0|s_0)$|[./]scale$|/((Conv2D|depthwise|MatMul|BiasAdd)/)?ReadVariableOp$`)

// functions are operators that exporters see as a function of the module in
// whose scope they stand: their layers are named after both.
var functions = []string{"Add", "Sum", "Mul", "Sub", "Div", "Concat", "Slice", "Split", "Gather", "Pad", "Transpose", "Reshape", "Flatten"}

// nameFor returns a name for the layer of a node, as yet unused: that of its
// weight without ".weight", or that of its scope.
func (r *reader) nameFor(n *operator, weight string) string {
	weight = r.sourceOf(weight)
	if weight == "" || generated.MatchString(weight) {
		return r.unused(scope(n))
	}
	name := weight
	for {
		short := endings.ReplaceAllString(name, "")
		if short == name || short == "" {
			break
		}
		name = short
	}
	return r.unused(name)
}

// sourceOf returns the name that the exporter gave to a weight, where nodes turn
// it round before it is used; "" for what was computed.
func (r *reader) sourceOf(weight string) string {
	for range 8 {
		n := r.made[weight]
		if n == nil {
			return weight
		}
		switch n.kind {
		case "Identity", "Constant", "ConstantOfShape":
			return weight
		case "Transpose", "Reshape", "Unsqueeze", "Squeeze", "Cast":
			weight = n.weightName(0)
		default:
			return ""
		}
	}
	return ""
}

// scope returns the name of the module that a node belongs to:
// "layer4.0.conv1" of "/layer4/layer4.0/conv1/Conv". Without any it is the
// node's own name, or that of its output.
func scope(n *operator) string {
	name := n.where()
	parts := slices.DeleteFunc(strings.Split(name, "/"), func(s string) bool { return s == "" })
	if len(parts) == 0 {
		return strings.ToLower(n.kind)
	}
	last := parts[len(parts)-1]
	isOperator := strings.HasPrefix(last, n.kind) || n.was != "" && strings.HasPrefix(last, n.was) || slices.Contains([]string{"out", "Conv2D", "depthwise", "BiasAdd", "MatMul"}, last)
	switch {
	case !isOperator:
	case len(parts) == 1:
		return strings.ToLower(last)
	default:
		parts = parts[:len(parts)-1]
	}
	path := parts[:1:1]
	for i, p := range parts[1:] { // "block", "block.0" is one module
		if strings.HasPrefix(p, parts[i]+".") {
			path[len(path)-1] = p
		} else {
			path = append(path, p)
		}
	}
	if isOperator && slices.Contains(functions, n.kind) && last != "out" { // which is ours
		path = append(path, strings.ToLower(last))
	}
	return strings.Join(path, ".")
}

// unused makes a name that a layer may have, with a number behind it where it is
// taken.
func (r *reader) unused(name string) string {
	const most = 120 // leaves room for a number
	text := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-':
			return c
		case c == '/':
			return '.'
		}
		return '_'
	}, strings.Trim(name, "/."))
	if text == "" || text[0] == '.' || text[0] == '_' || text[0] == '-' || text[0] >= '0' && text[0] <= '9' {
		text = "layer" + text
	}
	text = text[:min(len(text), most)]
	for {
		free := text
		if r.taken[text]++; r.taken[text] > 1 {
			free = fmt.Sprintf("%s_%d", text, r.taken[text])
		}
		if !r.names[free] && free != model.Images && free != "labels" && free != "loss" {
			r.names[free] = true
			return free
		}
	}
}
