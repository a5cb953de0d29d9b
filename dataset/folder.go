package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

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
	halves, err := halvesOf(dir, opt)
	if err != nil {
		return nil, nil, err
	}
	r := folderReader{opt: opt, to: to, classes: halves.classes}
	train, hashes, err := r.read(halves.train, dir+"/train")
	if err != nil {
		return nil, nil, err
	}
	for class, n := range train.Counts() {
		if n == 0 {
			return nil, nil, errors.Wrapf(ErrClass, "%s: class %s: found no images, expected one or more", printable(halves.train), printable(r.classes[class]))
		}
	}
	if halves.test == "" {
		if train, test, err = train.splitByContent(hashes, testShare); err != nil {
			return nil, nil, err
		}
		train.Name, test.Name = dir+"/train", dir+"/test"
		opt.warn(errors.Errorf("%s: no test folder; %d of %d images, drawn by a hash of each file, are the test images",
			printable(dir), test.Len(), train.Len()+test.Len()))
	} else if test, _, err = r.read(halves.test, dir+"/test"); err != nil {
		return nil, nil, err
	}
	compare(train, test, opt)
	return train, test, nil
}

// folderReader reads sub-folders of images as the images of given classes.
type folderReader struct {
	opt     Options
	to      conversion
	classes []string
}

// read reads all images beneath a folder, with a hash of each file. A sub-folder that is no class is an
// ErrClass.
func (r folderReader) read(dir, name string) (set *Set, hashes []uint64, err error) {
	subs, err := subFolders(dir)
	if err != nil {
		return nil, nil, err
	}
	var files []string
	var labels []int
	for _, sub := range subs {
		label := slices.Index(r.classes, canonicalName(sub))
		if label < 0 {
			return nil, nil, errors.Wrapf(ErrClass, "%s: found the class %s, expected those of the training images, %s", printable(dir), printable(sub), someOf(r.classes))
		}
		names, err := visibleFiles(filepath.Join(dir, sub))
		if err != nil {
			return nil, nil, err
		}
		for _, n := range names {
			files = append(files, filepath.Join(dir, sub, n))
			labels = append(labels, label)
		}
	}
	size := r.to.shape[0] * r.to.shape[1] * r.to.shape[2]
	if len(files) > maxIDX/size {
		return nil, nil, errors.Wrapf(ErrTooLarge, "%s: found %d images, expected at most %d of %v", printable(dir), len(files), maxIDX/size, r.to.shape)
	}
	pixels, labels, hashes, err := r.readFiles(dir, files, labels)
	if err != nil {
		return nil, nil, err
	}
	if len(labels) == 0 {
		return nil, nil, errors.Wrapf(ErrNotFound, "%s: found no images in its %d sub-folders", printable(dir), len(subs))
	}
	set, err = NewSet(name, r.to.shape, pixels, labels, r.classes, r.to.prep)
	return set, hashes, err
}

// readFiles reads images into one piece, [len(labels),C,H,W], and returns the labels of those that
// could be read, and a hash of each. What could not is one error for all, or with Options.SkipBad one
// warning.
func (r folderReader) readFiles(dir string, files []string, labels []int) (pixels []byte, kept []int, hashes []uint64, err error) {
	var bad, doubtful []error
	for i, path := range files {
		if err := r.opt.context().Err(); err != nil {
			return nil, nil, nil, errors.Wrap(err, printable(dir))
		}
		image, hash, note, err := r.readFile(path)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		if note != "" {
			doubtful = append(doubtful, errors.Errorf("%s: %s", printable(path), note))
		}
		pixels = append(pixels, image...)
		kept = append(kept, labels[i])
		hashes = append(hashes, hash)
	}
	if doubtful != nil {
		r.opt.warn(errors.Errorf("%s: %d of %d drawings are doubtful: %s", printable(dir), len(doubtful), len(files), firstOf(doubtful)))
	}
	if bad == nil {
		return pixels, kept, hashes, nil
	}
	message := fmt.Sprintf("%s: %d of %d files are not usable: %s", printable(dir), len(bad), len(files), firstOf(bad))
	if !r.opt.SkipBad {
		return nil, nil, nil, errors.Wrap(ErrFormat, message)
	}
	r.opt.warn(errors.New(message))
	return pixels, kept, hashes, nil
}

// firstOf lists errors in one line: the first ones, and how many more there are.
func firstOf(all []error) string {
	const most = 5
	list := make([]string, 0, most)
	for _, err := range all[:min(len(all), most)] {
		list = append(list, err.Error())
	}
	text := strings.Join(list, "; ")
	if more := len(all) - most; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// readFile reads one image as the bytes of the set's shape, the first 64 bits of the SHA-256 of the
// file, and what is doubtful about it.
func (r folderReader) readFile(path string) (image []byte, hash uint64, note string, err error) {
	f, _, err := openRegular(path)
	if err != nil {
		return nil, 0, "", err
	}
	defer f.Close()
	content := sha256.New()
	img, err := DecodeImage(io.TeeReader(f, content), path) // reads the whole file
	if err != nil {
		return nil, 0, "", err
	}
	image, note, err = r.to.convert(img)
	return image, binary.BigEndian.Uint64(content.Sum(nil)), note, errors.WithMessage(err, printable(path))
}
