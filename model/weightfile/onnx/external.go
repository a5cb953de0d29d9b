package onnx

import (
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pkg/errors"
)

// readExternal reads the numbers of a tensor that lie in a file of their own. It
// must be in the network's folder: os.Root follows no path or link out of it.
func (t *initial) readExternal(folder string, length int) ([]byte, error) {
	name := t.external["location"]
	if folder == "" || !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, unsupported("tensor %.100q: found external data at %.200q, expected a path within the network's own folder", t.name, name)
	}
	offset, err := t.externalNumber("offset", 0)
	if err != nil {
		return nil, err
	}
	stated, err := t.externalNumber("length", int64(length))
	if err != nil {
		return nil, err
	}
	if stated != int64(length) {
		return nil, damaged("tensor %.100q: found %d bytes of external data, expected %d for shape %v", t.name, stated, length, t.dims)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	defer root.Close()
	info, err := root.Stat(filepath.FromSlash(name))
	switch {
	case os.IsNotExist(err):
		return nil, errors.Wrapf(err, "tensor %.100q: its numbers are in a file beside the network (copy both)", t.name)
	case err != nil:
		return nil, unsupported("tensor %.100q: external data at %.200q: %v: expected a file within the network's own folder", t.name, name, err)
	case !info.Mode().IsRegular():
		return nil, unsupported("tensor %.100q: found external data at %.200q, expected a regular file within the network's own folder", t.name, name)
	case offset > info.Size() || int64(length) > info.Size()-offset:
		return nil, damaged("tensor %.100q: expected %d bytes from %d in %.200q, which has %d (copy it again)", t.name, length, offset, name, info.Size())
	}
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, errors.WithStack(err)
	}
	defer f.Close()
	data := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(f, offset, int64(length)), data); err != nil {
		return nil, errors.Wrapf(err, "tensor %.100q: %.200q", t.name, name)
	}
	return data, nil
}

func (t *initial) externalNumber(key string, byDefault int64) (int64, error) {
	text, ok := t.external[key]
	if !ok {
		return byDefault, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, damaged("tensor %.100q: found external data with %s %.30q, expected a number from 0", t.name, key, text)
	}
	return n, nil
}
