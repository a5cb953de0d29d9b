package dataset

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// maxZipDirectory bounds the part of a zip archive that archive/zip reads into memory at once.
const maxZipDirectory = 1 << 20

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
	if err := checkZipDirectory(f, size); err != nil {
		return nil, errors.Wrap(err, printable(path))
	}
	z, err := zip.NewReader(f, size)
	if err != nil {
		return nil, errors.Wrapf(ErrFormat, "%s: zip archive: %v", printable(path), err)
	}
	entries := map[string]*zip.File{}
	for _, e := range z.File {
		entries[strings.TrimSuffix(e.Name, ".npy")] = e
	}
	for _, name := range npzArrays {
		if entries[name] == nil {
			return nil, errors.Wrapf(ErrNotFound, "%s: %s: found the arrays %s, expected %s", printable(path), name,
				someOf(slices.Sorted(maps.Keys(entries))), someOf(npzArrays[:]))
		}
	}
	return entries, nil
}

// checkZipDirectory holds that the archive ends as NumPy ends it, with its directory just before the
// end record (APPNOTE.TXT 4.3.16), and that the directory is small.
func checkZipDirectory(r io.ReaderAt, size int64) error {
	var end [22]byte
	if _, err := r.ReadAt(end[:], size-int64(len(end))); err != nil {
		return errors.Wrapf(ErrFormat, "end of the zip archive: %v", err)
	}
	length, offset := int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	switch {
	case !bytes.HasPrefix(end[:], []byte("PK\x05\x06")) || offset+length != size-int64(len(end)):
		return errors.Wrap(ErrFormat, "end of the zip archive: not found where expected: cut short or damaged")
	case length > maxZipDirectory:
		return errors.Wrapf(ErrTooLarge, "directory of the zip archive: found %d bytes, expected at most %d", length, maxZipDirectory)
	}
	return nil
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
