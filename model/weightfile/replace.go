package weightfile

import (
	"io"
	"os"

	"github.com/lastlayer/lastlayer/internal/atomicfile"
	"github.com/pkg/errors"
)

// ReplaceFile writes a file as Write does, for formats that this package does
// not know: the whole file appears at path, or on an error nothing.
func ReplaceFile(path string, write func(io.Writer) error) error {
	return inPlaceOf(path, atomicfile.ErrNotFile, atomicfile.Replace(path, write))
}

// replaceModel is ReplaceFile for weights.
func replaceModel(path string, write func(io.Writer) error) error {
	return inPlaceOf(path, ErrModel, atomicfile.Replace(path, write))
}

// ReplaceName is ReplaceFile where others may have put a link at path, as in a
// shared folder: the link is replaced, and the file that it names stays as it
// is.
func ReplaceName(path string, write func(io.Writer) error) error {
	return inPlaceOf(path, atomicfile.ErrNotFile, atomicfile.ReplaceName(path, write))
}

// inPlaceOf says what stands in the place of the file, where that is why it
// could not be written: an error of that cause.
func inPlaceOf(path string, cause, err error) error {
	if !errors.Is(err, atomicfile.ErrNotFile) {
		return err
	}
	info, statErr := os.Stat(path)
	if statErr != nil {
		return err
	}
	return errors.Wrapf(cause, "%s: found %s where the file is to be written", path, identifyOther(path, info).What)
}
