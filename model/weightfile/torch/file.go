package torch

import (
	"archive/zip"
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/pkg/errors"
)

// Tensor is an entry of a state dictionary.
type Tensor struct {
	Name string
	// DType is the type of its numbers, as safetensors calls it: F32, BF16,
	// I64, ...; of an entry that is no tensor, Python's name of its type.
	DType   string
	Shape   []int
	Strides []int // between neighbours along each axis, in numbers
	Span    int   // numbers from the first to the last in the file; 0 for what is no tensor
	at      int64 // of the first number in its storage, in bytes
	width   int
	storage *record
}

// File is what a file holds.
type File struct {
	Tensors []Tensor
	Path    []string         // the names under which the state dictionary was found
	Prefix  string           // what was removed from every name
	Order   binary.ByteOrder // of the numbers
}

// record is where a storage's numbers lie.
type record struct {
	bytes int64
	data  io.ReaderAt
	entry *zip.File // that it is an entry of, until its checksum is verified
}

// Numbers returns a reader of the Span numbers of a tensor, as they lie in the
// file.
func (t *Tensor) Numbers() (io.Reader, error) {
	if t == nil || t.storage == nil {
		return nil, errors.New("found no tensor, expected one of a File's that holds numbers")
	}
	if err := t.storage.verify(); err != nil {
		return nil, err
	}
	return io.NewSectionReader(t.storage.data, t.at, int64(t.Span)*int64(t.width)), nil
}

// verify holds a storage against its checksum, once.
func (r *record) verify() error {
	if r.entry == nil {
		return nil
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(r.data, 0, r.bytes)); err != nil {
		return err
	}
	if want := r.entry.CRC32; want != 0 && sum.Sum32() != want {
		return errors.Errorf("%q: found checksum %#08x, expected %#08x: damaged", r.entry.Name, sum.Sum32(), want)
	}
	r.entry = nil
	return nil
}

// finish makes a File of what a pickle gave. The records are asked for by the
// keys of their storages.
func finish(root any, records func(key string) (*record, error)) (*File, error) {
	state, path, err := find(root)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path, Order: binary.LittleEndian}
	for _, e := range state {
		name, ok := e.key.(string)
		if !ok {
			return nil, errors.Errorf("state dictionary: found a key of type %s, expected texts", typeOf(e.key))
		}
		t, ok := e.value.(*tensor)
		if !ok {
			f.Tensors = append(f.Tensors, Tensor{Name: name, DType: typeOf(e.value)})
			continue
		}
		if t.refused != "" {
			return nil, errors.Wrapf(ErrNotState, "tensor %.100q: found it %s, expected plain numbers (%s)", name, t.refused, t.advice)
		}
		made, err := t.place(name, records)
		if err != nil {
			return nil, errors.Wrapf(err, "tensor %.100q", name)
		}
		f.Tensors = append(f.Tensors, made)
	}
	f.Prefix = strip(f.Tensors)
	return f, nil
}

// place says where in the file a tensor's numbers lie.
func (t *tensor) place(name string, records func(key string) (*record, error)) (Tensor, error) {
	s := t.view.storage
	r, err := records(s.key)
	if err != nil {
		return Tensor{}, errors.Wrapf(err, "storage %.20q", s.key)
	}
	if want := int64(s.numbers) * int64(s.dtype.width); r.bytes != want {
		return Tensor{}, errors.Errorf("storage %.20q: found %d bytes, expected %d", s.key, r.bytes, want)
	}
	span, _ := t.span() // checked before
	at := int64(t.view.offset)*int64(s.dtype.width) + int64(t.offset)*int64(t.dtype.width)
	return Tensor{name, t.dtype.name, t.shape, t.strides, span, at, t.dtype.width, r}, nil
}
