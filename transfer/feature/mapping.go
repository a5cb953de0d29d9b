package feature

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"
	"unsafe"

	"github.com/edsrzf/mmap-go"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/pkg/errors"
)

// ErrFile is the cause of errors about a file of features that was truncated or changed
// while it was in use, or whose disk fails.
var ErrFile = errors.New("file of features lost")

// mapping is a file mapped into memory, read-only.
type mapping struct {
	bytes mmap.MMap
	path  string
	info  os.FileInfo // when it was mapped

	temporary bool // close removes it
}

// mapFile maps a file of that length.
func mapFile(f *os.File, length int64) (*mapping, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, errors.WithStack(err)
	}
	m, err := mmap.MapRegion(f, int(length), mmap.RDONLY, 0, 0)
	if err != nil {
		return nil, errors.Wrapf(err, "map %s", escape.Text(f.Name()))
	}
	return &mapping{bytes: m, path: f.Name(), info: info}, nil
}

// close unmaps the file.
func (m *mapping) close() error {
	if m == nil {
		return nil
	}
	err := m.bytes.Unmap()
	if m.temporary {
		if removeErr := os.Remove(m.path); err == nil {
			err = removeErr
		}
	}
	return err
}

// lost returns the error of a fault at that address, nil if it is not in the mapping.
func (m *mapping) lost(address uintptr) error {
	if m == nil || len(m.bytes) == 0 {
		return nil
	}
	if start := uintptr(unsafe.Pointer(&m.bytes[0])); address < start || address-start >= uintptr(len(m.bytes)) {
		return nil
	}
	return errors.Wrapf(ErrFile, "%s: truncated while in use, or its disk has failed", escape.Text(m.path))
}

// unchanged returns an error if the file has changed since it was mapped: what was read
// may be of both. Another file may have taken its place meanwhile.
func (m *mapping) unchanged() error {
	if m == nil || m.temporary {
		return nil
	}
	info, err := os.Stat(m.path)
	if err != nil || !os.SameFile(info, m.info) || info.Size() == m.info.Size() && info.ModTime().Equal(m.info.ModTime()) {
		return nil
	}
	return errors.Wrapf(ErrFile, "%s: changed while in use: found %d bytes of %s, expected %d of %s", escape.Text(m.path),
		info.Size(), info.ModTime().Format(time.RFC3339Nano), m.info.Size(), m.info.ModTime().Format(time.RFC3339Nano))
}

// guard calls read, which reads mapped files in this goroutine. If a file was truncated
// or its disk fails, the system raises a fault there, which would end the program. guard
// returns what lost makes of it instead. A fault elsewhere stays one.
func guard(lost func(address uintptr) error, read func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case interface {
			runtime.Error
			Addr() uintptr
		}:
			if err = lost(r.Addr()); err == nil {
				panic(r)
			}
		default:
			panic(r)
		}
	}()
	read()
	return nil
}

// mustRead is guard for methods that return no error.
func mustRead(lost func(address uintptr) error, read func()) {
	if err := guard(lost, read); err != nil {
		panic(dataset.Unreadable{Err: err})
	}
}

// bytesOf returns the memory of v as bytes.
func bytesOf(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}

// mapFrom maps the values of r from the file at offset, which must be a multiple of
// four. The file must be large enough.
func (r *rows) mapFrom(f *os.File, offset int64) error {
	m, err := mapFile(f, offset+r.bytes())
	if err != nil {
		return err
	}
	r.mapped, r.values = m, unsafe.Slice((*float32)(unsafe.Pointer(&m.bytes[offset])), r.bytes()/4)
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
	// nothing behind. On the others, close removes it.
	named := os.Remove(f.Name()) != nil
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
	if r.mapped != nil {
		r.mapped.temporary = named
	} else if named {
		_ = os.Remove(f.Name()) // the first error is returned
	}
	if err != nil {
		_ = r.close() // the first error is returned
	}
	return err
}
