package dataset

import (
	"path"
	"slices"

	"github.com/pkg/errors"
)

// testShare is the part of an image folder that becomes its test images where it has no test folder.
const testShare = 0.2

// openFolder reads a folder of images: one sub-folder per class, or such folders beneath one of
// training and one of test images. Classes are the names of the sub-folders of the training images, in
// ascending order.
func openFolder(dir string, opt Options) (train, test *Set, err error) {
	to, err := conversionTo(opt.Shape, opt.Prep)
	if err != nil {
		return nil, nil, err
	}
	halves, err := halvesOf(diskTree(dir), opt)
	if err != nil {
		return nil, nil, err
	}
	r := folderReader{opt: opt, to: to, halves: halves}
	train, hashes, err := r.read(halves.train, dir+"/train")
	if err != nil {
		return nil, nil, err
	}
	if err := train.checkClasses(halves.path(halves.train)); err != nil {
		return nil, nil, err
	}
	if halves.test != "" {
		if test, _, err = r.read(halves.test, dir+"/test"); err != nil {
			return nil, nil, err
		}
		compare(train, test, opt)
		return train, test, nil
	}
	return train.divide(dir, hashes, opt)
}

// checkClasses returns an ErrClass unless there are images of each class.
func (s *Set) checkClasses(dir string) error {
	for class, n := range s.Counts() {
		if n == 0 {
			return errors.Wrapf(ErrClass, "%s: class %s: found no images, expected one or more", printable(dir), printable(s.Classes[class]))
		}
	}
	return nil
}

// divide splits images of a folder without test images by the files' hashes.
func (s *Set) divide(dir string, hashes []uint64, opt Options) (train, test *Set, err error) {
	if train, test, err = s.splitByContent(hashes, testShare); err != nil {
		return nil, nil, err
	}
	train.Name, test.Name = dir+"/train", dir+"/test"
	opt.warn(errors.Errorf("%s: no test folder; %d of %d images, drawn by a hash of each file, are the test images",
		printable(dir), test.Len(), s.Len()))
	compare(train, test, opt)
	return train, test, nil
}

// folderReader reads sub-folders of images as the images of given classes.
type folderReader struct {
	opt Options
	to  conversion
	halves
}

// read reads all images beneath a folder, with a hash of each file. A sub-folder that is no class is an
// ErrClass.
func (r folderReader) read(folder, name string) (set *Set, hashes []uint64, err error) {
	c := collection{folderReader: r, dir: r.path(folder)}
	hidden, err := r.list(folder, func(file string, label int) {
		c.paths, c.labels = append(c.paths, r.path(file)), append(c.labels, label)
	})
	if err != nil {
		return nil, nil, err
	}
	c.others = hidden
	if err := c.read(); err != nil {
		return nil, nil, err
	}
	if len(c.labels) == 0 {
		return nil, nil, errors.Wrapf(ErrNotFound, "%s: found no images in its sub-folders", printable(c.dir))
	}
	set, err = c.set(name)
	return set, c.hashes(), err
}

// list calls found for each file beneath a folder's sub-folders, in ascending order, with
// its class, and returns the names of hidden files.
func (h halves) list(folder string, found func(file string, label int)) (others []string, err error) {
	subs, err := subFolders(h, folder)
	if err != nil {
		return nil, err
	}
	for _, sub := range subs {
		label := slices.Index(h.classes, canonicalName(sub))
		if label < 0 {
			return nil, errors.Wrapf(ErrClass, "%s: found the class %s, expected those of the training images, %s", printable(h.path(folder)), printable(sub), someOf(h.classes))
		}
		visible, hidden, err := filesIn(h, path.Join(folder, sub))
		if err != nil {
			return nil, err
		}
		for _, n := range visible {
			found(path.Join(folder, sub, n), label)
		}
		others = append(others, hidden...)
	}
	return others, nil
}
