package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// halves are the folders of training and of test images.
type halves struct {
	train   string
	test    string   // "" if there is none
	classes []string // names of the training folder's sub-folders, in ascending order
}

// halfNames are the names that folders of images are given, in any case, by the half they stand for.
var halfNames = map[string]string{
	"train": "train", "training": "train",
	"test": "test", "testing": "test",
	"val": "val", "valid": "val", "validation": "val",
}

// halvesOf finds the halves of a folder. A folder named as training images without sub-folders is no
// half, but images of the class of that name.
func halvesOf(dir string, opt Options) (halves, error) {
	subs, err := subFolders(dir)
	if err != nil {
		return halves{}, err
	}
	if len(subs) == 0 {
		return halves{}, errors.Wrapf(ErrNotFound, "%s: found neither IDX files nor sub-folders of images, expected train-images-idx3-ubyte and the others of MNIST, or a folder a class%s", printable(dir), npzHint(dir))
	}
	named := map[string]string{} // folder by half
	var others []string
	for _, sub := range subs {
		half, is := halfNames[strings.ToLower(sub)]
		switch {
		case !is:
			others = append(others, sub)
		case named[half] != "":
			return halves{}, errors.Wrapf(ErrFormat, "%s: found the folders %s and %s, expected one of them", printable(dir), named[half], sub)
		default:
			named[half] = sub
		}
	}
	h := halves{train: dir}
	if named["train"] != "" {
		trainDir := filepath.Join(dir, named["train"])
		classes, err := subFolders(trainDir)
		if err != nil {
			return halves{}, err
		}
		if len(classes) > 0 {
			h.train, h.test, subs = trainDir, testHalf(dir, named, others, opt), classes
			return h, h.setClasses(subs)
		}
	}
	for _, half := range []string{"test", "val"} {
		if named[half] == "" {
			continue
		}
		if deeper, err := subFolders(filepath.Join(dir, named[half])); err == nil && len(deeper) > 0 {
			return halves{}, errors.Wrapf(ErrNotFound, "%s: found the folder %s with sub-folders, expected a folder train of the same kind beside it", printable(dir), named[half])
		}
	}
	return h, h.setClasses(subs)
}

// testHalf returns the folder of test images beside one of training images, or "".
func testHalf(dir string, named map[string]string, others []string, opt Options) string {
	test, val := named["test"], named["val"]
	switch {
	case test == "" && val != "":
		opt.warn(errors.Errorf("%s: no test folder; the images in %s are the test images", printable(dir), val))
		test = val
	case val != "":
		others = append(others, val)
	}
	for _, other := range others {
		opt.warn(errors.Errorf("%s: the folder %s beside %s is not used", printable(dir), printable(other), named["train"]))
	}
	if test == "" {
		return ""
	}
	return filepath.Join(dir, test)
}

// setClasses names the classes after sub-folders. Two whose names differ only in how their letters are
// written are one class.
func (h *halves) setClasses(subs []string) error {
	for _, sub := range subs {
		if !validName(canonicalName(sub)) {
			return errors.Wrapf(ErrFormat, "%s: found the class folder %q, expected a name of printable characters on one line, in UTF-8: rename it", printable(h.train), sub)
		}
	}
	h.classes = canonicalNames(subs)
	slices.Sort(h.classes)
	h.classes = slices.Compact(h.classes)
	if len(h.classes) > 1 {
		return nil
	}
	hint := ""
	inner := filepath.Join(h.train, subs[0])
	if deeper, err := subFolders(inner); err == nil && len(deeper) > 0 {
		hint = "; if the folders in it are the classes, name " + printable(inner)
	}
	return errors.Wrapf(ErrClass, "%s: found one class, %s, expected two or more sub-folders%s", printable(h.train), printable(h.classes[0]), hint)
}

// subFolders returns the names of the folders in a folder, in ascending order, without hidden ones and
// those that archives made by macOS have beside the data.
func subFolders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || e.Name() == "__MACOSX" || e.Type().IsRegular() {
			continue
		}
		// Stat, since a link to a folder is as good as a folder.
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// filesIn returns the names of all entries of a folder, in ascending order, and apart from them hidden
// ones and what systems leave there.
func filesIn(dir string) (visible, hidden []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, errors.WithStack(err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasPrefix(name, "."), name == "__MACOSX", name == "Thumbs.db", name == "desktop.ini":
			hidden = append(hidden, name)
		default:
			visible = append(visible, name)
		}
	}
	return visible, hidden, nil
}

// npzHint tells of NumPy files in a folder, which are named themselves.
func npzHint(dir string) string {
	files, _, err := filesIn(dir)
	if err != nil {
		return ""
	}
	if i := slices.IndexFunc(files, func(name string) bool { return strings.EqualFold(filepath.Ext(name), ".npz") }); i >= 0 {
		return "; name the file " + printable(filepath.Join(dir, files[i])) + " itself"
	}
	return ""
}
