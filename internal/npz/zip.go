package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"math"

	"github.com/pkg/errors"
)

// MaxDirectory bounds the part of a zip archive that archive/zip reads into
// memory at once: some 20,000 entries.
const MaxDirectory = 2 << 20

// Signatures and lengths of the records at the end of an archive, from
// APPNOTE.TXT 4.3.14 to 4.3.16.
const (
	zipEnd, zipEndLength         = "PK\x05\x06", 22
	zip64End, zip64EndLength     = "PK\x06\x06", 56
	zip64Locator, zip64LocLength = "PK\x06\x07", 20
)

// Open opens a zip archive of that size. Its directory must be small and stand just
// before the records at the end, since archive/zip reads on from where it
// begins for as long as it finds entries.
func Open(r io.ReaderAt, size int64) (*zip.Reader, error) {
	end, record, err := findZipEnd(r, size)
	if err != nil {
		return nil, err
	}
	length, offset := uint64(binary.LittleEndian.Uint32(record[12:])), uint64(binary.LittleEndian.Uint32(record[16:]))
	if end >= zip64LocLength+zip64EndLength {
		var b [zip64EndLength + zip64LocLength]byte
		if _, err := r.ReadAt(b[:], end-int64(len(b))); err != nil {
			return nil, err
		}
		if bytes.HasPrefix(b[:], []byte(zip64End)) && bytes.HasPrefix(b[zip64EndLength:], []byte(zip64Locator)) {
			end -= int64(len(b))
			if length == math.MaxUint32 || offset == math.MaxUint32 {
				length, offset = binary.LittleEndian.Uint64(b[40:]), binary.LittleEndian.Uint64(b[48:])
			}
		}
	}
	if length > uint64(end) || offset != uint64(end)-length {
		return nil, errors.New("directory of the zip archive: not found where expected: cut short or damaged")
	}
	if length > MaxDirectory {
		return nil, errors.Errorf("directory of the zip archive: found %d bytes, expected at most %d", length, MaxDirectory)
	}
	return zip.NewReader(r, size)
}

// findZipEnd returns the place of the end record, behind which only its comment
// stands, and its bytes.
func findZipEnd(r io.ReaderAt, size int64) (int64, []byte, error) {
	tail := make([]byte, min(size, zipEndLength+math.MaxUint16))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return 0, nil, err
	}
	for i := len(tail) - zipEndLength; i >= 0; i-- {
		if record := tail[i:]; bytes.HasPrefix(record, []byte(zipEnd)) && int(binary.LittleEndian.Uint16(record[20:])) == len(record)-zipEndLength {
			return size - int64(len(record)), record[:zipEndLength], nil
		}
	}
	return 0, nil, errors.New("end of the zip archive: not found: cut short or damaged")
}
