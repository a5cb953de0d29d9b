package command

import (
	"strings"
	"testing"
)

// TestStuck: a training whose learning rate moves nothing says that nothing was
// learnt and what to try; another one says nothing.
func TestStuck(t *testing.T) {
	t.Chdir(t.TempDir())
	args := []string{"train", "--data", "sample", "--classes", "0-1", "--limit", "64", "--epochs", "2", "--batch", "8", "--json", "--weight-decay", "0"}
	r := ok(t, append(args, "--lr", "1e-30", "--schedule", "constant", "--seed", "1")...)
	stuck, _ := r.last(t)["stuck"].(string)
	if learnt := ok(t, append(args, "--epochs", "5")...); learnt.last(t)["stuck"] != nil {
		t.Errorf("a training that learns: found %v", learnt.last(t)["stuck"])
	}
	if !strings.Contains(stuck, "learning rate") || !strings.Contains(r.err, "has not learnt") {
		t.Errorf("found %q and %s, expected what to try", stuck, r.err)
	}
}
