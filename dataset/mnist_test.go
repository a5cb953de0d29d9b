package dataset

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMNIST(t *testing.T) {
	train, test := realMNIST(t)
	for _, c := range []struct {
		set    *Set
		counts []int // as published
		labels []int // of the first images
		hash   string
	}{
		{train, []int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, []int{5, 0, 4, 1, 9},
			"05999dcac7fee0cda8e60ea3bd70e775db8f1882bad7e917c06ceb592c09bae7"},
		{test, []int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, []int{7, 2, 1, 0, 4}, ""},
	} {
		if got := c.set.Counts(); !slices.Equal(got, c.counts) {
			t.Errorf("%s: found %v images a digit, expected %v", c.set.Name, got, c.counts)
		}
		if got := c.set.Labels[:5]; !slices.Equal(got, c.labels) {
			t.Errorf("%s: found labels %v first, expected %v", c.set.Name, got, c.labels)
		}
		if !slices.Equal(c.set.Shape, []int{1, 28, 28}) || c.set.Classes[9] != "9" || c.set.Prep != MNISTPreprocessing() {
			t.Errorf("%s: found shape %v, classes %v, %v", c.set.Name, c.set.Shape, c.set.Classes, c.set.Prep)
		}
		// Caches and checkpoints know data by its hash: it may not change from one build to the next.
		if hash := c.set.Hash(); c.hash != "" && hex.EncodeToString(hash[:]) != c.hash {
			t.Errorf("%s: found hash %x, expected %s", c.set.Name, hash, c.hash)
		}
	}
	// What MNISTPreprocessing takes for mean and deviation are those of the training images.
	var times [256]float64
	for _, v := range train.Pixels {
		times[v]++
	}
	var sum, squares float64
	for v, n := range times {
		x := float64(v) / 255
		sum, squares = sum+n*x, squares+n*x*x
	}
	n := float64(len(train.Pixels))
	mean := sum / n
	variance := squares/n - mean*mean
	if p := MNISTPreprocessing(); mean < p.Mean-5e-5 || mean > p.Mean+5e-5 || variance < (p.Std-5e-5)*(p.Std-5e-5) || variance > (p.Std+5e-5)*(p.Std+5e-5) {
		t.Errorf("found mean %v, variance %v", mean, variance)
	}
}

// TestMNISTUnpacked opens the same files, plain, from a folder that the user names.
func TestMNISTUnpacked(t *testing.T) {
	from, dir := moduleDirs(t.Context()), t.TempDir()
	if len(from) == 0 {
		t.Fatal("found no module folder")
	}
	for _, f := range mnistFiles() {
		packed, err := os.Open(filepath.Join(from[0], f.name+".gz"))
		check(t, err)
		unzip, err := gzip.NewReader(packed)
		check(t, err)
		plain, err := io.ReadAll(unzip)
		check(t, err)
		check(t, packed.Close())
		writeFile(t, filepath.Join(dir, f.name), plain)
	}
	_, test, err := Open("mnist", Options{MNISTDir: dir})
	check(t, err)
	if _, packed := realMNIST(t); test.Hash() != packed.Hash() {
		t.Error("the plain files hold other images than the packed ones")
	}
	// A user's own folder of IDX files reads the same, and its sums are nobody's business.
	_, own, err := Open(dir, Options{})
	check(t, err)
	if own.Hash() != test.Hash() {
		t.Error("the folder holds other images than mnist")
	}
	path := filepath.Join(dir, "t10k-images-idx3-ubyte")
	content, err := os.ReadFile(path)
	check(t, err)
	content[5000] ^= 1
	writeFile(t, path, content)
	_, _, err = Open("mnist", Options{MNISTDir: dir})
	wantErr(t, err, ErrChecksum, path, "SHA-256: found", "0fa7898d")
	_, _, err = Open(dir, Options{})
	check(t, err)
}

func TestMNISTDirIsTheOnlyPlace(t *testing.T) {
	dir := t.TempDir()
	_, _, err := Open("mnist", Options{MNISTDir: dir})
	wantErr(t, err, ErrNotFound, dir, "train-images-idx3-ubyte")
	writeFile(t, filepath.Join(dir, "train-images-idx3-ubyte.gz"), []byte("short"))
	_, _, err = Open("mnist", Options{MNISTDir: dir})
	wantErr(t, err, ErrChecksum, "length: found 5 bytes, expected 9912422")
}

// TestModuleVersion holds the folder that is looked for to the version that go.mod has.
func TestModuleVersion(t *testing.T) {
	gomod, err := os.ReadFile("../go.mod")
	check(t, err)
	if !strings.Contains(string(gomod), modulePath+" "+moduleVersion) {
		t.Errorf("go.mod does not require %s %s", modulePath, moduleVersion)
	}
}

func TestModuleDirsByLayout(t *testing.T) {
	cache, gopath, home := t.TempDir(), t.TempDir(), t.TempDir()
	t.Setenv("GOMODCACHE", cache)
	t.Setenv("GOPATH", gopath)
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // Windows
	t.Setenv("PATH", "")          // no go command
	if got := moduleDirs(t.Context()); got != nil {
		t.Errorf("found %v in empty folders", got)
	}
	var want []string
	for _, root := range []string{cache, filepath.Join(gopath, "pkg", "mod"), filepath.Join(home, "go", "pkg", "mod")} {
		dir := filepath.Join(root, "github.com", "petar", "!go!m!n!i!s!t@"+moduleVersion, "data")
		check(t, os.MkdirAll(dir, 0o755))
		want = append(want, dir)
	}
	if got := moduleDirs(t.Context()); !slices.Equal(got, want) {
		t.Errorf("found %v, expected %v", got, want)
	}
}

func TestAskGo(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	before, err := os.ReadFile("../go.sum")
	check(t, err)
	t.Setenv("GOPROXY", "off") // what is in the module cache is enough,
	t.Setenv("GONOSUMDB", "*") // and no checksum database is asked about it
	dir := askGo(t.Context())
	if _, err := os.Stat(filepath.Join(dir, "data", "train-images-idx3-ubyte.gz")); err != nil {
		t.Errorf("found no data in %q", dir)
	}
	after, err := os.ReadFile("../go.sum")
	check(t, err)
	if !bytes.Equal(before, after) {
		t.Error("go.sum was changed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if dir := askGo(ctx); dir != "" {
		t.Errorf("found %q after the context ended", dir)
	}
}
