package onnx

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

func layer(name string, kind model.Kind, inputs ...string) model.Layer {
	return model.Layer{Name: name, Kind: kind, Inputs: inputs}
}

// everything is a network with each kind of layer, in different wirings.
func everything() model.Spec {
	s := func(sides ...int) model.Sides { return sides }
	return model.Spec{Input: []int{4, 11, 9}, Layers: []model.Layer{
		layer("stem", model.Conv{Out: 8, Kernel: s(3, 2), Stride: s(1), Pad: s(1, 0, 1, 1)}),
		layer("prelu", model.PReLU{}),
		layer("lrn", model.LRN{Size: 3, Alpha: 0.1, Beta: 0.75, Bias: 1}),
		layer("depthwise", model.Conv{Out: 8, Kernel: s(3), Stride: s(1), Pad: s(2), Dilation: s(2), Groups: 8, NoBias: true}),
		layer("bn", model.BatchNorm{Eps: 1e-3}),
		layer("relu", model.ReLU{}),
		layer("sum", model.Add{}, "relu", "lrn"),
		layer("pool", model.MaxPool{Kernel: s(3), Stride: s(2), Pad: s(1), Ceil: true}),
		layer("squeeze", model.GlobalAveragePool{}),
		layer("excite", model.Conv{Out: 8, Kernel: s(1), Stride: s(1)}),
		layer("gate", model.HardSigmoid{Alpha: 0.2, Beta: 0.5}),
		layer("scaled", model.Multiply{}, "pool", "gate"),
		layer("left", model.Slice{From: 0, To: 4}, "scaled"),
		layer("right", model.Slice{From: 4, To: 8}, "scaled"),
		layer("silu", model.SiLU{}, "left"),
		layer("clip", model.Clip{Min: 0, Max: 6}, "right"),
		layer("both", model.Concat{}, "silu", "clip", "scaled"),
		layer("shuffle", model.ChannelShuffle{Groups: 4}),
		layer("norm", model.LayerNorm{Eps: 1e-5}),
		layer("gelu", model.GELU{}),
		layer("border", model.Pad{Pad: s(1, 2, 0, 1), Mode: "reflect"}),
		layer("average", model.AveragePool{Kernel: s(3, 2), Stride: s(2, 1), Pad: s(1, 0, 1, 1), CountPad: true}),
		layer("hardswish", model.HardSwish{}),
		layer("frame", model.Pad{Pad: s(1), Value: 0.5}),
		layer("widest", model.MaxPool{Kernel: s(2), Stride: s(1), Dilation: s(2)}),
		layer("leaky", model.LeakyReLU{Slope: 0.2}),
		layer("largest", model.GlobalMaxPool{}, "leaky"),
		layer("flat", model.Flatten{}),
		layer("norm1", model.LayerNorm{Eps: 1e-6}),
		layer("hidden", model.Dense{Out: 6, NoBias: true}),
		layer("bn1", model.BatchNorm{Eps: 1e-5}),
		layer("tanh", model.Tanh{}),
		layer("drop", model.Dropout{Rate: 0.5}),
		layer("wide", model.Dense{Out: 7}, "leaky"),
		layer("gelu1", model.GELU{Tanh: true}),
		layer("shared", model.PReLU{Shared: true}),
		layer("sigmoid", model.Sigmoid{}),
		layer("features", model.Concat{}, "drop", "sigmoid"),
		layer("logits", model.Dense{Out: 3}),
	}}
}

// drawn returns a network with random weights, those of normalisations too.
func drawn(t testing.TB, spec model.Spec) *model.Network {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	w, err := model.Init(spec, rng)
	if err != nil {
		t.Fatal(err)
	}
	parameters, err := spec.Parameters()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parameters {
		if p.FanIn == 0 {
			for i, v := range w.Get(p.Name).Float32s() {
				w.Get(p.Name).Float32s()[i] = v + rng.Float32()/2
			}
		}
	}
	n := &model.Network{Spec: spec, Weights: w, Prep: dataset.MNISTPreprocessing()}
	for i := range spec.Classes() {
		n.Classes = append(n.Classes, fmt.Sprint("class ", i))
	}
	return n
}

