package dataset

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/pkg/errors"
)

func TestOpenNamesWhatThereIs(t *testing.T) {
	_, _, err := Open("no/such/folder", Options{})
	wantErr(t, err, ErrNotFound, "no/such/folder", "mnist", "sample", "folder")
	_, _, err = Open(t.TempDir(), Options{})
	wantErr(t, err, ErrNotFound, "neither IDX files nor sub-folders", "train-images-idx3-ubyte")
}

func TestContextEndsOpen(t *testing.T) {
	dir := t.TempDir()
	for _, class := range []string{"a", "b"} {
		writeFile(t, filepath.Join(dir, class, "1.png"), nil)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Open(dir, Options{Context: ctx}); !errors.Is(err, context.Canceled) {
		t.Errorf("found error %v", err)
	}
}
