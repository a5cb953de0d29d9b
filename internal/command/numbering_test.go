package command

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/model/weightfile"
)

// turned writes the network that tells 0 from 1 with its outputs in the other
// order, 1 before 0, and returns the file.
func turned(t *testing.T) string {
	t.Helper()
	m, err := weightfile.Read(pretrained())
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = []string{"1", "0"}
	w, b := m.Weights.Get("fc2/W").Float32s(), m.Weights.Get("fc2/b").Float32s()
	for i := 0; i < len(w); i += 2 { // [1024,2]
		w[i], w[i+1] = w[i+1], w[i]
	}
	b[0], b[1] = b[1], b[0]
	path := filepath.Join(t.TempDir(), "turned.safetensors")
	if err := weightfile.Write(path, m); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOutputsInAnotherOrder makes sure that the data of every command which
// goes on with a network's outputs is numbered by their names.
func TestOutputsInAnotherOrder(t *testing.T) {
	slow(t)
	from := turned(t)
	t.Chdir(t.TempDir())
	data := []string{"--data", "sample", "--classes", "0-1"}
	want := ok(t, slices.Concat([]string{"eval", "--model", pretrained(), "--json"}, data)...).last(t)["accuracy"].(float64)
	for _, args := range [][]string{
		{"eval", "--model", from},
		{"retrain", "--from", from, "--keep-head", "--lr", "1e-9", "--epochs", "1", "--out", "kept", "--checkpoint", "saved"},
		{"retrain", "--from", from, "--keep-head", "--solver", "lbfgs", "--weight-decay", "1", "--iterations", "1", "--out", "exact"},
		{"retrain", "--resume", "saved", "--keep-head", "--lr", "1e-9", "--epochs", "1", "--out", "kept"},
	} {
		if got := ok(t, slices.Concat(args, []string{"--json"}, data)...).last(t)["accuracy"].(float64); got < want-0.02 || want < 0.95 {
			t.Errorf("%v: found an accuracy of %v, expected %v as before", args, got, want)
		}
	}
	m, err := weightfile.Read("kept")
	if err != nil || !slices.Equal(m.Classes, []string{"1", "0"}) {
		t.Errorf("found the outputs %v, expected 1 0: %v", m.Classes, err)
	}
	// The loss of a trained network need not fall, and lr-find says so: its first line is enough.
	first := mnist(t, slices.Concat([]string{"lr-find", "--from", from, "--keep-head", "--steps", "2", "--json"}, data)...).objects(t)[0]
	if loss := first["loss"].(float64); loss > 0.5 {
		t.Errorf("lr-find began with a loss of %v, expected that of a trained network", loss)
	}
	mnist(t, "retrain", "--from", from, "--keep-head", "--data", "sample", "--classes", "0,2").refused(t, exitUsage, "--keep-head", "does not know 2", "only 1, 0")
	mnist(t, "eval", "--model", from, "--data", "sample", "--classes", "0,2").refused(t, exitUsage, "--classes", "does not know 2")
}

// TestEvalCountsWhatItLeavesOut looks for the images of unknown classes in the
// JSON, which is all that --quiet leaves, and for a name in its other form.
func TestEvalCountsWhatItLeavesOut(t *testing.T) {
	t.Chdir(t.TempDir())
	line := ok(t, "eval", "--model", pretrained(), "--data", "sample", "--quiet", "--json").last(t)
	left := line["left_out_classes"].(map[string]any)
	if line["examples"].(float64) != 100 || line["left_out"].(float64) != 400 || len(left) != 8 || left["9"].(float64) != 50 {
		t.Errorf("found %v examples, %v left out: %v", line["examples"], line["left_out"], left)
	}
	m, err := weightfile.Read(pretrained())
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = []string{"nought", "cafe\u0301"}
	if err := weightfile.Write("m", m); err != nil {
		t.Fatal(err)
	}
	images, labels := digits(t, 6)
	for i, digit := range images {
		name := map[string]string{"0": "nought", "1": "café"}[labels[i]]
		writeFile(t, filepath.Join("images", name, string(rune('a'+i))+".png"), encoded(t, onPaper(digit, 2, i, white, black), ".png"))
	}
	line = ok(t, "eval", "--model", "m", "--data", "images", "--quiet", "--json").last(t)
	rows := line["confusion"].([]any)
	tested := 0.0
	for _, n := range rows[1].([]any) {
		tested += n.(float64)
	}
	if line["left_out"].(float64) != 0 || tested == 0 {
		t.Errorf("found %v left out and %v images of café", line["left_out"], tested)
	}
}
