package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// idxSetOf writes four files of those names to a folder: images [2,3] as stored, 1 2 3 over 4 5 6, of
// the digits 0, 1 and 9. A name with "int" gets labels as QMNIST has them.
func idxSetOf(t *testing.T, dir string, names ...string) {
	t.Helper()
	for i, name := range names {
		digits := [][]byte{{0, 1, 9}, {1, 9}}[i/2]
		content := idxFile([]int{len(digits), 2, 3}, slices.Repeat([]byte{1, 2, 3, 4, 5, 6}, len(digits)))
		switch {
		case i%2 == 1 && strings.Contains(name, "int"):
			var rows []byte
			for _, d := range digits {
				rows = append(rows, 0, 0, 0, d)
				rows = append(rows, slices.Repeat([]byte{0xff, 0, 7, 9}, 7)...)
			}
			content = append([]byte{0, 0, 0x0c, 2, 0, 0, 0, byte(len(digits)), 0, 0, 0, 8}, rows...)
		case i%2 == 1:
			content = idxFile([]int{len(digits)}, digits)
		}
		if strings.HasSuffix(strings.ToLower(name), ".gz") {
			content = zipped(t, content)
		}
		writeFile(t, filepath.Join(dir, name), content)
	}
}

// withBeginning returns MNIST's four names with something before them.
func withBeginning(beginning string) []string {
	var names []string
	for _, name := range plainNames {
		names = append(names, beginning+name)
	}
	return names
}

var plainNames = []string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}

// TestIDXFilesAreKnown opens folders as they are found, and looks whether the images are turned as
// EMNIST's must be, and no others.
func TestIDXFilesAreKnown(t *testing.T) {
	for _, c := range []struct {
		folder string   // where the files are
		names  []string // of training images and labels, test images and labels
		open   string
		turned bool
	}{
		{"a", plainNames, "a", false},
		{"a", []string{"TRAIN-IMAGES.IDX3-UBYTE", "Train-Labels.idx1-ubyte.GZ", "T10K-images-idx3-ubyte", "test-labels-idx1-ubyte"}, "a", false},
		{"a", withBeginning("fashion-mnist_"), "a", false},
		{"emnist-experiments", plainNames, "emnist-experiments", false},
		{"EMNIST/Digits", plainNames, "EMNIST/Digits", true},
		{"emnist/digits/raw", plainNames, "emnist", true},
		{"emnist/fashion", plainNames, "emnist", false},
		{"a", []string{"qmnist-train-images-idx3-ubyte", "qmnist-train-labels-idx2-int.gz", "qmnist-test-images-idx3-ubyte", "qmnist-test-labels-idx2-int"}, "a", false},
		{"data/MNIST/raw", plainNames, "data", false},
		{"data/MNIST/raw", plainNames, "data/MNIST", false},
		{"data/MNIST/raw", plainNames, "data/MNIST/raw", false},
		{"data/EMNIST/raw", withBeginning("emnist-digits-"), "data", true},
		{"data/EMNIST/raw", withBeginning("emnist-digits-"), "data/EMNIST/emnist-digits", true},
		{"a", withBeginning("emnist-digits-"), "a", true},
		{"a", withBeginning("EMNIST-Digits-"), "a", true},
		{"a", withBeginning("my_emnist_digits."), "a", true},
		{"a", withBeginning("Emnist-Digits-"), "a/emnist-digits", true},
		{"emnist-digits", plainNames, "emnist-digits", true},
		{"EMNIST_Digits/gzip", plainNames, "EMNIST_Digits", true},
		{"emnist-digits", withBeginning("my-"), "emnist-digits", true},
		{"emnist-letters", withBeginning("emnist-digits-"), "emnist-letters", true},
	} {
		root := t.TempDir()
		idxSetOf(t, filepath.Join(root, c.folder), c.names...)
		writeFile(t, filepath.Join(root, c.folder, "readme.txt"), []byte("beside the data"))
		train, test, warnings := opened(t, filepath.Join(root, c.open))
		want, shape := []byte{1, 2, 3, 4, 5, 6}, []int{1, 2, 3}
		if c.turned {
			want, shape = []byte{1, 4, 2, 5, 3, 6}, []int{1, 3, 2}
		}
		for _, s := range []*Set{train, test} {
			if !slices.Equal(s.Image(0), want) || !slices.Equal(s.Shape, shape) || !slices.Equal(s.Classes, []string{"0", "1", "9"}) {
				t.Errorf("%s of %v: found the image %v, %v, classes %v", c.folder, c.names, s.Image(0), s.Shape, s.Classes)
			}
		}
		if !slices.Equal(train.Labels, []int{0, 1, 2}) || !slices.Equal(test.Labels, []int{1, 2}) {
			t.Errorf("%s of %v: found the labels %v and %v", c.folder, c.names, train.Labels, test.Labels)
		}
		elsewhere := strings.Contains(strings.Join(warnings, ";"), "the data are the IDX files in "+filepath.Join(root, c.folder))
		if beneath := c.open != c.folder; elsewhere != (beneath && !strings.HasPrefix(c.open, "a/")) {
			t.Errorf("%s of %v: found warnings %q", c.open, c.names, warnings)
		}
	}
}

