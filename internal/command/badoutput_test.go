package command

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadOutput names output files that cannot be written: that must be told
// before the training.
func TestBadOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "file", []byte("something"))
	writeFile(t, "folder/kept", []byte("something"))
	for _, out := range []string{
		"none/out.safetensors", "folder", "folder/", ".", "file/out.safetensors", "file/", "/dev/null", "/proc/out.safetensors",
	} {
		for _, args := range [][]string{withSmall("train", "--out", out), withSmall("retrain", "--from", pretrained(), "--out", out)} {
			r := mnist(t, args...)
			r.refused(t, exitFailed, strings.TrimSuffix(out, "/"))
			if r.out != "" {
				t.Errorf("%s: found %q on standard output, expected no training", r.args, r.out)
			}
		}
	}
	if found := files(t, ".") + ": " + files(t, "folder"); found != "file folder: kept" || string(readFile(t, "file")) != "something" {
		t.Errorf("found the files %s", found)
	}
}

// TestOldOutput lets trainings that fail or succeed write over a file.
func TestOldOutput(t *testing.T) {
	slow(t)
	t.Chdir(t.TempDir())
	writeFile(t, "old.safetensors", []byte("old"))
	for _, more := range [][]string{{"--lr", "0"}, {"--limit", "100000"}, {"--data", "none"}} {
		if r := mnist(t, withSmall("train", append(more, "--out", "old.safetensors")...)...); r.status == exitDone || string(readFile(t, "old.safetensors")) != "old" {
			t.Errorf("%s: exit status %d, or it changed the old file", r.args, r.status)
		}
	}
	ok(t, withSmall("train", "--quiet", "--out", "old.safetensors")...)
	// A network may be retrained into its own file, and through a link.
	if err := os.Symlink("old.safetensors", "link.safetensors"); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	before := readFile(t, "old.safetensors")
	ok(t, withSmall("retrain", "--quiet", "--from", "link.safetensors", "--out", "link.safetensors")...)
	if bytes.Equal(before, readFile(t, "old.safetensors")) {
		t.Error("the file that the link names is as it was")
	}
	if info, err := os.Lstat("link.safetensors"); err != nil || info.Mode().IsRegular() || files(t, ".") != "link.safetensors old.safetensors" {
		t.Errorf("found %s, and in the place of the link %v, %v", files(t, "."), info, err)
	}
}

// TestDiverged trains at a learning rate that no network survives.
func TestDiverged(t *testing.T) {
	t.Chdir(t.TempDir())
	diverge := withSmall("train", "--quiet", "--lr", "1e30", "--batch", "4", "--json", "--out", "out")
	mnist(t, diverge...).refused(t, exitFailed, "step ", "learning rate")
	if found := files(t, "."); found != "" {
		t.Errorf("left the files %s", found)
	}
	writeFile(t, "out", []byte("old"))
	mnist(t, diverge...).refused(t, exitFailed, "step ", "learning rate")
	if files(t, ".") != "out" || string(readFile(t, "out")) != "old" {
		t.Errorf("found the files %s, or the old one changed", files(t, "."))
	}
}

// broken is a writer whose disk is full.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestResultsThatGoNowhere(t *testing.T) {
	images, _ := digits(t, 1)
	drawing := filepath.Join(t.TempDir(), "zero.png")
	writeFile(t, drawing, encoded(t, onPaper(images[0], 1, 0, black, white), ".png"))
	for _, args := range [][]string{{"predict", "--model", pretrained(), drawing}, {"predict", "--json", "--model", pretrained(), drawing}, {"--help"}} {
		var err bytes.Buffer
		status := Run(MNIST, args, broken{}, &err)
		ran{args[0], status, "", err.String()}.refused(t, exitFailed, "disk full")
	}
}
