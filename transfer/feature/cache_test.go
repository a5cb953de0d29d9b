package feature_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// temporary gives the test its own folder for temporary files and fails the test if one
// is left at the end.
func temporary(t *testing.T) {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("TMP", folder) // Windows
	t.Cleanup(func() {
		if found := names(t, folder); len(found) > 0 {
			t.Errorf("found temporary files %q left, expected none", found)
		}
	})
}

// names returns the names of a folder's entries.
func names(t testing.TB, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// trunk returns the trunk of small below its dense layers: 1,176 bytes per example.
func trunk(t testing.TB, w *model.Weights) *feature.Trunk {
	t.Helper()
	trunk, err := feature.NewTrunk(smallnet.Of(small(), w), model.Last(2))
	must(t, err)
	t.Cleanup(func() { must(t, trunk.Close()) })
	return trunk
}

// made is the result of one call of Features.
type made struct {
	values []float32
	source feature.Source
	passes int // calls of Progress: none if nothing was computed
	warned []string
}

// features computes features, copies them and closes them.
func features(t testing.TB, trunk *feature.Trunk, data dataset.Examples, memory int64, dir string) made {
	t.Helper()
	var m made
	f, err := trunk.Features(t.Context(), data, feature.Options{
		CacheMemory: memory, CacheDir: dir,
		Warn:     func(message string) { m.warned = append(m.warned, message) },
		Progress: func(done, of int) { m.passes++ },
	})
	if err != nil {
		t.Error(err) // also called in goroutines, which must not call Fatal
		return m
	}
	m.source = f.Source
	for i := range f.Len() {
		m.values = append(m.values, f.Row(i)...)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	return m
}

// TestFeaturesAreTheSameEverywhere makes sure that features have the same bits in
// memory, mapped, and read from the disk either way, and that features read from the
// disk are not computed again.
func TestFeaturesAreTheSameEverywhere(t *testing.T) {
	temporary(t)
	data, _ := sample(t, 300, 10)
	trunk := trunk(t, initial(t, small()))
	a, b := filepath.Join(t.TempDir(), "not", "there", "yet"), t.TempDir()
	const bytes = 300 * 6 * 7 * 7 * 4
	want := features(t, trunk, data, 0, "")
	for _, test := range []struct {
		reason string
		memory int64
		dir    string
		source feature.Source
		passes int
	}{
		{"just fits", bytes, "", feature.Memory, 2},
		{"a byte too much", bytes - 1, "", feature.Mapped, 2},
		{"fits, and is kept", bytes, a, feature.Memory, 2},
		{"kept by the run before, fits", bytes, a, feature.Disk, 0},
		{"kept by the run before, does not fit", 1, a, feature.Disk, 0},
		{"does not fit, and is kept", 1, b, feature.Mapped, 2},
		{"kept mapped by the run before", 0, b, feature.Disk, 0},
	} {
		got := features(t, trunk, data, test.memory, test.dir)
		if got.source != test.source || got.passes != test.passes || len(got.warned) > 0 {
			t.Errorf("%s: found source %q after %d passes, warnings %q; expected %q after %d", test.reason, got.source, got.passes, got.warned, test.source, test.passes)
		}
		if !slices.Equal(got.values, want.values) {
			t.Errorf("%s: the features differ", test.reason)
		}
	}
	if len(names(t, a)) != 1 || !slices.Equal(names(t, a), names(t, b)) {
		t.Errorf("found files %q and %q, expected the same one", names(t, a), names(t, b))
	}
}

// TestCacheAtOnce makes sure that many users of one folder do not interfere with each
// other, whether they read, write or map.
func TestCacheAtOnce(t *testing.T) {
	temporary(t)
	data, _ := sample(t, 300, 10)
	dir := t.TempDir()
	w := initial(t, small())
	want := features(t, trunk(t, w), data, 0, "")
	var wait sync.WaitGroup
	for i := range 8 {
		trunk := trunk(t, w.Clone())
		wait.Go(func() {
			for range 3 {
				got := features(t, trunk, data, int64(i%2), dir) // 0: memory, 1: mapped
				if !slices.Equal(got.values, want.values) || len(got.warned) > 0 {
					t.Errorf("user %d: found other features, or warnings %q", i, got.warned)
				}
			}
		})
	}
	wait.Wait()
	if found := names(t, dir); len(found) != 1 {
		t.Errorf("found files %q, expected one", found)
	}
}

// TestCacheCancelled makes sure that a cancelled pass leaves nothing behind, neither in
// the temporary files nor in the folder.
func TestCacheCancelled(t *testing.T) {
	temporary(t)
	data, _ := sample(t, 300, 10)
	for _, dir := range []string{"", t.TempDir()} {
		for _, memory := range []int64{0, 1} {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := trunk(t, initial(t, small())).Features(ctx, data, feature.Options{
				CacheMemory: memory, CacheDir: dir, Progress: func(int, int) { cancel() }})
			if errors.Cause(err) != context.Canceled {
				t.Errorf("%d bytes, folder %q: found error %v, expected context.Canceled", memory, dir, err)
			}
			if dir != "" && len(names(t, dir)) > 0 {
				t.Errorf("%d bytes: found files %q left", memory, names(t, dir))
			}
		}
	}
}
