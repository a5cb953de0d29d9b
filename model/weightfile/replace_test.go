package weightfile

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pkg/errors"
)

func TestReplaceKeepsTheOldFileOnError(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "m")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	err := ReplaceFile(path, func(w io.Writer) error {
		w.Write(make([]byte, 1<<20))
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("found %v, expected %v", err, full)
	}
	mustHold(t, folder, "m")
	if data, _ := os.ReadFile(path); string(data) != "old" {
		t.Errorf("found %q, expected the old file", data)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Create(filepath.Join(folder, "probe")); err == nil {
		f.Close()
		os.Remove(f.Name())
		t.Skip("this user, or this file system, writes to read-only folders")
	}
	if err := Write(filepath.Join(folder, "m"), small(t).Network); !errors.Is(err, os.ErrPermission) {
		t.Errorf("found %v, expected os.ErrPermission", err)
	}
	mustHold(t, folder)
}

func TestReplaceSweepsWhatAKilledWriterLeft(t *testing.T) {
	folder := t.TempDir()
	for name, age := range map[string]time.Duration{".m.tmp-old": 2 * time.Hour, ".m.tmp-new": 0, ".n.tmp-old": 2 * time.Hour} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(filepath.Join(folder, "m"), small(t).Network); err != nil {
		t.Fatal(err)
	}
	mustHold(t, folder, ".m.tmp-new", ".n.tmp-old", "m")
}
