package main

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
)

// runJSON runs a command on a few images of the sample.
func runJSON(t *testing.T, args ...string) map[string]any {
	t.Helper()
	var out bytes.Buffer
	if err := run(append(args, "--data", "sample"), &out); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	var r map[string]any
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: found %q, expected a JSON object: %v", args, out.String(), err)
	}
	if s, ok := r["seconds"].(float64); !ok || !(s > 0) {
		t.Errorf("%v: found seconds %v, expected a number above 0", args, r["seconds"])
	}
	return r
}

// TestStepAndStock runs both on the same batch from the same weights. Only the dropout
// masks differ, so the losses are close.
func TestStepAndStock(t *testing.T) {
	ours := runJSON(t, "step", "--steps", "2", "--batch", "8", "--limit", "80")
	stock := runJSON(t, "stock", "--steps", "2", "--batch", "8", "--limit", "80")
	a, b := ours["bytes_per_step"].(float64), stock["bytes_per_step"].(float64)
	if !(a >= 0 && b > 1e6 && a < b/10) {
		t.Errorf("found %g bytes a step of ours and %g of stock Gorgonia, expected far fewer of ours", a, b)
	}
	if la, lb := ours["loss"].(float64), stock["loss"].(float64); math.IsNaN(la) || math.IsNaN(lb) || stock["blas"] != "gonum" {
		t.Errorf("found losses %g and %g, by %v", la, lb, stock["blas"])
	}
}

func TestInferenceAndLatency(t *testing.T) {
	r := runJSON(t, "inference", "--limit", "40", "--batches", "20,40", "--repeats", "1")
	if times := r["seconds_by_batch"].(map[string]any); len(times) != 2 || r["examples"] != 40.0 {
		t.Errorf("found %v", r)
	}
	runJSON(t, "latency", "--repeats", "3")
}

// TestNetwork measures a photo network and writes it for the peer.
func TestNetwork(t *testing.T) {
	file := filepath.Join(t.TempDir(), "net.onnx")
	var out bytes.Buffer
	for _, args := range [][]string{{"--batches", "1,2", "--repeats", "1"}, {"--out", file}} {
		if err := run(append([]string{"network", "--arch", "squeezenet1_1"}, args...), &out); err != nil {
			t.Fatal(err)
		}
	}
	var r map[string]any
	if err := json.NewDecoder(&out).Decode(&r); err != nil || !(r["seconds_1"].(float64) > 0 && r["seconds_2"].(float64) > 0) {
		t.Errorf("found %v, %v", r, err)
	}
	if n, err := weightfile.Read(file); err != nil || len(n.Classes) != 1000 {
		t.Errorf("found %v, %v", n, err)
	}
	if err := run([]string{"network", "--arch", "nothing"}, &out); err == nil {
		t.Error("an unknown network: expected an error")
	}
}

// TestPutBack checks that the kept weights stay the same and the others change.
func TestPutBack(t *testing.T) {
	folder := t.TempDir()
	from, out := filepath.Join(folder, "from.safetensors"), filepath.Join(folder, "out.safetensors")
	spec, w, err := fresh(5)
	if err != nil {
		t.Fatal(err)
	}
	before := &model.Network{Spec: spec, Classes: []string{"0", "1", "2", "3", "4"}, Prep: dataset.MNISTPreprocessing(), Weights: w}
	if err := weightfile.Write(from, before); err != nil {
		t.Fatal(err)
	}
	runJSON(t, "putback", "--from", from, "--out", out, "--last", "2", "--epochs", "1", "--batch", "16", "--limit", "32", "--classes", "5-9")
	after, err := weightfile.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, ws := range mustShapes(t, spec) {
		same := w.Hash(ws.Name) == after.Weights.Hash(ws.Name)
		if stays := ws.Layer == "conv1" || ws.Layer == "conv2"; same != stays {
			t.Errorf("%s: found the same bytes: %v, expected %v", ws.Name, same, stays)
		}
	}
}

func mustShapes(t *testing.T, spec model.Spec) []model.Parameter {
	t.Helper()
	shapes, err := spec.Parameters()
	if err != nil {
		t.Fatal(err)
	}
	return shapes
}

func TestRunRefuses(t *testing.T) {
	for _, args := range [][]string{nil, {"fly"}, {"putback"}, {"step", "--data", "no such folder"}} {
		if err := run(args, new(bytes.Buffer)); err == nil {
			t.Errorf("%v: found no error", args)
		}
	}
}