func TestMixturesOfIDXFiles(t *testing.T) {
	mixed := func(images, labels, testImages, testLabels string) []string {
		return []string{images + plainNames[0], labels + plainNames[1], testImages + plainNames[2], testLabels + plainNames[3]}
	}
	for _, c := range []struct {
		folder string
		names  []string
		open   string
		kind   error
		say    string
	}{
		{"a", mixed("emnist-digits-", "emnist-digits-", "", ""), "a", ErrFormat, "expected files of one data set"},
		{"a", mixed("fashion-", "mnist-", "fashion-", "fashion-"), "a", ErrFormat, "expected files of one data set"},
		{"a", mixed("", "", "", "kmnist-"), "a", ErrFormat, "put each set into a folder of its own"},
		{"a", mixed("emnist-digits-", "emnist-digits-", "emnist-letters-", "emnist-letters-"), "a", ErrFormat, "name one part, as "},
		{"EMNIST/raw", plainNames, "EMNIST", ErrFormat, "do not say of which part"},
		{"a", withBeginning("emnist-"), "a", ErrFormat, "do not say of which part"},
		{"emnist-digits", withBeginning("fashion-mnist-"), "emnist-digits", ErrFormat, "in a folder of EMNIST"},
		{"a", plainNames, "a/" + plainNames[0], ErrFormat, "found one IDX file, expected the folder"},
		{"a", append(slices.Clone(plainNames[:3]), "readme"), "a", ErrNotFound, "expected a file t10k-labels-idx1-ubyte or"},
		{"a", append(withBeginning("qmnist-")[:3], "qmnist-t10k-labels-idx1-ubyte.xz"), "a", ErrNotFound, "expected a file qmnist-test-labels-idx1-ubyte or qmnist-test-labels-idx1-ubyte.gz beside the other IDX files; unpack qmnist-t10k"},
	} {
		root := t.TempDir()
		idxSetOf(t, filepath.Join(root, c.folder), c.names...)
		_, _, err := Open(filepath.Join(root, c.open), Options{})
		wantErr(t, err, c.kind, c.say, root)
	}
	root := t.TempDir()
	for _, name := range []string{"MNIST", "FashionMNIST"} {
		idxSetOf(t, filepath.Join(root, name, "raw"), plainNames...)
	}
	_, _, err := Open(root, Options{})
	wantErr(t, err, ErrFormat, "found IDX files in "+filepath.Join(root, "FashionMNIST", "raw"), "name one of these folders")
}

// TestIDXOfAsManyAsEMNIST has as many images as a part of EMNIST, and no name that tells.
func TestIDXOfAsManyAsEMNIST(t *testing.T) {
	dir := t.TempDir()
	for i, n := range []int{112_800, 18_800} {
		labels := make([]byte, n)
		labels[0] = 1
		writeFile(t, filepath.Join(dir, plainNames[2*i]), idxFile([]int{n, 1, 1}, make([]byte, n)))
		writeFile(t, filepath.Join(dir, plainNames[2*i+1]), idxFile([]int{n}, labels))
	}
	_, _, warnings := opened(t, dir)
	if !strings.Contains(strings.Join(warnings, ";"), "as many images as EMNIST's balanced has; if they are, name the folder emnist-balanced") {
		t.Errorf("found warnings %q", warnings)
	}
}

func TestQMNISTLabels(t *testing.T) {
	row := func(label ...byte) []byte { return append(label, make([]byte, 4)...) }
	head := []byte{0, 0, 0x0c, 2, 0, 0, 0, 2, 0, 0, 0, 2}
	path := filepath.Join(t.TempDir(), "labels")
	writeFile(t, path, slices.Concat(head, row(0, 0, 0, 7), row(0, 0, 0, 255)))
	labels, err := ReadIDXLabels(path)
	check(t, err)
	if !slices.Equal(labels, []byte{7, 255}) {
		t.Errorf("found the labels %v", labels)
	}
	for reason, c := range map[string]struct {
		content []byte
		say     string
	}{
		"beyond a byte": {slices.Concat(head, row(0, 0, 0, 7), row(0, 0, 1, 0)), "label 1: found 256"},
		"negative":      {slices.Concat(head, row(0xff, 0xff, 0xff, 0xff), row(0, 0, 0, 1)), "label 0: found -1"},
		"cut short":     {slices.Concat(head, row(0, 0, 0, 7)), "data: found 8 bytes, expected 16"},
		"three sides":   {slices.Concat([]byte{0, 0, 0x0c, 3}, make([]byte, 12)), "type: found 0x0c"},
		"of no rows":    {[]byte{0, 0, 0x0c, 2, 0, 0, 0, 0, 0, 0, 0, 2}, "found 0"},
		"huge":          {[]byte{0, 0, 0x0c, 2, 0x7f, 0, 0, 0, 0x7f, 0, 0, 0}, "expected a product"},
	} {
		writeFile(t, path, c.content)
		if _, err := ReadIDXLabels(path); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: found the error %v, expected it to hold %q", reason, err, c.say)
		}
	}
}

// TestIDXFolderByLink has EMNIST's files in a folder of its name, opened by a link of another.
func TestIDXFolderByLink(t *testing.T) {
	dir := t.TempDir()
	idxSetOf(t, filepath.Join(dir, "emnist-digits"), plainNames...)
	link := filepath.Join(dir, "data")
	if err := os.Symlink("emnist-digits", link); err != nil {
		t.Skip(err)
	}
	train, _, err := Open(link, Options{})
	check(t, err)
	if want := []byte{1, 4, 2, 5, 3, 6}; !slices.Equal(train.Image(0), want) {
		t.Errorf("found the image %v, expected %v", train.Image(0), want)
	}
}
