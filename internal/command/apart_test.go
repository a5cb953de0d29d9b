package command

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOneFileForTwo names one file by two flags, of which one is written to.
// That is refused before any work, however the file is named.
func TestOneFileForTwo(t *testing.T) {
	from := pretrained()
	t.Chdir(t.TempDir())
	content := readFile(t, from)
	writeFile(t, "net.safetensors", content)
	if err := os.Link("net.safetensors", "hard.safetensors"); err != nil {
		t.Skip("no links here:", err)
	}
	for link, to := range map[string]string{"soft.safetensors": "net.safetensors", "to-none": "none", "to-none-too": "to-none"} {
		if err := os.Symlink(to, link); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	writeFile(t, "report/index.html", nil)
	writeFile(t, "spec.npz", nil)
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	before := files(t, ".")
	for _, test := range []struct {
		args []string
		say  []string
	}{
		{withSmall("train", "--out", "new", "--checkpoint", "new"), []string{"--out", "--checkpoint"}},
		{withSmall("train", "--out", "new", "--checkpoint", "./report/../new"), []string{"--out", "--checkpoint"}},
		{withSmall("train", "--out", "new", "--checkpoint", filepath.Join(cwd, "new")), []string{"--out", "--checkpoint"}},
		{withSmall("train", "--out", "none", "--checkpoint", "to-none-too"), []string{"--out", "--checkpoint"}},
		{withSmall("train", "--out", "hard.safetensors", "--checkpoint", "soft.safetensors"), []string{"--out", "--checkpoint"}},
		{withSmall("train", "--out", "new", "--resume", "new"), []string{"--out", "--resume"}},
		{[]string{"retrain", "--from", "net.safetensors", "--features", "s*.npz", "--out", "spec.npz"}, []string{"--out", "--features"}},
		{[]string{"retrain", "--from", "net.safetensors", "--features", "spec.npz", "--checkpoint", "spec.npz"}, []string{"--checkpoint", "--features"}},
		{withSmall("train", "--out", "new", "--report", "new"), []string{"--out", "--report"}},
		{withSmall("train", "--out", "report/loss.svg", "--report", "report"), []string{"--out", "--report"}},
		{withSmall("train", "--out", "new", "--checkpoint", "report/index.html", "--report", "report"), []string{"--checkpoint", "--report"}},
		{withSmall("retrain", "--from", "net.safetensors", "--checkpoint", "net.safetensors"), []string{"--from", "--checkpoint"}},
		{withSmall("retrain", "--from", "net.safetensors", "--checkpoint", "hard.safetensors"), []string{"--from", "--checkpoint"}},
		{withSmall("retrain", "--from", "net.safetensors", "--checkpoint", "soft.safetensors"), []string{"--from", "--checkpoint"}},
		{withSmall("retrain", "--from", "net.safetensors", "--out", "new", "--checkpoint", "new"), []string{"--out", "--checkpoint"}},
		{withSmall("retrain", "--from", "net.safetensors", "--out", "new", "--cache-dir", "new"), []string{"--out", "--cache-dir"}},
		{[]string{"retrain", "--from", "net.safetensors", "--solver", "lbfgs", "--data", "sample", "--out", "new", "--cache-dir", "new"}, []string{"--out", "--cache-dir"}},
		{[]string{"lr-find", "--data", "sample", "--from", "soft.svg", "--out", "soft.svg"}, []string{"--from", "--out"}},
		{[]string{"explain", "--from", "a.svg", "--graph", "./a.svg"}, []string{"--from", "--graph"}},
		{[]string{"eval", "--data", "sample", "--model", "report/index.html", "--report", "report"}, []string{"--model", "--report"}},
		{[]string{"convert", "net.safetensors", "net.safetensors"}, []string{"IN", "OUT"}},
		{[]string{"convert", "net.safetensors", "soft.safetensors"}, []string{"IN", "OUT"}},
		{[]string{"convert", "net.safetensors", "spec.npz", "--spec", "spec.npz"}, []string{"OUT", "--spec"}},
	} {
		r := mnist(t, test.args...)
		r.refused(t, exitUsage, append(test.say, "found the same file twice")...)
		if found := files(t, "."); found != before || r.out != "" || string(readFile(t, "net.safetensors")) != string(content) {
			t.Errorf("%s: found the files %s, %q on standard output, or the network is changed", r.args, found, r.out)
		}
	}
}
