package command

import (
	"path/filepath"

	"github.com/lastlayer/lastlayer/internal/atomicfile"
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
			if atomicfile.Same(a.path, b.path) {
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
