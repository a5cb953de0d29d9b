package feature_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// TestTruncatedWhileMapped truncates files of features that are in use: to read what
// they had is an error that names the file, not the end of the program.
func TestTruncatedWhileMapped(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this system keeps mapped files from being truncated")
	}
	lost := func(reason string, err error, path string) {
		t.Helper()
		if !errors.Is(err, feature.ErrFile) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: found the error %v, expected an ErrFile that names %s", reason, err, path)
		}
	}
	n := photoNet(t)
	trunk := trunkOf(t, n)
	path := writeShares(t, trunk, photoFolder(t, 40), t.TempDir(), 1)[0]
	s, err := feature.Open(path)
	must(t, err)
	defer s.Close()
	set, _, err := s.Sets("x", n, model.Last(1), dataset.Options{})
	must(t, err)
	known, err := trunk.Features(t.Context(), set, feature.Options{})
	must(t, err)
	last := known.Len() - 1
	dst := make([]float32, len(known.Row(last)))
	must(t, os.Truncate(path, 0))
	lost("a row of a feature file", dataset.Read(known, dst, []int{last}), path)
	for reason, read := range map[string]func(){
		"Set.Row": func() { known.Row(0) }, "Shards.Row": func() { s.Row(0) }, "Shards.Path": func() { s.Path(0) },
		"Shards.Sum": func() { s.Sum(0) }, "Shards.Label": func() { s.Label(0) }, "Set.Seen": func() { set.Seen() },
	} {
		var err error
		func() {
			defer dataset.CatchUnreadable(&err)
			read()
		}()
		lost(reason, err, path)
	}
	_, _, err = s.Sets("x", n, model.Last(1), dataset.Options{})
	lost("Sets", err, path)
	lost("Close", known.Close(), path)

	data, _ := sample(t, 30, 10)
	drawn, err := feature.NewTrunk(smallnet.Of(small(), initial(t, small())), model.Last(2))
	must(t, err)
	defer drawn.Close()
	dir := t.TempDir()
	cached, err := drawn.Features(t.Context(), data, feature.Options{CacheMemory: 1, CacheDir: dir})
	must(t, err)
	path = filepath.Join(dir, names(t, dir)[0])
	must(t, os.Truncate(path, 64))
	dst = make([]float32, 6*7*7)
	lost("a row of a cache file", dataset.Read(cached, dst, []int{29}), path)
	lost("Close of a cache file", cached.Close(), path)
}

// TestChangedWhileMapped changes feature files in use so that no fault tells of it.
// Another file in a file's place is no change.
func TestChangedWhileMapped(t *testing.T) {
	n := photoNet(t)
	trunk := trunkOf(t, n)
	path := writeShares(t, trunk, photoFolder(t, 8), t.TempDir(), 1)[0]
	whole := read(t, path)
	use := func(change func()) error {
		t.Helper()
		s, err := feature.Open(path)
		must(t, err)
		defer s.Close()
		set, _, err := s.Sets("x", n, model.Last(1), dataset.Options{})
		must(t, err)
		known, err := trunk.Features(t.Context(), set, feature.Options{})
		must(t, err)
		change()
		return known.Close()
	}
	must(t, use(func() {}))
	must(t, use(func() {
		other := path + ".new"
		must(t, os.WriteFile(other, whole, 0o644))
		must(t, os.Rename(other, path))
	}))
	for reason, change := range map[string]func(){
		"shorter by a few bytes": func() { must(t, os.Truncate(path, int64(len(whole)-10))) },
		"the same length":        func() { must(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Second))) },
	} {
		if err := use(change); !errors.Is(err, feature.ErrFile) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: found the error %v, expected an ErrFile that names %s", reason, err, path)
		}
		must(t, os.WriteFile(path, whole, 0o644))
	}
}
