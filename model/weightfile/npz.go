package weightfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// An npz file may unpack to this many bytes, with its numbers as float32, and
// to npzRatio times its own length more. Weights hardly compress; zeros do, a
// thousandfold.
const (
	npzUnpacked = 32 << 20
	npzRatio    = 4
)

// maxDirectory bounds the part of a zip archive that archive/zip reads into
// memory at once: some 20,000 entries.
const maxDirectory = 1 << 20

// readNPZ reads a whole npz file of that size, as np.savez or
// np.savez_compressed write it. Nothing is unpickled and nothing is unpacked
// to disk.
func readNPZ(r io.ReaderAt, size int64, file string) (*Tensors, error) {
	if err := checkDirectory(r, size); err != nil {
		return nil, fault(ErrFormat, file, "%v (copy it again, or write it with np.savez)", err)
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fault(ErrFormat, file, "%v (copy it again, or write it with np.savez)", err)
	}
	t := &Tensors{File: file}
	seen := map[string]bool{}
	room := npzUnpacked + npzRatio*size
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		switch {
		case strings.HasSuffix(f.Name, ".pkl"):
			return nil, fault(ErrForeign, file, "found %.100q, a pickle, which could run code and is not read (%s)", f.Name, torchHint)
		case !ok || name == "" || seen[name]:
			return nil, fault(ErrFormat, file, "found the entry %.100q, expected names that end in .npy, each once", f.Name)
		}
		seen[name] = true
		e, err := readEntry(f, name, room)
		if err != nil {
			return nil, fault(ErrFormat, file, "%.100s: %v", fmt.Sprintf("%q", name), err)
		}
		room -= 4 * int64(len(e.Values))
		t.List = append(t.List, e)
	}
	return t, nil
}

func readEntry(f *zip.File, name string, room int64) (Tensor, error) {
	r, err := f.Open()
	if err != nil {
		return Tensor{}, err
	}
	defer r.Close()
	return readNPY(r, name, room)
}

// checkDirectory holds that the archive ends as np.savez ends it, with its
// directory just before the end record (APPNOTE.TXT 4.3.16), and that the
// directory is small.
func checkDirectory(r io.ReaderAt, size int64) error {
	var end [22]byte
	if size < int64(len(end)) {
		return errors.Errorf("size: found %d bytes, expected at least %d", size, len(end))
	}
	if _, err := r.ReadAt(end[:], size-int64(len(end))); err != nil {
		return err
	}
	length, offset := int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	if !bytes.HasPrefix(end[:], []byte("PK\x05\x06")) || offset+length != size-int64(len(end)) {
		return errors.New("end of the zip archive: not found where expected")
	}
	if length > maxDirectory {
		return errors.Errorf("directory of the zip archive: found %d bytes, expected at most %d", length, maxDirectory)
	}
	return nil
}

// writeNPZ writes float32 arrays, uncompressed as np.savez does, sorted by
// name and without times, so that the same arrays give the same bytes.
func writeNPZ(w io.Writer, list []Tensor) error {
	z := zip.NewWriter(w)
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range list {
		e, err := z.CreateHeader(&zip.FileHeader{Name: t.Name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if _, err := e.Write(npyPrefix(t.Shape)); err != nil {
			return err
		}
		if _, err := e.Write(view{t.Shape, t.Values}.Data()); err != nil {
			return err
		}
	}
	return z.Close()
}

// npyPrefix returns what stands before the numbers, version 1.0, padded so that
// they begin at a multiple of 64 bytes. The npyio package writes no slice with
// a shape of its own, which is why this is not left to it.
func npyPrefix(shape []int) []byte {
	var sides strings.Builder
	for i, side := range shape {
		if i > 0 {
			sides.WriteString(", ")
		}
		fmt.Fprint(&sides, side)
	}
	if len(shape) == 1 {
		sides.WriteString(",") // a tuple of one
	}
	text := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", &sides)
	text += strings.Repeat(" ", 63-(10+len(text))%64) + "\n"
	prefix := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(prefix[8:], uint16(len(text)))
	return append(prefix, text...)
}
