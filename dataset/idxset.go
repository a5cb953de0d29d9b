package dataset

import (
	"slices"
	"strconv"

	"github.com/pkg/errors"
)

// openIDX reads a data set of four IDX files. Its classes are the labels of the training images, in
// ascending order, named by their numbers, or by the characters that EMNIST's stand for.
func openIDX(name string, set idxSet, opt Options) (train, test *Set, err error) {
	var halves [2]idxHalf
	for i := range halves {
		h := &halves[i]
		images, labels := set.paths[2*i], set.paths[2*i+1]
		h.labelsName = labels
		if h.shape, h.pixels, err = ReadIDXImages(images); err != nil {
			return nil, nil, err
		}
		if h.labels, err = ReadIDXLabels(labels); err != nil {
			return nil, nil, err
		}
	}
	className := strconv.Itoa
	if set.part != "" {
		if className, err = asEMNIST(set.part, &halves); err != nil {
			return nil, nil, err
		}
	} else if part := emnistCounts[[2]int{halves[0].shape[0], halves[1].shape[0]}]; part != "" {
		opt.warn(errors.Errorf("%s: found as many images as EMNIST's %s has; if they are, name the folder emnist-%[2]s, since they lie on their side", printable(name), part))
	}
	if train, test, err = setsOfIDX(name, halves, className); err == nil {
		compare(train, test, opt)
		train.checkBrightness(opt)
		test.checkBrightness(opt)
	}
	return train, test, err
}

// idxHalf is the content of a file of images and a file of labels.
type idxHalf struct {
	shape      []int // [N,1,H,W]
	pixels     []byte
	labels     []byte
	labelsName string // for messages
}

// setsOfIDX returns the sets of two halves. className names the labels. A label that no training image
// has is an ErrClass, and so is a single class.
func setsOfIDX(name string, halves [2]idxHalf, className func(label int) string) (train, test *Set, err error) {
	for _, h := range halves {
		if len(h.labels) != h.shape[0] {
			return nil, nil, errors.Wrapf(ErrFormat, "%s: labels: found %d, expected one for each of %d images", printable(h.labelsName), len(h.labels), h.shape[0])
		}
		if want := halves[0].shape[1:]; !slices.Equal(h.shape[1:], want) {
			return nil, nil, errors.Wrapf(ErrFormat, "%s: test images: found %v, expected %v as the training images are", printable(name), h.shape[1:], want)
		}
	}
	var classes []string
	var class [256]int // by label, from 1
	for label, is := range occurring(halves[0].labels) {
		if is {
			classes = append(classes, className(label))
			class[label] = len(classes)
		}
	}
	if len(classes) < 2 {
		return nil, nil, errors.Wrapf(ErrClass, "%s: found one class, %s, expected two or more", printable(halves[0].labelsName), someOf(classes))
	}
	for label, is := range occurring(halves[1].labels) {
		if is && class[label] == 0 {
			return nil, nil, errors.Wrapf(ErrClass, "%s: found the class %s, expected those of the training images, %s", printable(halves[1].labelsName), className(label), someOf(classes))
		}
	}
	var sets [2]*Set
	for i, h := range halves {
		labels := make([]int, len(h.labels))
		for j, l := range h.labels {
			labels[j] = class[l] - 1
		}
		half := [2]string{"/train", "/test"}[i]
		sets[i], err = NewSet(name+half, h.shape[1:], h.pixels, labels, slices.Clone(classes), MNISTPreprocessing())
		if err != nil {
			return nil, nil, err
		}
	}
	return sets[0], sets[1], nil
}

// occurring returns which labels there are.
func occurring(labels []byte) (occurs [256]bool) {
	for _, l := range labels {
		occurs[l] = true
	}
	return occurs
}
