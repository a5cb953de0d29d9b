package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
)

// graphOf collects the parts of a graph.
type graphOf struct {
	nodes, initializers []message
}

// node adds a node whose inputs stand in one text, and returns its output.
func (g *graphOf) node(kind, inputs, output string, attributes ...attributeOf) string {
	g.nodes = append(g.nodes, node{operator: kind, inputs: strings.Fields(inputs), output: output, attributes: attributes}.encode())
	return output
}

// weights adds small numbers that differ.
func (g *graphOf) weights(name string, shape ...int) {
	values := random(product(shape))
	for i := range values {
		values[i] /= 3
	}
	g.initializers = append(g.initializers, initializer(name, shape, values))
}

func (g *graphOf) integers(name string, scalar bool, values ...int) {
	var p message
	if !scalar {
		p.numbers(1, []int{len(values)})
	}
	p.number(2, int(int64Type))
	p.numbers(7, values)
	p.text(8, name)
	g.initializers = append(g.initializers, p)
}

func (g *graphOf) model(input []int, output string, classes int) message {
	var p message
	for _, n := range g.nodes {
		p.message(1, n)
	}
	for _, i := range g.initializers {
		p.message(5, i)
	}
	p.message(11, valueInfo("images", input))
	p.message(12, valueInfo(output, []int{classes}))
	return model13(p)
}

