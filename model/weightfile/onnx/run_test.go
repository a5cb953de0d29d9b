package onnx

import (
	"math"
	"os"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"gorgonia.org/gorgonia"
)

// run returns what a network makes of n examples.
func run(t testing.TB, network *model.Network, x []float32, n int) []float32 {
	t.Helper()
	net, err := model.Build(network, model.None(), model.Batch(n))
	if err != nil {
		t.Fatal(err)
	}
	if len(net.Images()) != len(x) {
		t.Fatalf("found an input of %d numbers, expected %d", len(net.Images()), len(x))
	}
	if _, err := net.ShareMemory(); err != nil {
		t.Fatal(err)
	}
	copy(net.Images(), x)
	vm := gorgonia.NewTapeMachine(net.Scope().Graph())
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	return net.Result(n)
}

// difference returns the largest difference, as a part of the largest number.
func difference(t testing.TB, got, want []float32) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("found %d numbers, expected %d", len(got), len(want))
	}
	worst, largest := 0.0, 1e-30
	for i, v := range want {
		d := math.Abs(float64(got[i]) - float64(v))
		if !(d <= worst) {
			worst = d
		}
		largest = max(largest, math.Abs(float64(v)))
	}
	return worst / largest
}

// tensorFile returns what a file holds that is a TensorProto alone.
func tensorFile(t testing.TB, path string) *constant {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tensor, err := decodeInitial(data)
	if err != nil {
		t.Fatal(err)
	}
	b := newBudget()
	c, err := tensor.constant(&b, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// softmax returns the rows as probabilities.
func softmax(logits []float32, n int) []float32 {
	out := make([]float32, len(logits))
	k := len(logits) / n
	for row := range n {
		largest, sum := math.Inf(-1), 0.0
		for _, v := range logits[row*k : (row+1)*k] {
			largest = max(largest, float64(v))
		}
		for i, v := range logits[row*k : (row+1)*k] {
			e := math.Exp(float64(v) - largest)
			out[row*k+i] = float32(e)
			sum += e
		}
		for i := range k {
			out[row*k+i] = float32(float64(out[row*k+i]) / sum)
		}
	}
	return out
}
