//go:build unix

package dataset

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pkg/errors"
)

// TestReadPipe reads a pipe that nobody writes to until the context ends.
func TestReadPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	check(t, syscall.Mkfifo(pipe, 0o600))
	writer, err := os.OpenFile(pipe, os.O_RDWR, 0) // so that reading waits
	check(t, err)
	defer writer.Close()
	ended, stop := context.WithCancel(t.Context())
	stop()
	if _, err := ReadImage(ended, pipe); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, expected that it ends with its context", err)
	}
}
