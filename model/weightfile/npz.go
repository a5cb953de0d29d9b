package weightfile

import (
	"archive/zip"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/internal/npz"
)

// An npz file may unpack to this many bytes, with its numbers as float32, and
// to npzRatio times its own length more. Weights hardly compress; zeros do, a
// thousandfold.
const (
	npzUnpacked = 32 << 20
	npzRatio    = 4
)

// notArray is the type of an entry that is no array.
const notArray = "not an array"

// openNPZ reads the arrays of an npz file.
func openNPZ(r io.ReaderAt, size int64, file string) (*Tensors, error) {
	z, err := npz.Open(r, size)
	if err != nil {
		return nil, fault(ErrFormat, file, "%v (%s)", err, againHint)
	}
	return readNPZ(z, size, file)
}

// readNPZ reads the arrays of an npz file of that size, as np.savez or
// np.savez_compressed write it. Other entries are listed without values.
// Nothing is unpickled and nothing is unpacked to disk.
func readNPZ(z *zip.Reader, size int64, file string) (*Tensors, error) {
	t := &Tensors{File: file}
	seen := map[string]bool{}
	room := npzUnpacked + npzRatio*size
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue // a folder holds nothing itself
		}
		if seen[f.Name] || f.Name == ".npy" {
			return nil, fault(ErrFormat, file, "found the entry %.100q, expected names, each once", f.Name)
		}
		seen[f.Name] = true
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok || strings.HasPrefix(f.Name, macFolder) {
			t.List = append(t.List, Tensor{Name: f.Name, DType: notArray})
			continue
		}
		e, err := readEntry(f, name, room)
		if err != nil {
			return nil, fault(ErrFormat, file, "%.100s: %v", fmt.Sprintf("%q", name), err)
		}
		room -= 4 * int64(len(e.Values))
		t.List = append(t.List, e)
	}
	return t, nil
}

// macFolder is where macOS puts what it knows of the files in an archive,
// under their names.
const macFolder = "__MACOSX/"

func readEntry(f *zip.File, name string, room int64) (Tensor, error) {
	r, err := f.Open()
	if err != nil {
		return Tensor{}, err
	}
	defer r.Close()
	return readNPY(r, name, room)
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
		if _, err := e.Write(npz.Prefix("<f4", t.Shape)); err != nil {
			return err
		}
		if _, err := e.Write(view{t.Shape, t.Values}.Data()); err != nil {
			return err
		}
	}
	return z.Close()
}
