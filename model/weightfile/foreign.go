package weightfile

import (
	"io"
	"path/filepath"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// ReadTensors reads all tensors of a safetensors or npz file, or of the state
// dictionary in a PyTorch file, recognised by content. Half and double
// precision become float32, big-endian, Fortran order and strides are undone.
// What is not floating point is listed without values. Numbers that are not
// finite as float32 are an error; no code of a pickle is run. The error's cause
// is ErrFormat, ErrForeign or one of the operating system; for any other file
// it says what the file is.
func ReadTensors(path string) (*Tensors, error) {
	f, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return decodeTensors(f, size, path)
}

func decodeTensors(r io.ReaderAt, size int64, file string) (*Tensors, error) {
	c, err := IdentifyBytes(r, size)
	if err != nil {
		return nil, errors.Wrap(err, file)
	}
	if c.tensors != nil {
		return c.tensors(r, size, file)
	}
	return nil, c.Refusal(file, "weights as safetensors, npz or a PyTorch state dictionary")
}

// WriteTensors writes tensors to path, as Write does a model: whole or not at
// all. The ending of the path says the format, .safetensors or .npz; npz has
// no place for Metadata. All tensors are written as float32 and need Values as
// their Shape says, finite, and names of their own in UTF-8. The error has
// ErrModel as its cause, or one of the operating system.
func WriteTensors(path string, t *Tensors) error {
	if t == nil || len(t.List) == 0 {
		return fault(ErrModel, path, "found no tensors, expected one or more")
	}
	views := map[string]view{}
	for _, e := range t.List {
		n, err := count(e.Shape, 1<<40)
		if err == nil {
			err = checkFinite(e.Values)
		}
		if err != nil {
			return fault(ErrModel, path, "%.100q: %v", e.Name, err)
		}
		if _, twice := views[e.Name]; twice || n == 0 || e.Name == "" || !utf8.ValidString(e.Name) || n != len(e.Values) {
			return fault(ErrModel, path, "%.100q: found %d numbers of shape %v, expected a name of its own and %d numbers", e.Name, len(e.Values), e.Shape, n)
		}
		views[e.Name] = view{e.Shape, e.Values}
	}
	switch ending := filepath.Ext(path); ending {
	case ".npz":
		return replaceModel(path, func(w io.Writer) error { return errors.WithStack(writeNPZ(w, t.List)) })
	case ".safetensors":
		return writeSafetensors(path, t.Metadata, views)
	default:
		return fault(ErrModel, path, "found the ending %q, expected .safetensors or .npz", ending)
	}
}
