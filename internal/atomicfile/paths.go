package atomicfile

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// Writable returns an error unless a file can be made beside path and put in
// its place.
func Writable(path string) error {
	info, err := os.Stat(path)
	if err != nil && !os.IsNotExist(err) {
		return errors.Wrapf(err, "write %s", path)
	}
	if err == nil && !info.Mode().IsRegular() {
		kind := "device or pipe"
		if info.IsDir() {
			kind = "folder"
		}
		return errors.Errorf("write %s: found a %s, expected a file or nothing", path, kind)
	}
	folder, base := split(path)
	if base == "" {
		return errors.Errorf("write %q: found no name of a file", path)
	}
	f, err := os.CreateTemp(folder, ".lastlayer-*")
	if err != nil {
		return errors.Wrapf(err, "write %s", path)
	}
	f.Close()
	return os.Remove(f.Name())
}

// Same reports whether two paths name one file, or would once it is made.
func Same(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	if errA == nil || errB == nil {
		return false
	}
	folderA, baseA := place(a)
	folderB, baseB := place(b)
	infoA, errA = os.Stat(folderA)
	infoB, errB = os.Stat(folderB)
	if errA != nil || errB != nil {
		return folderA == folderB && baseA == baseB
	}
	return os.SameFile(infoA, infoB) && (baseA == baseB || sameName(folderA, baseA, baseB))
}

// place returns the folder and the name under which a file would be made: those
// that a link points to, if path is one.
func place(path string) (folder, base string) {
	for range 40 { // links in a row, as Linux follows them
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	path = filepath.Clean(path)
	return filepath.Dir(path), filepath.Base(path)
}

// sameName reports whether the folder's file system takes two names for one, as
// many do that ignore case.
func sameName(folder, a, b string) bool {
	f, err := os.CreateTemp(folder, ".lastlayer-*-"+a)
	if err != nil {
		return false // writing there gives the error
	}
	defer os.Remove(f.Name())
	defer f.Close()
	_, err = os.Stat(strings.TrimSuffix(f.Name(), a) + b)
	return err == nil
}
