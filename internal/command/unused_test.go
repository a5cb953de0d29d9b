package command

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
)

// TestUnusedFiles counts the files of a folder that are not images, and those that
// cannot be read, of which --quiet hides none when the command fails for them.
func TestUnusedFiles(t *testing.T) {
	slow(t)
	folder := imageFolder(t)
	const bad = dataset.BadFilesNamed + 2
	for i := range bad {
		writeFile(t, filepath.Join(folder, "one", fmt.Sprint("bad", i, ".png")), []byte("no image"))
	}
	for i := range 3 {
		writeFile(t, filepath.Join(folder, "nought", fmt.Sprint("notes", i, ".txt")), []byte("notes"))
	}
	t.Chdir(t.TempDir())
	refused := mnist(t, "train", "--data", folder, "--epochs", "1", "--quiet")
	for i := range bad {
		if name := fmt.Sprint("bad", i, ".png"); refused.status != exitFailed || !strings.Contains(refused.err, name) {
			t.Errorf("status %d: %s is not named in %s", refused.status, name, refused.err)
		}
	}
	data := []string{"--data", folder, "--skip-bad", "--quiet", "--json"}
	for _, args := range [][]string{
		{"train", "--epochs", "1", "--out", "m"},
		{"retrain", "--from", "m", "--epochs", "1", "--out", "n"},
		{"retrain", "--from", "m", "--solver", "lbfgs", "--iterations", "2", "--repeats", "2", "--out", "o"},
		{"eval", "--model", "m"},
		{"features", "--model", "m", "--out", "f.csv"},
	} {
		r := ok(t, slices.Concat(args, data)...)
		if last := r.last(t); last["bad_files"] != float64(bad) || last["other_files"] != 3.0 || len(last["skipped"].([]any)) != bad {
			t.Errorf("%s: found %v, expected %d bad files and 3 others", r.args, last, bad)
		}
	}
	r := mnist(t, "predict", "--model", "m", "--json", "--quiet", folder)
	if last := r.last(t); r.status != exitFailed || last["done"] != true || last["answered"] != 20.0 || last["bad_files"] != float64(bad) || last["other_files"] != 3.0 {
		t.Errorf("found status %d and %v", r.status, last)
	}
}
