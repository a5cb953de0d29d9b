package command

import (
	"regexp"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	t.Chdir(t.TempDir())
	r := ok(t, "demo", "--data", "sample", "--epochs", "1")
	for _, word := range []string{
		"made by: ", "frozen (constant)", "trained (variable)", "Grad(loss, net.Trainable()...)", "1000 real digits", "epoch 1/1",
		"accuracy on 250 test digits", "before", "after", "fc1/W    trained", "fc2/b    trained", "frozen weights bit-identical: true",
	} {
		if !strings.Contains(r.out, word) {
			t.Errorf("found no %q", word)
		}
	}
	hashes := regexp.MustCompile(`(?m)^conv[12]/[Wb] +frozen: sha256 ([0-9a-f]{16})… before, ([0-9a-f]{16})… after$`).FindAllStringSubmatch(r.out, -1)
	for _, h := range hashes {
		if h[1] != h[2] {
			t.Errorf("found %s", h[0])
		}
	}
	if len(hashes) != 4 {
		t.Errorf("found the hashes of %d frozen weights, expected 4", len(hashes))
	}
	if t.Failed() {
		t.Log(r.out)
	}
	if found := files(t, "."); found != "" {
		t.Errorf("left the files %s", found)
	}
}

func TestDemoPretrains(t *testing.T) {
	slow(t)
	r := ok(t, "demo", "--pretrain", "--data", "sample", "--epochs", "1", "--json", "--quiet")
	lines := r.objects(t)
	if len(lines) != 3 || r.err != "" {
		t.Fatalf("found %d lines and %q, expected an epoch of each training and a last line", len(lines), r.err)
	}
	epochKinds.check(t, lines[0])
	epochKinds.check(t, lines[1])
	doneKinds.check(t, lines[2])
	retrainKinds.check(t, lines[2])
	if done := lines[2]; list(done["frozen"]) != "conv1/W conv1/b conv2/W conv2/b" || list(done["trained"]) != "fc1/W fc1/b fc2/W fc2/b" || done["frozen_identical"] != true {
		t.Errorf("found %v", done)
	}
}

// TestAlone runs the program in an empty folder and an empty environment: it
// needs nothing beside it.
func TestAlone(t *testing.T) {
	slow(t)
	cmd := program(t, "demo", "--data", "sample", "--epochs", "1", "--json", "--quiet")
	cmd.Dir, cmd.Env = t.TempDir(), []string{asProgram + "=1", "PATH=", "HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"frozen_identical":true`) {
		t.Errorf("%v: found %s", err, out)
	}
	if found := files(t, cmd.Dir); found != "" {
		t.Errorf("left the files %s", found)
	}
}
