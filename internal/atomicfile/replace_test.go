package atomicfile

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/pkg/errors"
)

// TestNothingLeft lets the writer fail in each way: the old file is there, and
// nothing beside it.
func TestNothingLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(io.Writer) error{
		"none":     nil,
		"an error": func(w io.Writer) error { return errors.New("disk full") },
		"a panic":  func(w io.Writer) error { panic("a bug") },
	} {
		func() {
			defer func() {
				if p := recover(); (p != nil) != (name == "a panic") {
					t.Errorf("%s: found the panic %v", name, p)
				}
			}()
			if err := Replace(path, write); err == nil {
				t.Errorf("%s: found no error", name)
			}
		}()
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(entries) != 1 {
			t.Errorf("%s: found the files %v (%v), expected one", name, entries, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
			t.Errorf("%s: found %q (%v)", name, text, err)
		}
	}
}
