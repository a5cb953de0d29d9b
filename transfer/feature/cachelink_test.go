package feature_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/transfer/feature"
)

// TestCacheLink puts symbolic and hard links in place of a feature file: to a file, to
// nothing, and to a complete feature file. Each link is replaced, and its target stays
// unchanged.
func TestCacheLink(t *testing.T) {
	data, _ := sample(t, 30, 10)
	trunk := trunk(t, initial(t, small()))
	dir, elsewhere := t.TempDir(), t.TempDir()
	want := features(t, trunk, data, 0, dir)
	path := filepath.Join(dir, names(t, dir)[0])
	whole, err := os.ReadFile(path)
	must(t, err)
	victim, nothing, other := filepath.Join(elsewhere, "victim"), filepath.Join(elsewhere, "nothing"), filepath.Join(elsewhere, "whole")
	must(t, os.WriteFile(other, whole, 0o644))
	for _, link := range []struct {
		reason, to string
		make       func(to, path string) error
	}{{"to a file", victim, os.Symlink}, {"to nothing", nothing, os.Symlink}, {"to a file of features", other, os.Symlink}, {"hard", victim, os.Link}} {
		for _, memory := range []int64{0, 1} {
			must(t, os.WriteFile(victim, []byte("mine"), 0o644))
			must(t, os.Remove(path))
			if err := link.make(link.to, path); err != nil {
				t.Skip("no links here:", err)
			}
			got := features(t, trunk, data, memory, dir)
			if got.source == feature.Disk || !slices.Equal(got.values, want.values) || len(got.warned) != 1 || !strings.Contains(got.warned[0], path) {
				t.Errorf("%s: found the source %q and warnings %q, expected recomputed features and one that names the file", link.reason, got.source, got.warned)
			}
			if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
				t.Errorf("%s: found %v, %v in the place of the link, expected a file", link.reason, info, err)
			}
			if mine, err := os.ReadFile(victim); err != nil || string(mine) != "mine" {
				t.Errorf("%s: the file it named holds %d other bytes (%v)", link.reason, len(mine), err)
			}
			if found := names(t, elsewhere); !slices.Equal(found, []string{"victim", "whole"}) {
				t.Errorf("%s: found the files %q elsewhere", link.reason, found)
			}
		}
	}
}

// TestCacheInPlaceOf puts a folder in place of a feature file.
func TestCacheInPlaceOf(t *testing.T) {
	data, _ := sample(t, 30, 10)
	trunk := trunk(t, initial(t, small()))
	dir := t.TempDir()
	features(t, trunk, data, 0, dir)
	path := filepath.Join(dir, names(t, dir)[0])
	must(t, os.Remove(path))
	must(t, os.Mkdir(path, 0o755))
	_, err := trunk.Features(t.Context(), data, feature.Options{CacheDir: dir})
	if err == nil || !strings.Contains(err.Error(), path+": found a folder") || strings.Contains(err.Error(), "model") {
		t.Errorf("found the error %v, expected that there is a folder, and no word of a model", err)
	}
}
