// Package atomicfile writes files whole or not at all.
package atomicfile

import (
	"bufio"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// ErrNotFile is the cause of the error about a path that names a device, a pipe
// or a folder: a rename would turn it into a file.
var ErrNotFile = errors.New("not a file")

// Replace puts what write writes at path, atomically: into a temporary file in
// the same folder, to disk, renamed over path, and the folder to disk. On an
// error the temporary file is removed and path is as it was.
func Replace(path string, write func(io.Writer) error) error {
	// A rename would replace a link, not the file it names.
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return ReplaceName(path, write)
}

// ReplaceName is Replace, but of a link it replaces the link itself.
func ReplaceName(path string, write func(io.Writer) error) error {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink {
		return errors.Wrapf(ErrNotFile, "%s: cannot be written", path)
	}
	folder, base := split(path)
	prefix := "." + strings.ToValidUTF8(base[:min(len(base), mostOfName)], "") + ".tmp-"
	temp := folder + prefix + strconv.FormatUint(rand.Uint64(), 36)
	if err := writeNew(temp, write); err != nil {
		return errors.Wrapf(err, "%s: cannot be written", path)
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return errors.Wrapf(err, "%s: cannot be written", path)
	}
	sweep(folder, prefix)
	return errors.Wrapf(syncFolder(folder), "%s: written, but perhaps not to disk", path)
}

// mostOfName is how many bytes of a file's name are in that of its temporary file:
// names may have 255.
const mostOfName = 200

// split returns the folder of a path as it stands there, with a separator at its
// end, and the file's name. filepath.Dir takes "missing/../file" for "file", which
// the system does not.
func split(path string) (folder, base string) {
	if folder, base = filepath.Split(path); folder == "" {
		folder = "." + string(filepath.Separator)
	}
	return folder, base
}

// writeNew makes a new file and leaves it complete and on disk, or not at all.
func writeNew(path string, write func(io.Writer) error) (err error) {
	if write == nil {
		return errors.New("found no function that writes")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return errors.WithStack(err)
	}
	complete := false // not so after a panic either
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil || !complete {
			os.Remove(path)
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	complete = true
	return f.Sync()
}

// sweep removes the temporary files of writers that were killed. A write takes
// seconds; a file that is an hour old belongs to no running one.
func sweep(folder, prefix string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // the file itself is written: leftovers can wait
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > time.Hour {
			os.Remove(folder + e.Name())
		}
	}
}

// syncFolder makes a rename last through a power cut. Windows has no such call.
func syncFolder(folder string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
