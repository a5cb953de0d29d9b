package onnx

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
)

// number adds a constant number.
func (g *graphOf) number(name string, v float64) {
	g.initializers = append(g.initializers, initializer(name, nil, []float32{float32(v)}))
}

// Functions that exporters write as several operators, in different orders, are
// one layer each; what only looks like one is not.
func TestPatterns(t *testing.T) {
	const hard = "Add images three a;Clip a zero six b;"
	const gelu = "Div images root2 a;Erf a b;Add b one c;"
	for reason, test := range map[string]struct {
		nodes string // kind, inputs and output of each
		want  model.Kind
	}{
		"SiLU":                       {"Sigmoid images a;Mul images a y", model.SiLU{}},
		"hard swish, divided last":   {hard + "Mul images b c;Div c six y", model.HardSwish{}},
		"hard swish, divided first":  {hard + "Div b six c;Mul c images y", model.HardSwish{}},
		"hard swish by a product":    {hard + "Mul b sixth c;Mul images c y", model.HardSwish{}},
		"hard swish by HardSigmoid":  {"HardSigmoid6 images a;Mul a images y", model.HardSwish{}},
		"hard sigmoid":               {hard + "Div b six y", model.HardSigmoid{Alpha: decimal(1. / 6), Beta: 0.5}},
		"GELU, halved last":          {gelu + "Mul images c d;Mul d half y", model.GELU{}},
		"GELU, halved first":         {gelu + "Mul images half d;Mul d c y", model.GELU{}},
		"GELU, the sum halved":       {gelu + "Mul half c d;Mul images d y", model.GELU{}},
		"layer norm":                 {"Mean images a;Sub images a b;Pow b two c;Mean c d;Add d eps e;Sqrt e f;Div b f y", model.LayerNorm{Eps: 1e-5}},
		"layer norm, squared":        {"Mean images a;Sub images a b;Mul b b c;Mean c d;Add eps d e;Sqrt e f;Div b f g;Mul g gamma h;Add h beta y", model.LayerNorm{Eps: 1e-5}},
		"a gate of something else":   {"Relu images r;Sigmoid r a;Mul images a y", model.Multiply{}},
		"hard swish, another factor": {hard + "Mul images b c;Div c three y", model.BatchNorm{}},
	} {
		g := &graphOf{}
		for name, v := range map[string]float64{"zero": 0, "half": 0.5, "one": 1, "two": 2, "three": 3, "six": 6, "sixth": 1. / 6, "root2": math.Sqrt2, "eps": 1e-5} {
			g.number(name, v)
		}
		g.weights("gamma", 4)
		g.weights("beta", 4)
		g.weights("w", 4, 3)
		for text := range strings.SplitSeq(test.nodes, ";") {
			f := strings.Fields(text)
			kind, in, out := f[0], strings.Join(f[1:len(f)-1], " "), f[len(f)-1]
			switch kind {
			case "HardSigmoid6":
				g.node("HardSigmoid", in, out, float("alpha", 1./6), float("beta", 0.5))
			case "Mean":
				g.node("ReduceMean", in, out, ints("axes", []int{-1}))
			default:
				g.node(kind, in, out)
			}
		}
		g.node("MatMul", "y w", "logits")
		n, err := Decode(g.model([]int{4}, "logits", 3))
		if err != nil {
			t.Errorf("%s: %v", reason, err)
			continue
		}
		last := n.Spec.Layers[len(n.Spec.Layers)-2]
		if fmt.Sprintf("%#v", last.Kind) != fmt.Sprintf("%#v", test.want) {
			t.Errorf("%s: found %#v, expected %#v", reason, last.Kind, test.want)
		}
		if _, ok := test.want.(model.LayerNorm); ok && len(n.Spec.Layers) != 2 {
			t.Errorf("%s: found %d layers, expected 2: scale and bias are its own", reason, len(n.Spec.Layers))
		}
	}
}

// A constant that is added goes into the layer before only where nothing else
// reads that.
func TestSharedLayerKeepsItsNumbers(t *testing.T) {
	g := &graphOf{}
	g.weights("w", 4, 3)
	g.weights("b", 3)
	g.node("MatMul", "images w", "x")
	g.node("Add", "x b", "shifted")
	g.node("Mul", "x shifted", "logits")
	n, err := Decode(g.model([]int{4}, "logits", 3))
	if err != nil {
		t.Fatal(err)
	}
	w, b := n.Weights.Get("w/W").Float32s(), random(3)
	want := make([]float32, 3)
	for j := range want {
		x := w[j] + w[3+j] + w[6+j] + w[9+j]
		want[j] = x * (x + b[j]/3)
	}
	if d := difference(t, run(t, n.Network, []float32{1, 1, 1, 1}, 1), want); !(d <= 1e-5) {
		t.Errorf("found a difference of %g, expected at most 1e-5", d)
	}
}
