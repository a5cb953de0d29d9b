package feature_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// TestGoesOn interrupts passes and runs them again. They continue where they stopped,
// damaged parts are recomputed, and the features equal those of an uninterrupted run.
func TestGoesOn(t *testing.T) {
	temporary(t)
	defer feature.KeepParts()()
	w, err := model.Init(small(), rand.New(rand.NewPCG(1, 2)))
	must(t, err)
	trunk := trunk(t, w)
	data, _, err := dataset.Open("sample", dataset.Options{})
	must(t, err)
	want := features(t, trunk, data, 0, "")
	for _, test := range []struct {
		name    string
		memory  int64
		damage  func(parts []string) // of the folder
		from    int                  // example from which the second run continues
		already bool                 // expects a warning that features are there
	}{
		{"in memory", 0, nil, 1000, true},
		{"mapped", 1, nil, 1000, true},
		{"damaged", 0, func(parts []string) { flip(t, parts[2]) }, 500, true},
		{"the first is gone", 0, func(parts []string) { must(t, os.Remove(parts[0])) }, 0, false},
		{"cut", 0, func(parts []string) { must(t, os.Truncate(parts[1], 1000)) }, 250, true},
		{"of another pass", 0, func(parts []string) { must(t, os.Rename(parts[2], parts[1])) }, 250, true},
	} {
		dir := filepath.Join(t.TempDir(), "cache")
		ctx, stop := context.WithCancel(t.Context())
		_, err := trunk.Features(ctx, data, feature.Options{CacheMemory: test.memory, CacheDir: dir, Progress: func(done, _ int) {
			if done == 1000 {
				stop()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: found error %v, expected that it was interrupted", test.name, err)
		}
		var parts []string
		for _, name := range names(t, dir) {
			parts = append(parts, filepath.Join(dir, name))
		}
		if len(parts) != 4 {
			t.Fatalf("%s: found %q, expected four parts of 250 examples", test.name, parts)
		}
		if test.damage != nil {
			test.damage(parts)
		}
		first, said := -1, ""
		f, err := trunk.Features(t.Context(), data, feature.Options{CacheMemory: test.memory, CacheDir: dir, Warn: func(m string) { said += m }, Progress: func(done, of int) {
			if first < 0 {
				first = done - 250
			}
			if of != data.Len() {
				t.Errorf("%s: found %d of %d examples", test.name, done, of)
			}
		}})
		must(t, err)
		if first != test.from || strings.Contains(said, "from a run that did not end") != test.already {
			t.Errorf("%s: went on at %d and said %q, expected %d", test.name, first, said, test.from)
		}
		var got []float32
		for i := range f.Len() {
			got = append(got, f.Row(i)...)
		}
		must(t, f.Close())
		if !slices.Equal(got, want.values) {
			t.Errorf("%s: found other features than without a break", test.name)
		}
		if left := names(t, dir); len(left) != 1 || !strings.HasSuffix(left[0], ".features") {
			t.Errorf("%s: found %q, expected the cache file alone", test.name, left)
		}
	}
}

// flip changes a bit in the middle of a file.
func flip(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	content[len(content)/2] ^= 1
	must(t, os.WriteFile(path, content, 0o600))
}
