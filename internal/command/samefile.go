package command

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/lastlayer/lastlayer/internal/command/report"
	"github.com/pkg/errors"
)

// namedFile is a file that a flag or an argument names.
type namedFile struct {
	flag    string
	path    string // "" where the flag is not given
	written bool
	with    string // flag that may name the same file
}

// apart returns a usage error when two flags name one file, by whatever path or
// link, and the command would write to it.
func apart(files ...namedFile) error {
	for i, a := range files {
		for _, b := range files[:i] {
			if a.path == "" || b.path == "" || !a.written && !b.written || a.with == b.flag || b.with == a.flag || a.flag == b.flag {
				continue
			}
			if sameFile(a.path, b.path) {
				return usage(errors.Errorf("%s %s and %s %s: found one file, expected two: the one would overwrite the other", b.flag, b.path, a.flag, a.path))
			}
		}
	}
	return nil
}

// reportFiles are those that a report in the folder consists of.
func reportFiles(folder string) []namedFile {
	if folder == "" {
		return nil
	}
	files := []namedFile{{flag: "--report", path: folder, written: true, with: "--cache-dir"}}
	for _, name := range report.Names() {
		files = append(files, namedFile{flag: "--report", path: filepath.Join(folder, name), written: true})
	}
	return files
}

// sameFile reports whether two paths name one file, or would once it is made.
func sameFile(a, b string) bool {
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
		return false // whoever writes there is told so
	}
	defer os.Remove(f.Name())
	defer f.Close()
	_, err = os.Stat(strings.TrimSuffix(f.Name(), a) + b)
	return err == nil
}
