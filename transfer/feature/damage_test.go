package feature_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// TestCacheDamaged makes sure that a feature file that was truncated, extended or has a
// flipped bit anywhere is detected, reported and recomputed, and that training never
// sees it.
func TestCacheDamaged(t *testing.T) {
	data, _ := sample(t, 300, 10)
	trunk := trunk(t, initial(t, small()))
	dir := t.TempDir()
	want := features(t, trunk, data, 0, dir)
	path := filepath.Join(dir, names(t, dir)[0])
	good, err := os.ReadFile(path)
	must(t, err)
	type damage struct {
		reason string
		do     func() error
	}
	var damages []damage
	n := len(good)
	for place, offset := range map[string]int{
		"magic": 0, "key": 16, "rows": 48, "numbers a row": 63, "first value": 64, "end of the first piece": 64 + 250*1176 - 1,
		"second piece": 64 + 250*1176, "last value": n - 33, "digest": n - 32, "last byte": n - 1,
	} {
		damages = append(damages, damage{"a bit flipped: " + place, func() error {
			bad := bytes.Clone(good)
			bad[offset] ^= 1
			return os.WriteFile(path, bad, 0o644)
		}})
	}
	for _, size := range []int64{0, 10, 64, int64(n) - 1, int64(n) + 1, 1 << 40} { // the last one is sparse
		damages = append(damages, damage{"of another length", func() error { return os.Truncate(path, size) }})
	}
	damages = append(damages, damage{"zeros", func() error { return os.WriteFile(path, make([]byte, n), 0o644) }})
	for i, d := range damages {
		for _, memory := range []int64{0, 1} {
			must(t, os.WriteFile(path, good, 0o644))
			if err := d.do(); err != nil {
				t.Logf("%s (%d): cannot be done here: %v", d.reason, i, err)
				continue
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := features(t, trunk, data, memory, dir)
			runtime.ReadMemStats(&after)
			if got.source == feature.Disk || got.passes != 2 || !slices.Equal(got.values, want.values) {
				t.Errorf("%s (%d): found source %q after %d passes, expected recomputed features", d.reason, i, got.source, got.passes)
			}
			if len(got.warned) != 1 || !strings.Contains(got.warned[0], path+": recomputed") {
				t.Errorf("%s (%d): found warnings %q, expected one that names the file", d.reason, i, got.warned)
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 16<<20 {
				t.Errorf("%s (%d): found %d bytes allocated", d.reason, i, taken)
			}
			if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, good) {
				t.Errorf("%s (%d): the file is not as it was (%v)", d.reason, i, err)
			}
			if found := names(t, dir); len(found) != 1 {
				t.Errorf("%s (%d): found files %q, expected one", d.reason, i, found)
			}
		}
	}
}

// TestCacheOfAnother makes sure that a complete file under the wrong name is not used.
func TestCacheOfAnother(t *testing.T) {
	data, other := sample(t, 30, 30)
	trunk := trunk(t, initial(t, small()))
	dir, otherDir := t.TempDir(), t.TempDir()
	want := features(t, trunk, data, 0, dir)
	features(t, trunk, other, 0, otherDir)
	from, err := os.ReadFile(filepath.Join(otherDir, names(t, otherDir)[0]))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, names(t, dir)[0]), from, 0o644))
	got := features(t, trunk, data, 0, dir)
	if got.source != feature.Memory || len(got.warned) != 1 || !slices.Equal(got.values, want.values) {
		t.Errorf("found source %q and warnings %q, expected one warning and features computed anew", got.source, got.warned)
	}
}

// TestCacheRefuses makes sure that invalid options give an error that names the
// problem.
func TestCacheRefuses(t *testing.T) {
	data, _ := sample(t, 30, 10)
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	occupied := t.TempDir()
	features(t, trunk(t, initial(t, small())), data, 0, occupied)
	name := filepath.Join(occupied, names(t, occupied)[0])
	must(t, os.Remove(name))
	must(t, os.Mkdir(name, 0o755))
	for _, test := range []struct {
		reason string
		opt    transfer.Options
		cause  error // nil: any
		word   string
	}{
		{"less than no memory", transfer.Options{CacheMemory: -1}, feature.ErrCache, "-1 bytes"},
		{"a file for a folder", transfer.Options{CacheDir: file}, nil, file},
		{"a folder for the file", transfer.Options{CacheDir: occupied}, nil, name},
	} {
		for _, noisy := range []bool{false, true} {
			opt := test.opt
			opt.Select, opt.Solver, opt.Train = model.Last(2), train.NewSGD(0.1), train.Options{Epochs: 1}
			if noisy {
				opt.Warn = func(string) {}
			}
			_, err := transfer.Retrain(t.Context(), smallnet.Of(small(), initial(t, small())), data, opt)
			if err == nil || test.cause != nil && errors.Cause(err) != test.cause || !strings.Contains(err.Error(), test.word) {
				t.Errorf("%s: found error %v", test.reason, err)
			}
		}
	}
	_, err := trunk(t, initial(t, small())).Features(t.Context(), hashless{data}, feature.Options{CacheDir: t.TempDir()})
	if errors.Cause(err) != feature.ErrCache || !strings.Contains(err.Error(), "feature_test.hashless") {
		t.Errorf("examples without a hash: found error %v", err)
	}
}

// hashless are examples without a hash to find them by.
type hashless struct{ dataset.Examples }

// TestCacheReadOnly makes sure that a read-only folder serves the features it has, and
// gives an error with its name for the others.
func TestCacheReadOnly(t *testing.T) {
	data, other := sample(t, 30, 30)
	trunk := trunk(t, initial(t, small()))
	dir := t.TempDir()
	want := features(t, trunk, data, 0, dir)
	must(t, os.Chmod(dir, 0o500))
	t.Cleanup(func() { must(t, os.Chmod(dir, 0o700)) })
	if os.WriteFile(filepath.Join(dir, "probe"), nil, 0o644) == nil {
		must(t, os.Remove(filepath.Join(dir, "probe")))
		t.Skip("this user, or this file system, writes to read-only folders")
	}
	if got := features(t, trunk, data, 0, dir); got.source != feature.Disk || !slices.Equal(got.values, want.values) {
		t.Errorf("found source %q, expected the features that are there", got.source)
	}
	for _, memory := range []int64{0, 1} {
		_, err := trunk.Features(t.Context(), other, feature.Options{CacheMemory: memory, CacheDir: dir, Progress: func(int, int) { t.Error("found features computed that cannot be kept") }})
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), dir) {
			t.Errorf("found error %v, expected one that names %s", err, dir)
		}
	}
}

// TestFeaturesAllocate makes sure that a batch of features allocates no memory.
func TestFeaturesAllocate(t *testing.T) {
	data, _ := sample(t, 30, 10)
	f, err := trunk(t, initial(t, small())).Features(t.Context(), data, feature.Options{})
	must(t, err)
	defer f.Close()
	dst, indices := make([]float32, 3*6*7*7), []int{2, 0, 29}
	if n := testing.AllocsPerRun(10, func() { f.Gather(dst, indices) }); n != 0 {
		t.Errorf("found %v allocations a batch, expected none", n)
	}
}
