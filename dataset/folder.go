package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// testShare is the part of an image folder that becomes its test images where it has no test folder.
const testShare = 0.2

// openFolder reads a folder of images: one sub-folder per class, or such folders beneath train and
// test. Classes are the names of the sub-folders of the training images, in ascending order.
func openFolder(dir string, opt Options) (train, test *Set, err error) {
	to, err := conversionTo(opt.Shape)
	if err != nil {
		return nil, nil, err
	}
	subs, err := subFolders(dir)
	if err != nil {
		return nil, nil, err
	}
	if len(subs) == 0 {
		return nil, nil, errors.Wrapf(ErrNotFound, "%s: found neither IDX files nor sub-folders of images", printable(dir))
	}
	trainDir, testDir, classes, err := halvesOf(dir, subs, opt)
	if err != nil {
		return nil, nil, err
	}
	r := folderReader{opt: opt, to: to, classes: classes}
	if train, err = r.read(trainDir, dir+"/train"); err != nil {
		return nil, nil, err
	}
	for class, n := range train.Counts() {
		if n == 0 {
			return nil, nil, errors.Wrapf(ErrClass, "%s: class %s: found no images, expected one or more", printable(trainDir), classes[class])
		}
	}
	if testDir == "" {
		train, test, err = train.Split(testShare, opt.Seed)
		if err != nil {
			return nil, nil, err
		}
		train.Name, test.Name = dir+"/train", dir+"/test"
		opt.warn(errors.Errorf("%s: no test folder; %d of %d images, drawn with seed %d, are the test images",
			printable(dir), test.Len(), train.Len()+test.Len(), opt.Seed))
		return train, test, nil
	}
	test, err = r.read(testDir, dir+"/test")
	return train, test, err
}

// halvesOf returns the folder of training images with its classes, and that of test images or "".
// A folder train without sub-folders is no half, but images of the class of that name.
func halvesOf(dir string, subs []string, opt Options) (trainDir, testDir string, classes []string, err error) {
	if !slices.Contains(subs, "train") {
		return dir, "", subs, nil
	}
	trainDir = filepath.Join(dir, "train")
	if classes, err = subFolders(trainDir); err != nil || len(classes) == 0 {
		return dir, "", subs, err
	}
	for _, sub := range subs {
		switch sub {
		case "train":
		case "test":
			testDir = filepath.Join(dir, "test")
		default:
			opt.warn(errors.Errorf("%s: the folder %s beside train is not used", printable(dir), printable(sub)))
		}
	}
	return trainDir, testDir, classes, nil
}

// subFolders returns the names of the folders in a folder, in ascending order, hidden ones left out.
func subFolders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		// Stat, since a link to a folder is as good as a folder.
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// folderReader reads sub-folders of images as the images of given classes.
type folderReader struct {
	opt     Options
	to      conversion
	classes []string
}

// read reads all images beneath a folder. A sub-folder that is no class is an ErrClass.
func (r folderReader) read(dir, name string) (*Set, error) {
	subs, err := subFolders(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	var labels []int
	for _, sub := range subs {
		label := slices.Index(r.classes, sub)
		if label < 0 {
			return nil, errors.Wrapf(ErrClass, "%s: found the class %s, expected those of the training images, %s", printable(dir), printable(sub), someOf(r.classes))
		}
		names, err := visibleFiles(filepath.Join(dir, sub))
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			files = append(files, filepath.Join(dir, sub, n))
			labels = append(labels, label)
		}
	}
	size := r.to.shape[0] * r.to.shape[1] * r.to.shape[2]
	if len(files) > maxIDX/size {
		return nil, errors.Wrapf(ErrTooLarge, "%s: found %d images, expected at most %d of %v", printable(dir), len(files), maxIDX/size, r.to.shape)
	}
	pixels, labels, err := r.readFiles(dir, files, labels)
	if err != nil {
		return nil, err
	}
	if len(labels) == 0 {
		return nil, errors.Wrapf(ErrNotFound, "%s: found no images in its %d sub-folders", printable(dir), len(subs))
	}
	return NewSet(name, r.to.shape, pixels, labels, r.classes, r.to.prep)
}

// visibleFiles returns the names of all but hidden entries of a folder, in ascending order.
func visibleFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// readFiles reads images into one piece, [len(labels),C,H,W], and returns the labels of those that
// could be read. What could not is one error for all, or with Options.SkipBad one warning.
func (r folderReader) readFiles(dir string, files []string, labels []int) (pixels []byte, kept []int, err error) {
	var bad []error
	for i, path := range files {
		if err := r.opt.context().Err(); err != nil {
			return nil, nil, errors.Wrap(err, printable(dir))
		}
		image, err := r.readFile(path)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		pixels = append(pixels, image...)
		kept = append(kept, labels[i])
	}
	if bad == nil {
		return pixels, kept, nil
	}
	const most = 5
	list := make([]string, 0, most)
	for _, err := range bad[:min(len(bad), most)] {
		list = append(list, err.Error())
	}
	message := fmt.Sprintf("%s: %d of %d files are not usable: %s", printable(dir), len(bad), len(files), strings.Join(list, "; "))
	if more := len(bad) - most; more > 0 {
		message += fmt.Sprintf("; and %d more", more)
	}
	if !r.opt.SkipBad {
		return nil, nil, errors.Wrap(ErrFormat, message)
	}
	r.opt.warn(errors.New(message))
	return pixels, kept, nil
}

// readFile reads one image as the bytes of the set's shape.
func (r folderReader) readFile(path string) ([]byte, error) {
	f, _, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, err := DecodeImage(f, path)
	if err != nil {
		return nil, err
	}
	out, err := r.to.convert(img)
	return out, errors.WithMessage(err, printable(path))
}
