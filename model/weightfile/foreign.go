package weightfile

import (
	"bytes"
	"io"
	"path/filepath"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// What to do with the files of others that are not read.
const (
	torchHint = "in PyTorch, write numpy.savez('w.npz', **{k: v.numpy() for k, v in state_dict.items()})"
	kerasHint = "in Keras, write numpy.savez('w.npz', **{v.path: v.numpy() for v in net.weights})"
)

// ReadTensors reads all tensors of a safetensors or npz file, whoever made it;
// which of the two is seen from its first bytes. Half and double precision
// become float32, big-endian and Fortran order are undone, integers are listed
// without values. Files that hold pickles, and numbers that are not finite as
// float32, are refused. The error's cause is ErrFormat, ErrForeign or one of
// the operating system.
func ReadTensors(path string) (*Tensors, error) {
	f, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return decodeTensors(f, size, path)
}

func decodeTensors(r io.ReaderAt, size int64, file string) (*Tensors, error) {
	var head [8]byte
	n, err := r.ReadAt(head[:min(size, int64(len(head)))], 0)
	if err != nil && err != io.EOF {
		return nil, errors.Wrap(err, file)
	}
	switch start := head[:n]; {
	case bytes.HasPrefix(start, []byte("PK")):
		return readNPZ(r, size, file)
	case bytes.HasPrefix(start, []byte("\x89HDF")):
		return nil, fault(ErrForeign, file, "found an HDF5 file, expected safetensors or npz (%s)", kerasHint)
	case bytes.HasPrefix(start, []byte("\x80\x02")) || bytes.HasPrefix(start, []byte("\x80\x04")):
		return nil, fault(ErrForeign, file, "found a pickle, which could run code and is not read (%s)", torchHint)
	case bytes.HasPrefix(start, []byte("\x93NUMPY")):
		return nil, fault(ErrForeign, file, "found a single array, expected several with names (write it with np.savez)")
	}
	return readSafetensors(r, size, file)
}

// WriteTensors writes tensors to path, as Write does a model: whole or not at
// all. The ending of the path says the format, .safetensors or .npz; npz has
// no place for Metadata. All tensors are written as float32 and need Values as
// their Shape says, finite, and names of their own in UTF-8. The error has
// ErrModel as its cause, or one of the operating system.
func WriteTensors(path string, t *Tensors) error {
	views := map[string]view{}
	for _, e := range t.List {
		n, err := count(e.Shape, 1<<40)
		if err == nil {
			err = checkFinite(e.Values)
		}
		if err != nil {
			return fault(ErrModel, path, "%.100q: %v", e.Name, err)
		}
		if _, twice := views[e.Name]; twice || e.Name == "" || !utf8.ValidString(e.Name) || n != len(e.Values) {
			return fault(ErrModel, path, "%.100q: found %d numbers of shape %v, expected a name of its own and %d numbers", e.Name, len(e.Values), e.Shape, n)
		}
		views[e.Name] = view{e.Shape, e.Values}
	}
	switch ending := filepath.Ext(path); ending {
	case ".npz":
		return replace(path, func(w io.Writer) error { return errors.WithStack(writeNPZ(w, t.List)) })
	case ".safetensors":
		return writeSafetensors(path, t.Metadata, views)
	default:
		return fault(ErrModel, path, "found the ending %q, expected .safetensors or .npz", ending)
	}
}

// ReplaceFile puts what write writes at path as Write puts a model: whole, on
// disk and under its name, or, on an error, not at all. It is for the formats
// that this package does not know.
func ReplaceFile(path string, write func(io.Writer) error) error { return replace(path, write) }
