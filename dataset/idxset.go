package dataset

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// idxFiles are the paths of a data set's four files.
type idxFiles struct{ trainImages, trainLabels, testImages, testLabels string }

var idxName = regexp.MustCompile(`^(?:.*-)?(train|t10k|test)-(images[-.]idx3|labels[-.]idx1)-ubyte(?:\.gz)?$`)

// findIDX looks in a folder for files named as MNIST's are: train-images-idx3-ubyte,
// train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte. A prefix (EMNIST has
// "emnist-letters-"), "test" for "t10k", a dot for the dash before idx, and .gz are allowed. Of a
// given part of EMNIST, only its files are looked for. It returns nil if there is none, an
// ErrNotFound or ErrFormat if there are some, but not one of each.
func findIDX(dir, part string) (*idxFiles, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	found := map[string][]string{} // names by role
	for _, e := range entries {
		if part != "" && emnistPart(e.Name()) != part {
			continue
		}
		if role := idxRole(e.Name()); role != "" && !e.IsDir() {
			found[role] = append(found[role], e.Name())
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	var files idxFiles
	for _, want := range []struct {
		role string
		path *string
	}{
		{"train-images-idx3", &files.trainImages}, {"train-labels-idx1", &files.trainLabels},
		{"t10k-images-idx3", &files.testImages}, {"t10k-labels-idx1", &files.testLabels},
	} {
		names := found[want.role]
		// Of a file and its packed form, the file.
		names = slices.DeleteFunc(names, func(n string) bool {
			plain, packed := strings.CutSuffix(n, ".gz")
			return packed && slices.Contains(names, plain)
		})
		switch len(names) {
		case 0:
			return nil, errors.Wrapf(ErrNotFound, "%s: expected a file %s-ubyte or %[2]s-ubyte.gz beside the other IDX files", printable(dir), want.role)
		case 1:
			*want.path = filepath.Join(dir, names[0])
		default:
			hint := ""
			if part := emnistPart(names[0]); part != "" {
				hint = "; name one part, as " + printable(filepath.Join(dir, "emnist-"+part))
			}
			return nil, errors.Wrapf(ErrFormat, "%s: %s-ubyte: found %s, expected one file%s", printable(dir), want.role, someOf(names), hint)
		}
	}
	return &files, nil
}

// idxRole returns which of MNIST's files a name stands for, such as "train-images-idx3", or "".
func idxRole(name string) string {
	m := idxName.FindStringSubmatch(name)
	if m == nil {
		return ""
	}
	half := strings.Replace(m[1], "test", "t10k", 1)
	return half + "-" + strings.Replace(m[2], ".", "-", 1)
}

// openIDX reads a data set of four IDX files. Its classes are the labels that occur, in ascending
// order, named by their numbers, or by the characters that EMNIST's stand for.
func openIDX(name string, files idxFiles) (train, test *Set, err error) {
	var halves [2]idxHalf
	for i, paths := range [2][2]string{{files.trainImages, files.trainLabels}, {files.testImages, files.testLabels}} {
		h := &halves[i]
		h.labelsName = paths[1]
		if h.shape, h.pixels, err = ReadIDXImages(paths[0]); err != nil {
			return nil, nil, err
		}
		if h.labels, err = ReadIDXLabels(paths[1]); err != nil {
			return nil, nil, err
		}
	}
	if part := emnistPart(files.trainImages); part != "" {
		className, err := asEMNIST(part, &halves)
		if err != nil {
			return nil, nil, err
		}
		return setsOfIDX(name, halves, className)
	}
	return setsOfIDX(name, halves, strconv.Itoa)
}

// idxHalf is the content of a file of images and a file of labels.
type idxHalf struct {
	shape      []int // [N,1,H,W]
	pixels     []byte
	labels     []byte
	labelsName string // for messages
}

// setsOfIDX returns the sets of two halves. className names the labels.
func setsOfIDX(name string, halves [2]idxHalf, className func(label int) string) (train, test *Set, err error) {
	var occurs [256]bool
	for _, h := range halves {
		if len(h.labels) != h.shape[0] {
			return nil, nil, errors.Wrapf(ErrFormat, "%s: labels: found %d, expected one for each of %d images", printable(h.labelsName), len(h.labels), h.shape[0])
		}
		if want := halves[0].shape[1:]; !slices.Equal(h.shape[1:], want) {
			return nil, nil, errors.Wrapf(ErrFormat, "%s: test images: found %v, expected %v as the training images are", printable(name), h.shape[1:], want)
		}
		for _, l := range h.labels {
			occurs[l] = true
		}
	}
	var classes []string
	var class [256]int // by label
	for label, is := range occurs {
		if is {
			class[label] = len(classes)
			classes = append(classes, className(label))
		}
	}
	var sets [2]*Set
	for i, h := range halves {
		labels := make([]int, len(h.labels))
		for j, l := range h.labels {
			labels[j] = class[l]
		}
		half := [2]string{"/train", "/test"}[i]
		sets[i], err = NewSet(name+half, h.shape[1:], h.pixels, labels, slices.Clone(classes), MNISTPreprocessing())
		if err != nil {
			return nil, nil, err
		}
	}
	return sets[0], sets[1], nil
}