func random(n int) []float32 {
	rng := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// Every kind of layer, written and read again, is the same layer, and computes
// the same; in onnxruntime too, where that is there.
func TestThereAndBack(t *testing.T) {
	n := drawn(t, everything())
	path := filepath.Join(t.TempDir(), "n.onnx")
	if err := Write(path, n, Options{}); err != nil {
		t.Fatal(err)
	}
	back, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]model.Kind{}
	for _, l := range back.Spec.Layers {
		kinds[l.Name] = l.Kind
	}
	for _, l := range n.Spec.Layers {
		switch l.Kind.(type) {
		case model.Dropout, model.Flatten: // the one is nothing, the other only how a dense layer sees its input
			continue
		}
		if found := kinds[l.Name]; fmt.Sprintf("%#v", found) != fmt.Sprintf("%#v", l.Kind) {
			t.Errorf("layer %q: found %#v, expected %#v", l.Name, found, l.Kind)
		}
	}
	const batch = 3
	x := random(batch * 4 * 11 * 9)
	want := append([]float32(nil), run(t, n, x, batch)...)
	if d := difference(t, run(t, back.Network, x, batch), want); !(d <= 1e-6) {
		t.Errorf("read again: found a difference of %g, expected at most 1e-6", d)
	}
	if fmt.Sprint(back.Classes) != fmt.Sprint(n.Classes) || back.Prep != n.Prep || len(back.Notes) > 0 {
		t.Errorf("found classes %v, %+v and %v", back.Classes, back.Prep, back.Notes)
	}
	if theirs, ok := peer.ONNXRuntime(t, path, x, batch, 4, 11, 9); ok {
		d := difference(t, theirs, want)
		t.Logf("largest difference from onnxruntime %.2g of the largest logit", d)
		if !(d <= 1e-4) {
			t.Errorf("found a difference of %g from onnxruntime, expected at most 1e-4", d)
		}
	}
	again, err := Encode(back.Network, Options{})
	if err != nil {
		t.Fatal(err)
	}
	twice, err := Decode(again)
	if err != nil {
		t.Fatal(err)
	}
	if !twice.Spec.Equal(back.Spec) {
		t.Error("written and read twice: found another spec")
	}
}

// What Write does not know is an error: a new kind must get a writer.
func TestEveryKindIsWritten(t *testing.T) {
	written := map[string]bool{}
	for _, l := range everything().Layers {
		written[l.Kind.String()] = true
	}
	for kind := range writers {
		if !written[kind] {
			t.Errorf("kind %s: found no layer in the test's network", kind)
		}
	}
	for _, kind := range model.Kinds() {
		if writers[kind] == nil {
			t.Errorf("kind %s: found no writer", kind)
		}
	}
}

// ReadUntil reads what lies below an operator that Read refuses, whose error
// says where that is.
func TestReadUntil(t *testing.T) {
	n := drawn(t, everything())
	data, err := Encode(n, Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := decodeModel(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range f.nodes {
		if node.kind == "Tanh" && node.name == "tanh/out" {
			node.kind = "Softplus"
		}
	}
	_, err = newReader(f, "", "").read()
	mustSay(t, err, ErrUnsupported, `node "tanh/out" (Softplus;`, `found operator "Softplus"`, `cut below it, at layer "bn1"`, "supported are", "Conv")
	var node *NodeError
	if !errors.As(err, &node) || node.Node != "tanh/out" || node.Operator != "Softplus" || node.Below != "bn1" {
		t.Errorf("found %+v", node)
	}
	f.nodes = append(f.nodes, &operator{kind: "Softmax", outputs: []string{"p"}}, &operator{kind: "Dropout", inputs: []string{"p"}, outputs: []string{"q"}},
		&operator{name: "att", kind: "MatMul", inputs: []string{"q", "images"}, outputs: []string{"r"}})
	mustSay(t, newReader(f, "", "").refuse(f.nodes[0], nil, unsupported("x")), ErrUnsupported, `attention is not supported, found at node "att"; reading ended at node`)
	f.nodes = f.nodes[:len(f.nodes)-3]
	part, err := newReader(f, "", "bn1").read()
	if err != nil {
		t.Fatal(err)
	}
	if last := part.Spec.Layers[len(part.Spec.Layers)-1].Name; last != "bn1" || part.Spec.Classes() != 6 {
		t.Errorf("found the end %q and %d numbers, expected bn1 and 6", last, part.Spec.Classes())
	}
	_, err = newReader(f, "", "tanh").read()
	mustSay(t, err, ErrUnsupported, `found no layer "tanh"`, "bn1")
	path := filepath.Join(t.TempDir(), "n.onnx")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	whole, err := ReadUntil(path, "leaky")
	if err != nil {
		t.Fatal(err)
	}
	if shape := whole.Spec.Layers[len(whole.Spec.Layers)-1]; shape.Kind != model.Kind(model.Flatten{}) {
		t.Errorf("found the end %v, expected it flattened", shape)
	}
}
