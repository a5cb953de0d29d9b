package dataset

import (
	"context"
	"os"
	"path/filepath"

	"github.com/pkg/errors"
)

// Options say how Open finds and reads a data set. The zero value is a good choice.
type Options struct {
	// Context ends a download or the reading of a folder early; nil is context.Background().
	Context context.Context
	// MNISTDir, if given, is the one place where "mnist" is looked for.
	MNISTDir string
	// CacheDir is where "mnist" is kept once it was downloaded, by default lastlayer/mnist in the
	// user's cache folder.
	CacheDir string
	// Progress, if given, is told of a download: a file's name, its bytes so far, and in all.
	Progress func(file string, done, total int64)
	// Warn, if given, is told, in one line, of what went otherwise than planned but is no error.
	Warn func(message string)
	// Shape is what the images of a folder become, [C,H,W], by default [1,28,28]; see Folder images in
	// the package comment. IDX files have the shape they have.
	Shape []int
	// Prep is what the photos of a folder go through for a network whose Preprocessing is that of
	// photos; Shape is its images' then. Another Preprocessing changes nothing.
	Prep Preprocessing
	// SkipBad leaves out the files of an image folder that cannot be read, and warns of them, where
	// otherwise they are an error, a *BadFiles. Skipped, if given, gets all that are left out.
	SkipBad bool
	Skipped func(*BadFiles)
	// Checked, if given, is told how many files of an image folder, training or test images, have been
	// read or, of photos, checked.
	Checked func(done, of int)
}

func (o Options) context() context.Context {
	if o.Context == nil {
		return context.Background()
	}
	return o.Context
}

func (o Options) warn(err error) {
	if o.Warn != nil {
		o.Warn(err.Error())
	}
}

// Open returns the training and the test images of a data set. The name is "mnist", "sample" (see
// the package comment), a file like Keras's mnist.npz, or the path of a folder: of IDX files under
// MNIST's usual names, plain or .gz, or of one sub-folder of images per class. A folder of the name
// mnist is "./mnist". Of a folder with the files of several parts of EMNIST, as its archive has, one is
// "folder/emnist-letters".
//
// The error wraps ErrNotFound, ErrFormat, ErrClass, ErrChecksum, ErrTooLarge, or what the system or
// the context said.
func Open(name string, opt Options) (train, test *Set, err error) {
	switch name {
	case "mnist":
		return newMNIST(opt).open()
	case "sample":
		return openSample()
	}
	dir, part := name, ""
	info, err := os.Stat(dir)
	if errors.Is(err, os.ErrNotExist) {
		dir, part = folderAndPart(name)
		info, err = os.Stat(dir)
	}
	switch {
	case err == nil && info.Mode().IsRegular() && part == "":
		return openFile(name, opt)
	case err != nil || !info.IsDir():
		return nil, nil, errors.Wrapf(ErrNotFound, `data %q: expected "mnist", "sample", a folder, or a file like Keras's mnist.npz`, name)
	}
	switch folders := idxFolders(dir); {
	case len(folders) > 1:
		return nil, nil, errors.Wrapf(ErrFormat, "%s: found IDX files in %s, expected one data set: name one of these folders", printable(dir), someOf(folders))
	case len(folders) == 1:
		set, err := findIDX(folders[0], part)
		if err != nil {
			return nil, nil, err
		}
		if folders[0] != dir {
			opt.warn(errors.Errorf("%s: the data are the IDX files in %s", printable(name), printable(folders[0])))
		}
		return openIDX(name, set, opt)
	case part != "":
		return nil, nil, errors.Wrapf(ErrNotFound, "%s: found no IDX files of emnist-%s", printable(dir), part)
	}
	return openFolder(name, opt)
}

// openFile reads a data set that is one file.
func openFile(path string, opt Options) (train, test *Set, err error) {
	if _, is := parseIDXName(filepath.Base(path)); is {
		return nil, nil, errors.Wrapf(ErrFormat, "%s: found one IDX file, expected the folder with the four of a data set", printable(path))
	}
	f, size, err := openRegular(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return openNPZ(f, size, path, opt)
}
