package command

import (
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model/weightfile"
)

// TestKeepClasses adds digits to a network of others, by both ways, and weighs
// classes; what cannot be obeyed is refused.
func TestKeepClasses(t *testing.T) {
	t.Chdir(t.TempDir())
	ok(t, "train", "--data", "sample", "--classes", "3,7", "--limit", "200", "--epochs", "4", "--batch", "16", "--out", "two.safetensors", "--quiet")
	for _, flags := range [][]string{{"--epochs", "4"}, {"--solver", "lbfgs", "--weight-decay", "1e-3"}} {
		args := append([]string{"retrain", "--from", "two.safetensors", "--keep-classes", "--class-weights", "balanced",
			"--data", "sample", "--classes", "1,3,7", "--limit", "300", "--json", "--quiet", "--out", "three.safetensors"}, flags...)
		done := ok(t, args...).last(t)
		kept := done["kept"].(map[string]any)
		if kept["outputs"] != 2.0 || kept["identical"] != true || kept["held"] != 40.0 || len(done["class_weights"].([]any)) != 3 || done["accuracy"].(float64) < 0.8 {
			t.Errorf("%v: found %v", flags, done)
		}
		n, err := weightfile.Read("three.safetensors")
		check(t, err)
		if got := strings.Join(n.Classes, ","); got != "3,7,1" {
			t.Errorf("%v: found classes %s, expected 3,7,1", flags, got)
		}
	}
	for _, flags := range [][]string{{"--last", "2"}, {"--keep-head"}, {"--then", "2"}, {"--checkpoint", "c.safetensors"}, {"--class-weights", "nope"}} {
		if r := mnist(t, append([]string{"retrain", "--from", "two.safetensors", "--keep-classes", "--data", "sample"}, flags...)...); r.status != 2 {
			t.Errorf("%v: found exit status %d, %s, expected 2", flags, r.status, r.err)
		}
	}
	if r := mnist(t, "retrain", "--from", "two.safetensors", "--keep-classes", "--data", "sample", "--classes", "1,2"); r.status != 1 || !strings.Contains(r.err, "no images of the network's own classes") {
		t.Errorf("no old class: found exit status %d, %s", r.status, r.err)
	}
}
