package onnx_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/lastlayer/lastlayer/transfer/foreign"
	"github.com/pkg/errors"
	"google.golang.org/protobuf/encoding/protowire"
)

var update = flag.Bool("update", false, "write testdata/peers/torch.onnx anew; then run testdata/peers/make.sh")

const peers = "../../../testdata/peers/"

func read(t *testing.T, name string) *weightfile.Tensors {
	t.Helper()
	tensors, err := weightfile.ReadTensors(peers + name)
	if err != nil {
		t.Fatal(err)
	}
	return tensors
}

// small returns the network of testdata/peers with the weights PyTorch drew.
func small(t *testing.T) *model.Network {
	t.Helper()
	spec, err := weightfile.ReadSpec(peers + "small.json")
	if err != nil {
		t.Fatal(err)
	}
	w, _, err := foreign.Import(read(t, "torch.safetensors"), spec, foreign.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &model.Network{Spec: spec, Classes: []string{"5", "6", "7", "8", "9"}, Prep: dataset.MNISTPreprocessing(), Weights: w}
}

// What we write is, byte for byte, the file whose logits onnxruntime computed,
// and those are PyTorch's.
func TestReference(t *testing.T) {
	const file = peers + "torch.onnx"
	if *update {
		if err := onnx.Write(file, small(t), onnx.Options{}); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := onnx.Encode(small(t), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: found other bytes; see -update", file)
	}
	text, err := os.ReadFile(peers + "onnx-logits.json")
	if err != nil {
		t.Fatal(err)
	}
	var theirs struct{ Values []float64 }
	if err := json.Unmarshal(text, &theirs); err != nil {
		t.Fatal(err)
	}
	logits := read(t, "torch-logits.npz").Get("logits").Values
	if len(logits) != len(theirs.Values) {
		t.Fatalf("found %d logits of onnxruntime, expected %d", len(theirs.Values), len(logits))
	}
	for i, v := range logits {
		if !(math.Abs(float64(v)-theirs.Values[i]) <= 1e-4) {
			t.Errorf("logit %d: found %v of onnxruntime, expected %v of PyTorch", i, theirs.Values[i], v)
		}
	}
}

// operators returns the types of the graph's nodes, in order.
func operators(t *testing.T, data []byte) []string {
	t.Helper()
	var types []string
	for _, graph := range field(t, data, 7) {
		for _, node := range field(t, graph, 1) {
			for _, op := range field(t, node, 4) {
				types = append(types, string(op))
			}
		}
	}
	return types
}

// field returns the contents of a message's fields of that number.
func field(t *testing.T, m []byte, number protowire.Number) [][]byte {
	t.Helper()
	var found [][]byte
	for len(m) > 0 {
		num, kind, n := protowire.ConsumeTag(m)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		size := protowire.ConsumeFieldValue(num, kind, m[n:])
		if size < 0 {
			t.Fatal(protowire.ParseError(size))
		}
		if num == number && kind == protowire.BytesType {
			content, _ := protowire.ConsumeBytes(m[n:])
			found = append(found, content)
		}
		m = m[n+size:]
	}
	return found
}

func TestOperators(t *testing.T) {
	flat := model.Spec{Input: []int{3}, Layers: []model.Layer{{Name: "logits", Kind: model.Dense{Out: 2}}}}
	w := model.NewWeights()
	w.SetValues("logits/W", []int{3, 2}, make([]float32, 6))
	w.SetValues("logits/b", []int{2}, make([]float32, 2))
	dense := &model.Network{Spec: flat, Classes: []string{"a", "b"}, Prep: dataset.MNISTPreprocessing(), Weights: w}
	for _, test := range []struct {
		reason string
		m      *model.Network
		opt    onnx.Options
		want   string
	}{
		{"no dropout", small(t), onnx.Options{}, "[Conv Relu MaxPool Conv Relu MaxPool Flatten Gemm Relu Gemm]"},
		{"nothing to flatten", dense, onnx.Options{}, "[Gemm]"},
		{"probabilities", dense, onnx.Options{Softmax: true}, "[Gemm Softmax]"},
	} {
		data, err := onnx.Encode(test.m, test.opt)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(operators(t, data)); got != test.want {
			t.Errorf("%s: found %s, expected %s", test.reason, got, test.want)
		}
	}
}

func TestRefusesAnIncompleteModel(t *testing.T) {
	m := small(t)
	m.Weights = transfer.Only(m.Weights, "conv1")
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := onnx.Write(path, m, onnx.Options{}); !errors.Is(err, model.ErrWeights) {
		t.Errorf("found %v, expected ErrWeights", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was written")
	}
}
