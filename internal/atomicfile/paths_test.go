package atomicfile_test

import (
	"os"
	"path/filepath"
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
