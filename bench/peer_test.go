package main

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
)

// torchMissing checks once whether PyTorch is installed.
var torchMissing = sync.OnceValue(func() error {
	_, err := torchVersion(context.Background())
	return err
})

// peer runs peer.py on the small set in the repository, or skips the test.
func peer(t *testing.T, args ...string) outcome {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: PyTorch is not asked")
	}
	if err := torchMissing(); err != nil {
		t.Skip(err)
	}
	args = append([]string{"peer.py"}, args...)
	data, err := exec.CommandContext(t.Context(), python(), append(args, "--threads", "1", "--data", "../dataset/sample")...).Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	o, err := parseJSON(string(data))
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	if o.numbers["peak_rss_bytes"] < 1e7 || !(o.numbers["seconds"] > 0) {
		t.Errorf("%v: found %v", args, o.line)
	}
	return o
}

// TestPeerIsTheSameNetwork gives both sides the same weights and images and compares
// loss and number of correct answers.
func TestPeerIsTheSameNetwork(t *testing.T) {
	_, test, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := model.Init(model.DeepMNIST(), rand.New(rand.NewPCG(5, 5)))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "weights.safetensors")
	if err := weightfile.Write(file, &model.Network{Spec: model.DeepMNIST(), Classes: test.Classes, Prep: test.Prep, Weights: w}); err != nil {
		t.Fatal(err)
	}
	theirs := peer(t, "inference", "--from", file, "--batches", "100", "--repeats", "1")
	net, err := model.Build(smallnet.Of(model.DeepMNIST(), w), model.None(), model.Batch(100))
	if err != nil {
		t.Fatal(err)
	}
	e, err := train.NewEvaluator(net)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ours, err := e.Evaluate(context.Background(), test)
	if err != nil {
		t.Fatal(err)
	}
	if d := math.Abs(ours.Loss - theirs.numbers["loss"]); d > 1e-5 || float64(ours.Correct) != theirs.numbers["correct"] {
		t.Errorf("found loss %v and %d right, PyTorch %v and %v", ours.Loss, ours.Correct, theirs.numbers["loss"], theirs.numbers["correct"])
	}
}

// TestPeerRetrains covers the script's longest path: read weights, cache features,
// write weights.
func TestPeerRetrains(t *testing.T) {
	file := filepath.Join(t.TempDir(), "weights.pt")
	o := peer(t, "train", "--classes", "5-9", "--limit", "96", "--epochs", "2", "--train", "last2", "--freeze", "cache",
		"--from", "../testdata/convolutions-0-4.safetensors", "--out", file)
	if info, err := os.Stat(file); err != nil || info.Size() < 12e6 {
		t.Errorf("weights on disk: found %v, %v", info, err)
	}
	if loss := o.numbers["loss"]; !(loss > 0 && loss < 3) || o.numbers["examples"] != 96 {
		t.Errorf("found %v", o.line)
	}
}
