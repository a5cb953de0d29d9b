package feature_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// TestWriteShareGoesOn interrupts a share and continues it. The file equals that of an
// uninterrupted run.
func TestWriteShareGoesOn(t *testing.T) {
	folder, dir := photoFolder(t, 150), t.TempDir()
	trunk := trunkOf(t, photoNet(t))
	shard := feature.Shard{Index: 1, Of: 1}
	want := writeShares(t, trunk, folder, t.TempDir(), 1)[0]
	path := filepath.Join(dir, "part.features")
	ctx, stop := context.WithCancel(t.Context())
	_, err := trunk.WriteShare(ctx, path, folder, shard, dataset.Options{Checked: func(done, of int) {
		if done < of {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("found the error %v, expected that of the context", err)
	}
	if found := names(t, dir); len(found) != 1 || !strings.Contains(found[0], ".kept-") {
		t.Errorf("found the files %q, expected one of features that are kept", found)
	} else if _, err := feature.Open(filepath.Join(dir, found[0])); !errors.Is(err, feature.ErrShard) || !strings.Contains(err.Error(), "has not ended") {
		t.Errorf("opened what an interrupted run has kept: found the error %v, expected an ErrShard", err)
	}
	// The first photo of the saved features has changed; it is changed back later.
	first := filepath.Join(folder, "a", "00.png")
	before, err := os.ReadFile(first)
	must(t, err)
	writePhoto(t, first, 77)
	ctx, stop = context.WithCancel(t.Context())
	_, err = trunk.WriteShare(ctx, path, folder, shard, dataset.Options{Checked: func(done, of int) { stop() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("found the error %v, expected that of the context", err)
	}
	must(t, os.WriteFile(first, before, 0o644))
	r, err := trunk.WriteShare(t.Context(), path, folder, shard, dataset.Options{})
	must(t, err)
	if r.Earlier < 64 || r.Earlier >= 150 || r.Images != 150 || r.Of != 151 {
		t.Errorf("found %+v, expected at least the 64 images of the first batch from an earlier run, and 150 of 151 files in all", r)
	}
	if !bytes.Equal(read(t, path), read(t, want)) {
		t.Error("found another file than that of a run without a break")
	}
	if found := names(t, dir); len(found) != 1 {
		t.Errorf("found the files %q, expected one", found)
	}
}

// TestWriteShareBadFiles runs over a folder with a damaged photo.
func TestWriteShareBadFiles(t *testing.T) {
	folder, dir := photoFolder(t, 20), t.TempDir()
	bad := filepath.Join(folder, "b", "bad.png")
	must(t, os.WriteFile(bad, read(t, filepath.Join(folder, "b", "01.png"))[:60], 0o644))
	trunk, shard, path := trunkOf(t, photoNet(t)), feature.Shard{Index: 1, Of: 1}, filepath.Join(dir, "part.features")
	var files *dataset.BadFiles
	_, err := trunk.WriteShare(t.Context(), path, folder, shard, dataset.Options{})
	if !errors.As(err, &files) || !slices.Equal(files.Paths, []string{bad}) || files.Of != 21 {
		t.Errorf("found the error %v, expected one that names %s alone, of 21", err, bad)
	}
	files = nil
	r, err := trunk.WriteShare(t.Context(), path, folder, shard, dataset.Options{SkipBad: true, Skipped: func(b *dataset.BadFiles) { files = b }})
	must(t, err)
	if files == nil || len(files.Paths) != 1 || r.Images != 20 || r.Earlier != 20 {
		t.Errorf("found %+v and the bad files %v, expected 20 images from the run before, and one bad file", r, files)
	}
}

// TestWriteShareBadName runs over a folder with a photo whose name is not UTF-8, and with
// a file of such a name that is no photo.
func TestWriteShareBadName(t *testing.T) {
	folder := photoFolder(t, 20)
	bad := filepath.Join(folder, "b", "caf\xe9\n.png")
	if err := os.WriteFile(bad, read(t, filepath.Join(folder, "b", "01.png")), 0o644); err != nil {
		t.Skip("no such names here:", err)
	}
	must(t, os.WriteFile(filepath.Join(folder, "b", "\xff.txt"), []byte("none"), 0o644))
	trunk, shard, path := trunkOf(t, photoNet(t)), feature.Shard{Index: 1, Of: 1}, filepath.Join(t.TempDir(), "part.features")
	_, err := trunk.WriteShare(t.Context(), path, folder, shard, dataset.Options{})
	var files *dataset.BadFiles
	if !errors.As(err, &files) || !slices.Equal(files.Paths, []string{bad}) || !strings.Contains(err.Error(), `caf\xe9\n.png: name: `) {
		t.Errorf("found the error %v, expected one that names %q alone, escaped", err, bad)
	}
	others := 0
	r, err := trunk.WriteShare(t.Context(), path, folder, shard, dataset.Options{SkipBad: true, NotImages: func(n int) { others = n }, Skipped: func(b *dataset.BadFiles) { files = b }})
	must(t, err)
	if len(files.Paths) != 1 || others != 2 || r.Images != 20 {
		t.Errorf("found %+v, %d bad files and %d others, expected 20 images, 1 and 2", r, len(files.Paths), others)
	}
}

// interrupt begins a share and interrupts it when something is saved. It returns the file
// with that.
func interrupt(t *testing.T, trunk *feature.Trunk, path, folder string, shard feature.Shard) string {
	t.Helper()
	before, err := filepath.Glob(path + ".kept-*")
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if _, err := trunk.WriteShare(ctx, path, folder, shard, dataset.Options{Checked: func(int, int) { stop() }}); !errors.Is(err, context.Canceled) {
		t.Fatalf("found the error %v, expected that of the context", err)
	}
	after, err := filepath.Glob(path + ".kept-*")
	must(t, err)
	after = slices.DeleteFunc(after, func(path string) bool { return slices.Contains(before, path) })
	if len(after) != 1 {
		t.Fatalf("found the files %q, expected one more than %q", after, before)
	}
	return after[0]
}

// TestWriteShareLeavesOthersAlone: what a run has not saved or used stays where it is,
// whatever its name.
func TestWriteShareLeavesOthersAlone(t *testing.T) {
	folder := photoFolder(t, 150)
	n, shard := photoNet(t), feature.Shard{Index: 1, Of: 1}
	path := filepath.Join(t.TempDir(), "part.features")
	trunk, other := trunkOf(t, n), n.Clone()
	other.Weights.Get("conv/b").Float32s()[0]++
	stays := map[string][]byte{
		path + ".kept-notes":  []byte("mine"),
		path + ".kept-backup": read(t, writeShares(t, trunk, folder, t.TempDir(), 1)[0]),
		interrupt(t, trunkOf(t, other), path, folder, shard): nil,
	}
	for path, content := range stays {
		if content != nil {
			must(t, os.WriteFile(path, content, 0o644))
		}
	}
	stale := filepath.Join(filepath.Dir(path), ".part.features.kept-x.tmp-y")
	must(t, os.WriteFile(stale, nil, 0o644))
	must(t, os.Chtimes(stale, time.Time{}, time.Now().Add(-2*time.Hour)))
	own := interrupt(t, trunk, path, folder, shard)
	var warned []string
	r, err := trunk.WriteShare(t.Context(), path, folder, shard, dataset.Options{Warn: func(message string) { warned = append(warned, message) }})
	must(t, err)
	if r.Earlier == 0 {
		t.Error("found no image from the run before")
	}
	for path := range stays {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("found %s gone: %v", path, err)
		}
	}
	for _, path := range []string{own, stale} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("found %s left", path)
		}
	}
	text := strings.Join(warned, "\n")
	if !strings.Contains(text, "not used: network") || !strings.Contains(text, "backup: not used: found a complete") || strings.Contains(text, "kept-notes") {
		t.Errorf("found the warnings %s, expected one for the features of another network and one for a complete file", text)
	}
}

// TestWriteShareRefusesAnother: neither the features of another share that is not
// complete are lost, nor those of one that is.
func TestWriteShareRefusesAnother(t *testing.T) {
	folder := photoFolder(t, 150)
	trunk, path := trunkOf(t, photoNet(t)), filepath.Join(t.TempDir(), "part.features")
	first, second := feature.Shard{Index: 1, Of: 2}, feature.Shard{Index: 2, Of: 2}
	refused := func(file string) {
		t.Helper()
		before := read(t, file)
		_, err := trunk.WriteShare(t.Context(), path, folder, second, dataset.Options{})
		if !errors.Is(err, feature.ErrShard) || !strings.Contains(err.Error(), file+": found") || !strings.Contains(err.Error(), "1/2") {
			t.Errorf("found the error %v, expected an ErrShard that names %s and shard 1/2", err, file)
		}
		if !bytes.Equal(read(t, file), before) {
			t.Errorf("found another file %s than before", file)
		}
	}
	refused(interrupt(t, trunk, path, folder, first))
	_, err := trunk.WriteShare(t.Context(), path, folder, first, dataset.Options{})
	must(t, err)
	refused(path)
	_, err = trunk.WriteShare(t.Context(), path, folder, first, dataset.Options{})
	must(t, err)
	_, err = trunk.WriteShare(t.Context(), path, folder, feature.Shard{Index: 2, Of: 3}, dataset.Options{})
	must(t, err) // shares of another number
}

// TestWriteShareLosesKept truncates what a run has saved before it can use that. The next
// run computes it again.
func TestWriteShareLosesKept(t *testing.T) {
	defer feature.KeepShares()()
	folder, path := photoFolder(t, 150), filepath.Join(t.TempDir(), "part.features")
	trunk, shard := trunkOf(t, photoNet(t)), feature.Shard{Index: 1, Of: 1}
	var lost []string
	_, err := trunk.WriteShare(t.Context(), path, folder, shard, dataset.Options{Checked: func(done, of int) {
		if found, err := filepath.Glob(path + ".kept-*"); err == nil && done == of {
			lost = found
			must(t, os.Truncate(lost[0], 10))
		}
	}})
	if len(lost) == 0 {
		t.Fatal("found nothing saved")
	}
	if !errors.Is(err, feature.ErrFile) || !strings.Contains(err.Error(), lost[0]) {
		t.Errorf("found the error %v, expected an ErrFile that names %s", err, lost[0])
	}
	if _, err := os.Stat(path); err == nil {
		t.Errorf("found %s written", path)
	}
	must(t, os.Truncate(lost[0], 200)) // as a file system may leave it after a crash: zeros
	damaged := path + ".kept-damaged"
	must(t, os.WriteFile(damaged, read(t, writeShares(t, trunk, folder, t.TempDir(), 1)[0])[:100], 0o644))
	var warned []string
	_, err = trunk.WriteShare(t.Context(), path, folder, shard, dataset.Options{Warn: func(message string) { warned = append(warned, message) }})
	must(t, err)
	if text := strings.Join(warned, "\n"); !strings.Contains(text, damaged+": not used: damaged") {
		t.Errorf("found the warnings %s, expected one for %s", text, damaged)
	}
}

// TestWriteShareAtOnce writes one share in two runs at once.
func TestWriteShareAtOnce(t *testing.T) {
	defer feature.KeepShares()()
	folder, dir := photoFolder(t, 300), t.TempDir()
	n := photoNet(t)
	want := read(t, writeShares(t, trunkOf(t, n), folder, t.TempDir(), 1)[0])
	path := filepath.Join(dir, "part.features")
	var runs sync.WaitGroup
	for range 2 {
		trunk := trunkOf(t, n.Clone())
		runs.Go(func() {
			if _, err := trunk.WriteShare(t.Context(), path, folder, feature.Shard{Index: 1, Of: 1}, dataset.Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	runs.Wait()
	if !bytes.Equal(read(t, path), want) {
		t.Error("found another file than that of one run")
	}
	if found := names(t, dir); len(found) != 1 {
		t.Errorf("found the files %q, expected one", found)
	}
}
