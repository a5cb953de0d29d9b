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

// mapFrom maps the values of r, to be read only, from byte offset, a multiple
// of four, of a file that is known to hold them.
func (r *rows) mapFrom(f *os.File, offset int64) error {
	m, err := mmap.MapRegion(f, int(offset+r.bytes()), mmap.RDONLY, 0, 0)
	if err != nil {
		return errors.Wrapf(err, "map %s", f.Name())
	}
	r.values = unsafe.Slice((*float32)(unsafe.Pointer(&m[offset])), r.bytes()/4)
	r.release = m.Unmap
	return nil
}

// fillMapped gives r the values that run gives, in a temporary file that is
// mapped. The file is written as any other and mapped afterwards: a full disk
// is then an error, not a fault.
func (r *rows) fillMapped(run runner) (err error) {
	f, err := os.CreateTemp("", "lastlayer-features-*")
	if err != nil {
		return errors.Wrap(err, "file for the features")
	}
	// Most systems let go of the name while the file is open: then nothing is
	// left even of a run that is killed. Where they do not, Close removes it.
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
		_ = r.close() // the error that is returned came first
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
