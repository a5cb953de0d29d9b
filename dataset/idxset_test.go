package dataset

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBrightness has images said that are not as MNIST's are.
func TestBrightness(t *testing.T) {
	for _, c := range []struct {
		ground, ink byte
		want        string
	}{{0, 255, ""}, {0, 1, "0 and 1"}, {255, 0, "light"}, {0, 0, "black"}} {
		dir := t.TempDir()
		for _, half := range []string{"train", "t10k"} {
			pixels := bytes.Repeat([]byte{c.ground}, 2*8*8)
			for i, place := range []int{27, 28, 35, 36, 64 + 27, 64 + 28} { // the middles of two images
				if pixels[place] = c.ink; half == "t10k" && i < 2 && c.ink > 1 {
					pixels[place]-- // or it would be a copy
				}
			}
			writeFile(t, filepath.Join(dir, half+"-images-idx3-ubyte"), idxFile([]int{2, 8, 8}, pixels))
			writeFile(t, filepath.Join(dir, half+"-labels-idx1-ubyte"), idxFile([]int{2}, []byte{3, 4}))
		}
		_, _, warnings := opened(t, dir)
		warnings = slices.DeleteFunc(warnings, func(w string) bool { return strings.Contains(w, "copies") })
		if c.want == "" && len(warnings) > 0 || c.want != "" && (len(warnings) != 2 || !strings.Contains(warnings[0], c.want)) {
			t.Errorf("%d on %d: found the warnings %q, expected %q of each half", c.ink, c.ground, warnings, c.want)
		}
	}
}

func TestOpenIDXFolder(t *testing.T) {
	type files map[string][]byte
	images := func(n int) []byte { return idxFile([]int{n, 1, 2}, make([]byte, 2*n)) }
	labels := func(l ...byte) []byte { return idxFile([]int{len(l)}, l) }
	good := func() files {
		return files{
			"train-images-idx3-ubyte": images(3), "train-labels-idx1-ubyte": labels(26, 1, 9),
			"t10k-images-idx3-ubyte": images(2), "t10k-labels-idx1-ubyte": labels(9, 1),
		}
	}
	open := func(t *testing.T, f files) (train, test *Set, err error) {
		dir := t.TempDir()
		for name, content := range f {
			writeFile(t, filepath.Join(dir, name), content)
		}
		return Open(dir, Options{})
	}
	for _, name := range []func(half, kind string, rank int) string{
		func(h, k string, r int) string { return fmt.Sprintf("%s-%s-idx%d-ubyte", h, k, r) },
		func(h, k string, r int) string { return fmt.Sprintf("%s-%s-idx%d-ubyte.gz", h, k, r) },
		func(h, k string, r int) string { return fmt.Sprintf("%s-%s.idx%d-ubyte", h, k, r) },
		func(h, k string, r int) string { return fmt.Sprintf("emnist-letters-%s-%s-idx%d-ubyte.gz", h, k, r) },
	} {
		f := files{}
		for half, as := range map[string]string{"train": "train", "t10k": "test"} {
			for kind, rank := range map[string]int{"images": 3, "labels": 1} {
				f[name(as, kind, rank)] = good()[fmt.Sprintf("%s-%s-idx%d-ubyte", half, kind, rank)]
			}
		}
		train, test, err := open(t, f)
		check(t, err)
		classes := []string{"1", "9", "26"}
		if _, letters := f["emnist-letters-train-images-idx3-ubyte.gz"]; letters {
			classes = []string{"A", "I", "Z"}
		}
		if train.Shape[1]*train.Shape[2] != 2 || !slices.Equal(train.Classes, classes) || !slices.Equal(train.Labels, []int{2, 0, 1}) ||
			!slices.Equal(test.Labels, []int{1, 0}) {
			t.Errorf("found classes %v, labels %v and %v, shape %v", train.Classes, train.Labels, test.Labels, train.Shape)
		}
	}
	for _, c := range []struct {
		reason string
		spoil  func(files)
		kind   error
		part   string
	}{
		{"a file missing", func(f files) { delete(f, "t10k-labels-idx1-ubyte") }, ErrNotFound, "t10k-labels-idx1-ubyte"},
		{"two files for one", func(f files) { f["train-images.idx3-ubyte"] = images(1) }, ErrFormat, "expected one file"},
		{"a test class that is not trained on", func(f files) { f["t10k-labels-idx1-ubyte"] = labels(9, 7) }, ErrClass, "t10k-labels-idx1-ubyte: found the class 7, expected those of the training images, 1, 9, 26"},
		{"one class", func(f files) { f["train-labels-idx1-ubyte"] = labels(9, 9, 9) }, ErrClass, "found one class, 9"},
		{"fewer labels than images", func(f files) { f["train-labels-idx1-ubyte"] = labels(1) }, ErrFormat, "labels: found 1, expected one for each of 3 images"},
		{"more labels than images", func(f files) { f["t10k-labels-idx1-ubyte"] = labels(1, 1, 1) }, ErrFormat, "labels: found 3"},
		{"another size of image", func(f files) { f["t10k-images-idx3-ubyte"] = idxFile([]int{2, 2, 2}, make([]byte, 8)) }, ErrFormat, "test images: found [1 2 2]"},
		{"images for labels", func(f files) { f["train-labels-idx1-ubyte"] = images(3) }, ErrFormat, "train-labels-idx1-ubyte"},
		{"an empty file", func(f files) { f["train-images-idx3-ubyte"] = nil }, ErrFormat, "train-images-idx3-ubyte"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			f := good()
			c.spoil(f)
			_, _, err := open(t, f)
			wantErr(t, err, c.kind, c.part)
		})
	}
	both := good()
	both["train-images-idx3-ubyte.gz"] = []byte("not looked at, as the plain file is there")
	_, _, err := open(t, both)
	check(t, err)
}