// A network as TensorFlow's converter writes them, [N,H,W,C]: transpositions,
// constants along the last axis, dense layers on pooled channels as a gate, a
// dense layer on each pixel, the shape computed, and the image flattened in that
// order.
func TestChannelsLast(t *testing.T) {
	g := &graphOf{}
	g.weights("mean", 3)
	g.node("Sub", "images mean", "centred")
	g.node("Transpose", "centred", "nchw", ints("perm", []int{0, 3, 1, 2}))
	g.weights("stem/kernel", 4, 3, 3, 3)
	g.weights("stem/bias", 1, 4, 1, 1)
	g.node("Conv", "nchw stem/kernel", "stem/Conv2D", ints("pads", []int{1, 1, 1, 1}))
	g.node("Add", "stem/Conv2D stem/bias", "stem/BiasAdd")
	g.node("Transpose", "stem/BiasAdd", "nhwc", ints("perm", []int{0, 2, 3, 1}))
	g.node("Sigmoid", "nhwc", "sigmoid")
	g.node("Mul", "sigmoid nhwc", "swish")
	g.node("ReduceMean", "swish", "pooled", ints("axes", []int{1, 2}), whole("keepdims", 0))
	g.weights("squeeze/kernel", 4, 2)
	g.weights("squeeze/bias", 2)
	g.weights("excite/kernel", 2, 4)
	g.node("MatMul", "pooled squeeze/kernel", "squeeze/MatMul")
	g.node("Add", "squeeze/bias squeeze/MatMul", "squeeze/BiasAdd")
	g.node("Relu", "squeeze/BiasAdd", "squeeze/Relu")
	g.node("MatMul", "squeeze/Relu excite/kernel", "excite/MatMul")
	g.node("Sigmoid", "excite/MatMul", "excite/Sigmoid")
	g.integers("axes", false, 1, 2)
	g.node("Unsqueeze", "excite/Sigmoid axes", "gate")
	g.node("Mul", "swish gate", "gated")
	g.weights("pixel/kernel", 4, 5)
	g.weights("pixel/bias", 5)
	g.node("MatMul", "gated pixel/kernel", "pixel/MatMul")
	g.node("Add", "pixel/MatMul pixel/bias", "pixel/BiasAdd")
	g.node("Concat", "pixel/BiasAdd gated", "joined", whole("axis", -1))
	g.node("Shape", "joined", "shape")
	g.integers("first", true, 0)
	g.node("Gather", "shape first", "batch")
	g.integers("zero", false, 0)
	g.node("Unsqueeze", "batch zero", "batch1")
	g.integers("open", false, -1)
	g.node("Concat", "batch1 open", "flat", whole("axis", 0))
	g.node("Reshape", "joined flat", "flattened")
	g.weights("fc/kernel", 5*6*9, 3)
	g.weights("fc/bias", 3)
	g.node("MatMul", "flattened fc/kernel", "fc/MatMul")
	g.node("Add", "fc/MatMul fc/bias", "fc/BiasAdd")
	g.node("Softmax", "fc/BiasAdd", "probabilities")
	path := filepath.Join(t.TempDir(), "n.onnx")
	if err := os.WriteFile(path, g.model([]int{5, 6, 3}, "probabilities", 3), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, l := range n.Spec.Layers {
		found = append(found, l.Name+":"+l.Kind.String())
	}
	const want = "[mean:batchnorm stem:conv swish:silu pooled:globalavgpool squeeze:conv squeeze_2:relu excite:conv excite_2:sigmoid gated:multiply pixel:conv joined:concat fc:dense]"
	if fmt.Sprint(found) != want || fmt.Sprint(n.Spec.Input) != "[3 5 6]" || len(n.Notes) != 1 {
		t.Errorf("found %v of %v (%v), expected %s", found, n.Spec.Input, n.Notes, want)
	}
	const batch = 2
	x := random(batch * 5 * 6 * 3) // [N,H,W,C]
	ours := make([]float32, 0, len(x))
	for i := range batch {
		for c := range 3 {
			for p := range 30 {
				ours = append(ours, x[(i*30+p)*3+c])
			}
		}
	}
	got := softmax(run(t, n.Network, ours, batch), batch)
	theirs, ok := peer.ONNXRuntime(t, path, x, batch, 5, 6, 3)
	if !ok {
		t.Skip("nothing to compare with")
	}
	if d := difference(t, got, theirs); !(d <= 1e-5) {
		t.Errorf("found a difference of %g from onnxruntime, expected at most 1e-5", d)
	}
}

// Numbers of every floating-point type, raw or listed, become the same float32.
func TestDataTypes(t *testing.T) {
	want := []float32{1, -2, 0.5, -1. / 1024}
	var raw16, rawB16, raw64, raw32 []byte
	var half, brain []int
	for i, v := range want {
		h := []uint16{0x3c00, 0xc000, 0x3800, 0x9400}[i]
		half, raw16 = append(half, int(h)), binary.LittleEndian.AppendUint16(raw16, h)
		b := uint16(math.Float32bits(v) >> 16)
		brain, rawB16 = append(brain, int(b)), binary.LittleEndian.AppendUint16(rawB16, b)
		raw64 = binary.LittleEndian.AppendUint64(raw64, math.Float64bits(float64(v)))
		raw32 = binary.LittleEndian.AppendUint32(raw32, math.Float32bits(v))
	}
	for reason, fill := range map[string]func(m *message){
		"float32, raw":     func(m *message) { m.number(2, 1); m.message(9, raw32) },
		"float32, listed":  func(m *message) { m.number(2, 1); m.message(4, raw32) },
		"float64, raw":     func(m *message) { m.number(2, 11); m.message(9, raw64) },
		"float64, listed":  func(m *message) { m.number(2, 11); m.message(10, raw64) },
		"float16, raw":     func(m *message) { m.number(2, 10); m.message(9, raw16) },
		"float16, listed":  func(m *message) { m.number(2, 10); m.numbers(5, half) },
		"bfloat16, raw":    func(m *message) { m.number(2, 16); m.message(9, rawB16) },
		"bfloat16, listed": func(m *message) { m.number(2, 16); m.numbers(5, brain) },
	} {
		var w message
		w.numbers(1, []int{2, 2})
		fill(&w)
		w.text(8, "w")
		n, err := Decode(tiny(w))
		if err != nil {
			t.Errorf("%s: %v", reason, err)
			continue
		}
		if got := n.Weights.Get("w/W").Float32s(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: found %v, expected %v", reason, got, want)
		}
	}
	for bits, want := range map[uint16]float32{0x0001: 1. / (1 << 24), 0x8000: float32(math.Copysign(0, -1)), 0x7bff: 65504, 0x03ff: 1023. / (1 << 24)} {
		if got := half32(bits); math.Float32bits(got) != math.Float32bits(want) {
			t.Errorf("half %#x: found %v, expected %v", bits, got, want)
		}
	}
}

func half32(bits uint16) float32 { return half(float16Type, bits) }

func TestNames(t *testing.T) {
	r := newReader(&file{}, "", "")
	for _, test := range []struct{ kind, node, weight, want string }{
		{"Conv", "/layer4/layer4.0/conv1/Conv", "layer4.0.conv1.weight", "layer4.0.conv1"},
		{"Conv", "/layer4/layer4.0/conv2/Conv", "onnx::Conv_193", "layer4.0.conv2"},
		{"Conv", "/features/features.1/block/block.0/block.0.0/Conv", "193", "features.1.block.0.0"},
		{"Relu", "/layer4/layer4.0/relu_1/Relu", "", "layer4.0.relu_1"},
		{"Add", "/layer4/layer4.0/Add_1", "", "layer4.0.add_1"},
		{"Relu", "/Relu", "", "relu"},
		{"Gemm", "Gemm_4", "0.weight", "layer0"},
		{"Gemm", "", "images", "images_2"},
		{"Conv", "x", "block/Conv2D/ReadVariableOp:0", "block"},
		{"Conv", "x", "ünïcode name", "layer_n_code_name"},
		{"Conv", "x", strings.Repeat("a", 300) + ".weight", strings.Repeat("a", 120)},
		{"Conv", "x", strings.Repeat("a", 300), strings.Repeat("a", 120) + "_2"},
		{"Conv", "y", "layer4.0.conv1.weight", "layer4.0.conv1_2"},
	} {
		if got := r.nameFor(&operator{kind: test.kind, name: test.node}, test.weight); got != test.want {
			t.Errorf("node %q with weight %.40q: found %q, expected %q", test.node, test.weight, got, test.want)
		}
	}
}
