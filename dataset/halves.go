package dataset

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// halves are the folders of training and of test images in a tree.
type halves struct {
	tree
	train   string   // "" if it is the tree itself
	test    string   // "" if there is none
	classes []string // names of the training folder's sub-folders, in ascending order
}

// halfNames are the names that folders of images are given, in any case, by the half they stand for.
var halfNames = map[string]string{
	"train": "train", "training": "train",
	"test": "test", "testing": "test",
	"val": "val", "valid": "val", "validation": "val",
}

// halvesOf finds the halves of a tree. A folder named as training images without sub-folders is no
// half, but images of the class of that name.
func halvesOf(t tree, opt Options) (halves, error) {
	dir := t.path("")
	subs, err := subFolders(t, "")
	if err != nil {
		return halves{}, err
	}
	if len(subs) == 0 {
		return halves{}, errors.Wrapf(ErrNotFound, "%s: found neither IDX files nor sub-folders of images, expected train-images-idx3-ubyte and the others of MNIST, or a folder a class%s", printable(dir), npzHint(t))
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
	h := halves{tree: t}
	if named["train"] != "" {
		classes, err := subFolders(t, named["train"])
		if err != nil {
			return halves{}, err
		}
		if len(classes) > 0 {
			h.train, h.test = named["train"], testHalf(dir, named, others, opt)
			return h, h.setClasses(classes)
		}
	}
	for _, half := range []string{"test", "val"} {
		if named[half] == "" {
			continue
		}
		if deeper, err := subFolders(t, named[half]); err == nil && len(deeper) > 0 {
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
	return test
}

// setClasses names the classes after sub-folders. Two whose names differ only in how their letters are
// written are one class.
func (h *halves) setClasses(subs []string) error {
	for _, sub := range subs {
		if !validName(canonicalName(sub)) {
			return errors.Wrapf(ErrFormat, "%s: found the class folder %q, expected a name of printable characters on one line, in UTF-8: rename it", printable(h.path(h.train)), sub)
		}
	}
	h.classes = canonicalNames(subs)
	slices.Sort(h.classes)
	h.classes = slices.Compact(h.classes)
	if len(h.classes) > 1 {
		return nil
	}
	hint := ""
	inner := path.Join(h.train, subs[0])
	if deeper, err := subFolders(h, inner); err == nil && len(deeper) > 0 {
		hint = "; if the folders in it are the classes, name " + printable(h.path(inner))
	}
	return errors.Wrapf(ErrClass, "%s: found one class, %s, expected two or more sub-folders%s", printable(h.path(h.train)), printable(h.classes[0]), hint)
}

// npzHint tells of NumPy files in a folder, which are named themselves.
func npzHint(t tree) string {
	files, _, err := filesIn(t, "")
	if err != nil {
		return ""
	}
	if i := slices.IndexFunc(files, func(name string) bool { return strings.EqualFold(filepath.Ext(name), ".npz") }); i >= 0 {
		return "; name the file " + printable(t.path(files[i])) + " itself"
	}
	return ""
}
