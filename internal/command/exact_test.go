package command

import (
	"math"
	"strings"
	"testing"
)

// TestRetrainExact takes the last layer to its optimum, twice to the same
// bytes, and holds its loss against that of steps.
func TestRetrainExact(t *testing.T) {
	t.Chdir(t.TempDir())
	args := []string{"retrain", "--from", pretrained(), "--data", "sample", "--classes", "5-9", "--limit", "200", "--json", "--quiet"}
	r := ok(t, append(args, "--solver", "lbfgs", "--out", "a.safetensors")...)
	lines := r.objects(t)
	done := lines[len(lines)-1]
	doneKinds.check(t, done)
	retrainKinds.check(t, done)
	kinds{"iterations": count, "converged": yes, "objective": number, "gap": number, "gradient_norm": number, "seconds_solver": number, "training_loss": number}.check(t, done)
	if done["converged"] != true || done["gradient_norm"].(float64) > 1e-4 || done["frozen_identical"] != true || list(done["trained"]) != "fc2/W fc2/b" {
		t.Errorf("found %v", done)
	}
	for i, line := range lines[:len(lines)-1] {
		kinds{"iteration": count, "loss": number, "gradient_norm": number}.check(t, line)
		if line["iteration"] != float64(i+1) {
			t.Errorf("line %d: found %v", i+1, line)
		}
	}
	if int(done["iterations"].(float64)) != len(lines)-1 {
		t.Errorf("found %d lines and %v iterations", len(lines)-1, done["iterations"])
	}
	ok(t, append(args, "--solver", "lbfgs", "--out", "b.safetensors")...)
	if string(readFile(t, "a.safetensors")) != string(readFile(t, "b.safetensors")) {
		t.Error("the same command line wrote other bytes")
	}
	steps := ok(t, append(args, "--epochs", "20", "--out", "c.safetensors")...).last(t)
	if !(done["training_loss"].(float64) <= steps["training_loss"].(float64)) {
		t.Errorf("found the training loss %v, expected at most that of steps, %v", done["training_loss"], steps["training_loss"])
	}
	if two := ok(t, append(args, "--epochs", "1", "--last", "2", "--out", "d.safetensors")...).last(t); two["training_loss"] != nil {
		t.Errorf("--last 2: found %v, which is costly and nobody's to compare", two["training_loss"])
	}
	text := ok(t, append(args, "--json=false", "--solver", "lbfgs", "--iterations", "3", "--weight-decay", "0.01", "--out", "e.safetensors", "--quiet=false")...)
	if !strings.Contains(text.out, "3 iterations") || !strings.Contains(text.out, "gradient norm") || !strings.Contains(text.err, "warning: the optimum is not reached") || !strings.Contains(text.err, "allow more by --iterations") {
		t.Errorf("found %q and %q", text.out, text.err)
	}
	more := ok(t, append(args, "--solver", "lbfgs", "--augment", "shift", "--augment-copies", "2", "--weight-decay", "2", "--iterations", "5", "--out", "f.safetensors")...).last(t)
	if more["objective"] == done["objective"] {
		t.Errorf("with changed copies: found the objective %v, as without", more["objective"])
	}
	if loss := done["objective"].(float64); math.Abs(loss-done["training_loss"].(float64)) > 1e-12 {
		t.Errorf("without decay: found the objective %v and the loss %v", loss, done["training_loss"])
	}
}

func TestRetrainExactUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	from := pretrained()
	for _, flags := range [][]string{
		{"--last", "2"}, {"--train", "fc2"}, {"--no-cache"}, {"--epochs", "5"}, {"--batch", "64"}, {"--momentum", "0.9"},
		{"--schedule", "cosine"}, {"--lr", "0.02"}, {"--checkpoint", "c.safetensors"}, {"--every", "5steps"},
		{"--validation", "0.1"}, {"--patience", "1"}, {"--iterations", "0"}, {"--weight-decay", "NaN"}, {"--weight-decay", "-1"}, {"--augment", "shift"}, {"--out="},
	} {
		name, _, _ := strings.Cut(flags[0], "=")
		args := append([]string{"retrain", "--from", from, "--data", "sample", "--solver", "lbfgs"}, flags...)
		mnist(t, args...).refused(t, exitUsage, name)
	}
	mnist(t, "retrain", "--from", from, "--data", "sample", "--iterations", "5").refused(t, exitUsage, "--iterations", "lbfgs")
	mnist(t, "train", "--data", "sample", "--solver", "lbfgs").refused(t, exitUsage, "--solver", "lbfgs", "retrain")
	if found := files(t, "."); found != "" {
		t.Errorf("left the files %s", found)
	}
}
