package atomicfile_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/atomicfile"
)

// TestSameName makes sure that names which the file system tells apart are two,
// and those that it does not are one.
func TestSameName(t *testing.T) {
	folder := t.TempDir()
	small, large := filepath.Join(folder, "net"), filepath.Join(folder, "NET")
	if err := os.WriteFile(small, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := os.Stat(large)
	if found := atomicfile.Same(small, large); found != (err == nil) {
		t.Errorf("when one is there: found one file %v, expected %v", found, err == nil)
	}
	if err := os.Remove(small); err != nil {
		t.Fatal(err)
	}
	if found := atomicfile.Same(small, large); found != (err == nil) {
		t.Errorf("when none is there: found one file %v, expected %v", found, err == nil)
	}
	if atomicfile.Same(small, filepath.Join(folder, "sub", "net")) || atomicfile.Same(small, filepath.Join(folder, "other*")) {
		t.Error("found one file for two")
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestWritableIsTrue asks of many paths whether they can be written, and then
// writes.
func TestWritableIsTrue(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	if err := os.WriteFile("file", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"new": true, "./new": true, "file": true, "file/new": false, "none/new": false, "none/../new": false, "./none/.././file": false,
		strings.Repeat("n", 250): true, strings.Repeat("é", 120): true, strings.Repeat("n", 300): false,
		".": false, "": false, "none/": false, filepath.Join(folder, "absolute"): true,
	} {
		err := atomicfile.Writable(name)
		written := atomicfile.Replace(name, func(w io.Writer) error { _, err := w.Write([]byte("text")); return err })
		if (err == nil) != want || (written == nil) != want {
			t.Errorf("%.40q: found the errors %v and %v, expected none: %t", name, err, written, want)
		}
	}
	if left, err := filepath.Glob(".*"); err != nil || len(left) > 0 {
		t.Errorf("left %q, %v", left, err)
	}
}
