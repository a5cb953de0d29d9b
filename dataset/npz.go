package dataset

import (
	"archive/zip"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/internal/npz"
	"github.com/pkg/errors"
)

// npzArrays are the arrays of Keras's mnist.npz: images [N,H,W] and labels [N] of either half.
var npzArrays = [4]string{"x_train", "y_train", "x_test", "y_test"}

// openNPZ reads a data set of one file like Keras's mnist.npz, as np.savez or np.savez_compressed write
// it. The bounds are those of IDX files. Nothing is unpickled.
func openNPZ(f *os.File, size int64, path string, opt Options) (train, test *Set, err error) {
	entries, err := npzEntries(f, size, path)
	if err != nil {
		return nil, nil, err
	}
	room := max(maxIDXFree, size*maxIDXRatio)
	var halves [2]idxHalf
	for i := range halves {
		h := &halves[i]
		images, labels := npzArrays[2*i], npzArrays[2*i+1]
		h.labelsName = path + ", " + labels
		x, err := readNPZEntry(entries[images], images, room)
		if err == nil {
			h.shape, err = x.imageShape()
		}
		if err != nil {
			return nil, nil, errors.Wrapf(err, "%s: %s", printable(path), images)
		}
		h.pixels = x.data
		y, err := readNPZEntry(entries[labels], labels, room)
		if err == nil {
			h.labels, err = y.labels()
		}
		if err != nil {
			return nil, nil, errors.Wrapf(err, "%s: %s", printable(path), labels)
		}
	}
	if train, test, err = setsOfIDX(path, halves, strconv.Itoa); err == nil {
		compare(train, test, opt)
		train.checkBrightness(opt)
		test.checkBrightness(opt)
	}
	return train, test, err
}

// npzEntries returns the entries of an npz file by name, without the ending.
func npzEntries(f io.ReaderAt, size int64, path string) (map[string]*zip.File, error) {
	head := make([]byte, 4)
	if n, err := f.ReadAt(head, 0); err != nil || string(head) != "PK\x03\x04" {
		return nil, errors.Wrapf(ErrFormat, "%s: first bytes: found % x, expected a folder, or a file like Keras's mnist.npz", printable(path), head[:n])
	}
	z, err := npz.Open(f, size)
	if err != nil {
		return nil, errors.Wrapf(ErrFormat, "%s: %v", printable(path), err)
	}
	entries := map[string]*zip.File{}
	for _, e := range z.File {
		name := strings.TrimSuffix(e.Name, ".npy")
		if entries[name] != nil && slices.Contains(npzArrays[:], name) {
			return nil, errors.Wrapf(ErrFormat, "%s: found the array %s twice, expected it once", printable(path), name)
		}
		entries[name] = e
	}
	for _, name := range npzArrays {
		if entries[name] == nil {
			return nil, errors.Wrapf(ErrNotFound, "%s: %s: found the arrays %s, expected %s", printable(path), name,
				someOf(slices.Sorted(maps.Keys(entries))), someOf(npzArrays[:]))
		}
	}
	return entries, nil
}

// readNPZEntry reads one array, of at most room bytes.
func readNPZEntry(f *zip.File, name string, room int64) (npyArray, error) {
	r, err := f.Open()
	if err != nil {
		return npyArray{}, errors.Wrap(ErrFormat, err.Error())
	}
	defer r.Close()
	return readNPY(r, int64(f.CompressedSize64)*guessedRatio, room)
}
