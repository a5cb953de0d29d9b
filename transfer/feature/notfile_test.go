//go:build unix

package feature_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// TestPartThatIsNoFile puts a pipe, and a folder, in place of a part. The result is an
// error with its name, not a wait for someone to write to the pipe.
func TestPartThatIsNoFile(t *testing.T) {
	defer feature.KeepParts()()
	trunk := trunk(t, initial(t, small()))
	data, _, err := dataset.Open("sample", dataset.Options{})
	must(t, err)
	for name, put := range map[string]func(path string) error{
		"a pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a folder": func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		dir := t.TempDir()
		ctx, stop := context.WithCancel(t.Context())
		_, err := trunk.Features(ctx, data, feature.Options{CacheDir: dir, Progress: func(done, _ int) {
			if done == 500 {
				stop()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("found error %v, expected that the pass was interrupted", err)
		}
		part := filepath.Join(dir, names(t, dir)[0])
		must(t, os.Remove(part))
		if err := put(part); err != nil {
			t.Skip("cannot make", name, err)
		}
		if _, err := trunk.Features(t.Context(), data, feature.Options{CacheDir: dir}); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: found error %v, expected one that names %s", name, err, part)
		}
		if left := names(t, dir); len(left) != 2 {
			t.Errorf("%s: found %q, expected what was there", name, left)
		}
	}
}
