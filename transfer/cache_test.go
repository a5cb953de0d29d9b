package transfer_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// temporary gives the test a folder of its own for temporary files, and fails
// it if one is left at the end.
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

// names returns the names of what is in a folder.
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

// trunk returns the trunk of small below its dense layers: 1,176 bytes an
// example.
func trunk(t testing.TB, w *model.Weights) *transfer.Trunk {
	t.Helper()
	trunk, err := transfer.NewTrunk(small(), w, model.Last(2))
	must(t, err)
	t.Cleanup(func() { must(t, trunk.Close()) })
	return trunk
}

// made is what one call of Features did.
type made struct {
	values []float32
	source transfer.Source
	passes int // calls of Progress: none when nothing was computed
	warned []string
}

// features makes features, copies them and closes them.
func features(t testing.TB, trunk *transfer.Trunk, data dataset.Examples, memory int64, dir string) made {
	t.Helper()
	var m made
	f, err := trunk.Features(t.Context(), data, transfer.FeatureOptions{
		CacheMemory: memory, CacheDir: dir,
		Warn:     func(message string) { m.warned = append(m.warned, message) },
		Progress: func(done, of int) { m.passes++ },
	})
	if err != nil {
		t.Error(err) // also called by goroutines, which may not end the test
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

// TestFeaturesAreTheSameEverywhere makes sure that features have the same bits
// in memory, mapped, and read from the disk either way, and that those that
// are read are not computed.
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
		source transfer.Source
		passes int
	}{
		{"just fits", bytes, "", transfer.Memory, 2},
		{"a byte too much", bytes - 1, "", transfer.Mapped, 2},
		{"fits, and is kept", bytes, a, transfer.Memory, 2},
		{"kept by the run before, fits", bytes, a, transfer.Disk, 0},
		{"kept by the run before, does not fit", 1, a, transfer.Disk, 0},
		{"does not fit, and is kept", 1, b, transfer.Mapped, 2},
		{"kept mapped by the run before", 0, b, transfer.Disk, 0},
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

// TestRetrainIsTheSameFromEverywhere makes sure of the same for what is
// trained on them, and that Evaluate agrees with the whole network.
func TestRetrainIsTheSameFromEverywhere(t *testing.T) {
	temporary(t)
	data, validation := sample(t, 150, 40)
	dir := t.TempDir()
	var want *model.Weights
	for _, test := range []struct {
		reason string
		memory int64
		dir    string
		source transfer.Source
	}{
		{"memory", 0, "", transfer.Memory},
		{"mapped", 1, "", transfer.Mapped},
		{"validation mapped", 150 * 6 * 7 * 7 * 4, "", transfer.Memory},
		{"kept", 0, dir, transfer.Memory},
		{"from disk", 0, dir, transfer.Disk},
		{"mapped from disk", 1, dir, transfer.Disk},
	} {
		passes := 0
		opt := transfer.Options{Select: model.Last(2), CacheMemory: test.memory, CacheDir: test.dir,
			Progress: func(int, int) { passes++ }, Warn: func(message string) { t.Errorf("%s: %s", test.reason, message) },
			Train: train.Options{Epochs: 2, Validation: validation, Patience: 2}}
		w, result := retrain(t, small(), data, opt)
		if want == nil {
			want = w
		}
		if d := difference(w, want); d != 0 {
			t.Errorf("%s: the weights differ by %g, expected the same", test.reason, d)
		}
		if result.Features != test.source || (passes == 0) != (test.source == transfer.Disk) {
			t.Errorf("%s: found features from %q after %d passes, expected %q", test.reason, result.Features, passes, test.source)
		}
		passes = 0
		metrics, err := transfer.Evaluate(t.Context(), small(), w, validation, opt)
		must(t, err)
		opt.NoCache = true
		whole, err := transfer.Evaluate(t.Context(), small(), w, validation, opt)
		must(t, err)
		if metrics.Loss != whole.Loss || metrics.Correct != whole.Correct || metrics.Examples != 40 || passes != 0 {
			t.Errorf("%s: found %+v after %d passes, of the whole network %+v", test.reason, metrics, passes, whole)
		}
	}
}

// TestCacheAtOnce makes sure that many users of one folder do not harm each
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

// TestCacheCancelled makes sure that a pass that is cancelled leaves nothing,
// neither among the temporary files nor in the folder.
func TestCacheCancelled(t *testing.T) {
	temporary(t)
	data, _ := sample(t, 300, 10)
	for _, dir := range []string{"", t.TempDir()} {
		for _, memory := range []int64{0, 1} {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := trunk(t, initial(t, small())).Features(ctx, data, transfer.FeatureOptions{
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
