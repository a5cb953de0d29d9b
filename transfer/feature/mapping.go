package feature

import (
	"os"
	"unsafe"

	"github.com/edsrzf/mmap-go"
	"github.com/pkg/errors"
)

// bytesOf returns the memory of v as bytes.
func bytesOf(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}

// mapFrom maps the values of r, read-only, from the file at offset, which must be a
// multiple of four. The file must be large enough.
func (r *rows) mapFrom(f *os.File, offset int64) error {
	m, err := mmap.MapRegion(f, int(offset+r.bytes()), mmap.RDONLY, 0, 0)
	if err != nil {
		return errors.Wrapf(err, "map %s", f.Name())
	}
	r.values = unsafe.Slice((*float32)(unsafe.Pointer(&m[offset])), r.bytes()/4)
	r.release = m.Unmap
	return nil
}

// fillMapped writes the values from run to a temporary file and maps it for r. The file
// is written normally and mapped afterwards, so that a full disk gives an error instead
// of a fault.
func (r *rows) fillMapped(run runner) (err error) {
	f, err := os.CreateTemp("", "lastlayer-features-*")
	if err != nil {
		return errors.Wrap(err, "file for the features")
	}
	// Most systems can remove the name of an open file. Then even a killed run leaves
	// nothing behind. On the others, Close removes it.
	remove := func() error { return nil }
	if os.Remove(f.Name()) != nil {
		remove = func() error { return os.Remove(f.Name()) }
	}
	err = run(func(_ int, values []float32) error {
		_, err := f.Write(bytesOf(values))
		return errors.Wrap(err, "file for the features")
	})
	if err == nil {
		err = r.mapFrom(f, 0)
	}
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = closeErr
	}
	if err != nil {
		_ = r.close() // the first error is returned
		_ = remove()
		return err
	}
	unmap := r.release
	r.release = func() error {
		err := unmap()
		if removeErr := remove(); err == nil {
			err = removeErr
		}
		return err
	}
	return nil
}
