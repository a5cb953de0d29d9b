package dataset

import (
	"path/filepath"
	"slices"
	"testing"
)

// emnistFolder writes the four files of a part of EMNIST, three training images and two test images,
// each [2,3] as stored: 1 2 3 over 4 5 6.
func emnistFolder(t *testing.T, dir, part string, train, test []byte) {
	t.Helper()
	for half, labels := range map[string][]byte{"train": train, "test": test} {
		var pixels []byte
		for range labels {
			pixels = append(pixels, 1, 2, 3, 4, 5, 6)
		}
		path := filepath.Join(dir, "emnist-"+part+"-"+half)
		writeFile(t, path+"-images-idx3-ubyte.gz", zipped(t, idxFile([]int{len(labels), 2, 3}, pixels)))
		writeFile(t, path+"-labels-idx1-ubyte.gz", zipped(t, idxFile([]int{len(labels)}, labels)))
	}
}

func TestEMNIST(t *testing.T) {
	for part, c := range map[string]struct {
		labels []byte
		want   []string
	}{
		"letters":  {[]byte{1, 2, 26}, []string{"A", "B", "Z"}},
		"balanced": {[]byte{9, 10, 46}, []string{"9", "A", "t"}},
		"bymerge":  {[]byte{36, 37, 38}, []string{"a", "b", "d"}},
		"byclass":  {[]byte{35, 36, 61}, []string{"Z", "a", "z"}},
		"digits":   {[]byte{0, 1, 9}, []string{"0", "1", "9"}},
		"mnist":    {[]byte{0, 1, 9}, []string{"0", "1", "9"}},
	} {
		dir := t.TempDir()
		emnistFolder(t, dir, part, c.labels, c.labels[:2])
		train, test, err := Open(dir, Options{})
		check(t, err)
		if !slices.Equal(train.Classes, c.want) || !slices.Equal(test.Classes, c.want) || !slices.Equal(test.Labels, []int{0, 1}) {
			t.Errorf("%s: found classes %v, expected %v; test labels %v", part, train.Classes, c.want, test.Labels)
		}
		if !slices.Equal(train.Shape, []int{1, 3, 2}) || !slices.Equal(train.Image(2), []byte{1, 4, 2, 5, 3, 6}) {
			t.Errorf("%s: found %v of %v, expected rows and columns exchanged", part, train.Image(2), train.Shape)
		}
	}
	for part, n := range map[string]int{"byclass": 62, "bymerge": 47, "balanced": 47, "letters": 26, "digits": 10, "mnist": 10} {
		if got := len(emnistClasses[part].names); got != n {
			t.Errorf("%s: found %d classes, expected %d", part, got, n)
		}
	}
	dir := t.TempDir()
	emnistFolder(t, dir, "letters", []byte{0, 1, 2}, []byte{1, 2})
	_, _, err := Open(dir, Options{})
	wantErr(t, err, ErrFormat, "emnist-letters-train-labels", "found 0, expected 1 to 26")
}

func TestEMNISTOfAllParts(t *testing.T) {
	dir := t.TempDir()
	emnistFolder(t, dir, "letters", []byte{1, 2, 3}, []byte{1, 2})
	emnistFolder(t, dir, "digits", []byte{7, 8, 9}, []byte{7, 8})
	_, _, err := Open(dir, Options{})
	wantErr(t, err, ErrFormat, "expected files of one data set", "name one part, as "+filepath.Join(dir, "emnist-digits"))
	for part, want := range map[string][]string{"letters": {"A", "B", "C"}, "digits": {"7", "8", "9"}} {
		train, _, err := Open(filepath.Join(dir, "emnist-"+part), Options{})
		check(t, err)
		if !slices.Equal(train.Classes, want) {
			t.Errorf("%s: found classes %v, expected %v", part, train.Classes, want)
		}
	}
	_, _, err = Open(filepath.Join(dir, "emnist-balanced"), Options{})
	wantErr(t, err, ErrNotFound, "found no IDX files of emnist-balanced")
	_, _, err = Open(filepath.Join(dir, "emnist-nonsense"), Options{})
	wantErr(t, err, ErrNotFound, "expected \"mnist\"")
}
