package torch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"strings"

	"github.com/lastlayer/lastlayer/internal/typednil"
	"github.com/pkg/errors"
)

// ReadZip reads a PyTorch file of that size that is a zip archive. Records that are
// compressed, as PyTorch never writes them, may unpack to room bytes.
func ReadZip(z *zip.Reader, file io.ReaderAt, size, room int64) (*File, error) {
	if z == nil || typednil.Is(file) || size < 0 {
		return nil, errors.Errorf("found no archive, or one of %d bytes, expected one to read", size)
	}
	folder, entries, err := list(z)
	if err != nil {
		return nil, err
	}
	open := func(name string) (*record, error) {
		r, err := openRecord(entries[name], file, room)
		if err == nil && r.entry == nil {
			room -= r.bytes
		}
		return r, errors.Wrapf(err, "%q", folder+name)
	}
	pickled, err := open("data.pkl")
	if err != nil {
		return nil, err
	}
	if err := pickled.verify(); err != nil {
		return nil, err
	}
	p := newParser(size)
	root, _, err := p.unpickle(pickled.data, 0, pickled.bytes)
	if err != nil {
		return nil, err
	}
	records := map[string]*record{}
	f, err := finish(root, func(key string) (*record, error) {
		if records[key] == nil {
			if entries["data/"+key] == nil {
				return nil, errors.New("found no record of it")
			}
			if records[key], err = open("data/" + key); err != nil {
				return nil, err
			}
		}
		return records[key], nil
	})
	if err != nil {
		return nil, err
	}
	if entries["byteorder"] != nil {
		order, err := open("byteorder")
		if err != nil {
			return nil, err
		}
		var text [8]byte
		n, _ := order.data.ReadAt(text[:min(order.bytes, int64(len(text)))], 0)
		switch string(text[:n]) {
		case "little":
		case "big":
			f.Order = binary.BigEndian
		default:
			return nil, errors.Errorf("byteorder: found %q, expected little or big", text[:n])
		}
	}
	return f, nil
}

// list returns the entries by their name below the folder with data.pkl.
func list(z *zip.Reader) (folder string, entries map[string]*zip.File, err error) {
	found := 0
	for _, f := range z.File {
		if path.Base(f.Name) == "data.pkl" && !strings.HasPrefix(f.Name, "__MACOSX/") {
			folder, found = strings.TrimSuffix(f.Name, "data.pkl"), found+1
		}
	}
	if found != 1 {
		return "", nil, errors.Errorf("found %d entries data.pkl, expected one", found)
	}
	entries = map[string]*zip.File{}
	for _, f := range z.File {
		if name, ok := strings.CutPrefix(f.Name, folder); ok {
			if entries[name] != nil {
				return "", nil, errors.Errorf("found the entry %.100q twice", f.Name)
			}
			entries[name] = f
		}
	}
	return folder, entries, nil
}

// openRecord gives access to an entry: to the file itself where it is stored as
// it is, and otherwise to its unpacked bytes, of which there may be room.
func openRecord(entry *zip.File, file io.ReaderAt, room int64) (*record, error) {
	size := entry.UncompressedSize64
	if entry.Method == zip.Store {
		at, err := entry.DataOffset()
		if err != nil {
			return nil, err
		}
		if entry.CompressedSize64 != size || size > 1<<62 {
			return nil, errors.Errorf("found %d bytes, expected %d", entry.CompressedSize64, size)
		}
		return &record{int64(size), io.NewSectionReader(file, at, int64(size)), entry}, nil
	}
	if size > uint64(max(room, 0)) {
		return nil, errors.Errorf("found %d bytes, compressed, expected at most %d", size, room)
	}
	in, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	data := make([]byte, size)
	if _, err := io.ReadFull(in, data); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(in, make([]byte, 1)); err != io.EOF { // where the checksum is verified
		return nil, errors.Errorf("found more than %d bytes, or a wrong checksum (%v)", size, err)
	}
	return &record{int64(size), bytes.NewReader(data), nil}, nil
}
