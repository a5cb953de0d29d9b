package dataset

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

// TestReadImage reads a file, and an open reader that says nothing until the context
// ends.
func TestReadImage(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image.png")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if img, err := ReadImage(t.Context(), path); err != nil || img.Bounds().Dx() != 3 {
		t.Errorf("found %v, %v, expected an image 3 wide", img, err)
	}
	if img, err := ReadImageFrom(t.Context(), &file, "-"); err != nil || img.Bounds().Dy() != 2 {
		t.Errorf("found %v, %v, expected an image 2 high", img, err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var width int
	use := func(img image.Image) error { width = img.Bounds().Dx(); return nil }
	if err := UseImageFrom(t.Context(), bytes.NewReader(content), "-", use); err != nil || width != 3 {
		t.Errorf("found %v, a width of %d, expected 3", err, width)
	}
	if err := UseImageFrom(t.Context(), bytes.NewReader(content[:40]), "half.png", use); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "half.png") {
		t.Errorf("half a file: found %v, expected that half.png is damaged", err)
	}
	if _, err := ReadImage(t.Context(), path+".none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("found %v, expected that there is no such file", err)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	silent, end := io.Pipe()
	defer end.Close()
	if _, err := ReadImageFrom(ended, silent, "-"); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader: found %v, expected that it ends with its context", err)
	}
}
