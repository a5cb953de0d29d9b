package command

import (
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model/weightfile"
)

// TestOverflow hands a network whose finite weights overflow to every command
// that runs one, and trains with a last step that overflows: an error before
// anything is written.
func TestOverflow(t *testing.T) {
	from := pretrained()
	t.Chdir(t.TempDir())
	n, err := weightfile.Read(from)
	if err != nil {
		t.Fatal(err)
	}
	steep := *n // finite up to the new last layer, whose first step is not
	steep.Weights = n.Weights.Clone()
	for i, x := range steep.Weights.Get("fc1/W").Float32s() {
		steep.Weights.Get("fc1/W").Float32s()[i] = 1e25 * x
	}
	if err := weightfile.Write("steep.safetensors", &steep); err != nil {
		t.Fatal(err)
	}
	for _, name := range n.Weights.Names() {
		values := n.Weights.Get(name).Float32s()
		for i := range values {
			values[i] *= 1e25
		}
	}
	if err := weightfile.Write("big.safetensors", n); err != nil {
		t.Fatal(err)
	}
	images, _ := digits(t, 1)
	writeFile(t, "seven.png", encoded(t, onPaper(images[0], 3, 10, straw, navy), ".png"))
	before := files(t, ".")
	for _, args := range [][]string{
		{"predict", "--model", "big.safetensors", "seven.png"},
		{"predict", "--model", "big.safetensors", "--json", "seven.png"},
		{"eval", "--model", "big.safetensors", "--data", "sample"},
		{"eval", "--model", "big.safetensors", "--data", "sample", "--json"},
		{"eval", "--model", "big.safetensors", "--data", "sample", "--report", "report"},
		withSmall("retrain", "--from", "big.safetensors", "--quiet"),
		withSmall("retrain", "--from", "big.safetensors", "--quiet", "--no-cache"),
		{"retrain", "--from", "big.safetensors", "--data", "sample", "--limit", "100", "--quiet", "--solver", "lbfgs"},
		{"lr-find", "--from", "big.safetensors", "--data", "sample", "--limit", "100", "--quiet"},
		{"lr-find", "--from", "steep.safetensors", "--data", "sample", "--limit", "100", "--quiet"},
		{"explain", "--from", "big.safetensors", "--data", "sample", "--quiet"},
		{"train", "--data", "sample", "--limit", "16", "--batch", "16", "--epochs", "1", "--lr", "1e30", "--quiet", "--checkpoint", "saved"},
		{"train", "--data", "sample", "--limit", "16", "--batch", "16", "--epochs", "1", "--lr", "3e38", "--momentum", "0", "--quiet", "--checkpoint", "saved"},
	} {
		r := mnist(t, args...)
		if r.status != exitFailed || !strings.HasSuffix(r.err, ": NaN or infinity in the network\n") || !strings.Contains(r.err, "smaller") {
			t.Errorf("%s: exit status %d, expected 1 and what is wrong: %s", r.args, r.status, r.err)
		}
		if strings.Contains(r.out, "recall") || strings.Contains(r.out, "NaN") || strings.Contains(r.out, "{") {
			t.Errorf("%s: printed %q", r.args, r.out)
		}
		if found := files(t, "."); found != before {
			t.Errorf("%s: left %s", r.args, found)
		}
	}
}
