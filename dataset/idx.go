package dataset

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os"

	"github.com/pkg/errors"
)

// Bounds of IDX files. One that says it is small costs little, whatever it says of its dimensions:
// memory grows with the bytes that are really there.
const (
	maxIDX       = 1 << 30  // bytes of data of any IDX file
	maxIDXFree   = 16 << 20 // bytes that any gzip file may unpack to
	maxIDXRatio  = 32       // times its size, that a larger gzip file may unpack to; MNIST's are under 5
	guessedRatio = 8        // times its size, that a gzip file is taken to unpack to before it has

	idxByte = 0x08 // type code of an unsigned byte
	idxInt  = 0x0c // and of an integer of four bytes
)

// ReadIDXImages reads an IDX file of grey images, plain or gzip. The shape is [N,1,H,W], pixels has as
// many bytes. The error wraps ErrFormat, ErrTooLarge or ErrNotFound.
func ReadIDXImages(path string) (shape []int, pixels []byte, err error) {
	dims, pixels, err := readIDXFile(path, 3)
	if err != nil {
		return nil, nil, err
	}
	return []int{dims[0], 1, dims[1], dims[2]}, pixels, nil
}

// ReadIDXLabels reads an IDX file of labels, plain or gzip: of bytes, or of rows of integers as QMNIST
// has them, the first of which is the label. The error is as for ReadIDXImages.
func ReadIDXLabels(path string) ([]byte, error) {
	dims, data, err := readIDXFile(path, 1)
	if err != nil || len(dims) == 1 {
		return data, err
	}
	labels, row := make([]byte, dims[0]), 4*dims[1]
	for i := range labels {
		label := binary.BigEndian.Uint32(data[i*row:])
		if label > math.MaxUint8 {
			return nil, errors.Wrapf(ErrFormat, "%s: label %d: found %d, expected 0 to 255", printable(path), i, int32(label))
		}
		labels[i] = byte(label)
	}
	return labels, nil
}

func readIDXFile(path string, rank int) (dims []int, data []byte, err error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return readIDX(f, size, path, rank)
}

// openRegular opens a regular file and returns its size in bytes; anything else, such as a folder or
// a pipe that would block, is refused before it is opened.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, errors.Wrap(ErrNotFound, printable(path))
	}
	if err != nil {
		return nil, 0, errors.WithStack(err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.Wrapf(ErrFormat, "%s: found a %s, expected a regular file", printable(path), kindOf(info))
	}
	f, err := os.Open(path)
	return f, info.Size(), errors.WithStack(err)
}

func kindOf(info os.FileInfo) string {
	if info.IsDir() {
		return "folder"
	}
	return "special file"
}

// readIDX reads an IDX stream of size bytes with so many dimensions; name is for messages. A stream
// that begins as gzip does is unpacked. data has as many bytes as the product of dims. Where one
// dimension is expected, two of integers are taken too: data then has four times as many bytes.
func readIDX(r io.Reader, size int64, name string, rank int) (dims []int, data []byte, err error) {
	name = printable(name)
	in := bufio.NewReader(r)
	guess, limit := size, size // bytes of data: taken to be there at first, and at most
	head, _ := in.Peek(2)
	zipped := bytes.Equal(head, []byte{0x1f, 0x8b})
	if zipped {
		unzip, err := newUnzip(in)
		if err != nil {
			return nil, nil, errors.Wrapf(ErrFormat, "%s: gzip header: %v", name, err)
		}
		in = bufio.NewReader(unzip)
		guess, limit = size*guessedRatio, max(maxIDXFree, size*maxIDXRatio)
	}
	dims, n, err := readIDXHeader(in, name, rank)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case n > limit && !zipped:
		return nil, nil, errors.Wrapf(ErrFormat, "%s: length: found %d bytes in the file, expected %d of data after the header", name, size, n)
	case n > limit:
		return nil, nil, errors.Wrapf(ErrTooLarge, "%s: dimensions %v: found %d bytes, expected at most %d from a gzip file of %d", name, dims, n, limit, size)
	}
	data, err = readExactly(in, int(n), int(min(guess, n)))
	if err != nil {
		return nil, nil, errors.Wrapf(ErrFormat, "%s: data: found %d bytes, expected %d: %v", name, len(data), n, err)
	}
	switch _, err := in.ReadByte(); {
	case err == nil:
		return nil, nil, errors.Wrapf(ErrFormat, "%s: data: found more than the %d bytes expected", name, n)
	case err != io.EOF: // the checksum at the end of a gzip stream
		return nil, nil, errors.Wrapf(ErrFormat, "%s: after the data: %v", name, err)
	}
	return dims, data, nil
}

// readIDXHeader returns the dimensions and the number of bytes that follow.
func readIDXHeader(r io.Reader, name string, rank int) (dims []int, product int64, err error) {
	var magic [4]byte
	if n, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, 0, errors.Wrapf(ErrFormat, "%s: magic: found %d bytes, expected 4: %v", name, n, err)
	}
	product = 1
	integers := rank == 1 && magic[2] == idxInt && magic[3] == 2
	switch {
	case integers && magic[0] == 0 && magic[1] == 0:
		rank, product = 2, 4
	case magic[0] != 0 || magic[1] != 0:
		return nil, 0, errors.Wrapf(ErrFormat, "%s: magic: found bytes % x, expected 00 00 08 %02x of an IDX file", name, magic, rank)
	case magic[2] != idxByte:
		return nil, 0, errors.Wrapf(ErrFormat, "%s: type: found %#02x, expected 0x08, unsigned bytes", name, magic[2])
	case magic[3] == 4 && rank == 3:
		return nil, 0, errors.Wrapf(ErrFormat, "%s: dimensions: found 4, which are colour images, expected 3, grey ones", name)
	case int(magic[3]) != rank:
		return nil, 0, errors.Wrapf(ErrFormat, "%s: dimensions: found %d, expected %d for %s", name, magic[3], rank, contents(rank))
	}
	header := make([]byte, 4*rank)
	if n, err := io.ReadFull(r, header); err != nil {
		return nil, 0, errors.Wrapf(ErrFormat, "%s: dimensions: found %d bytes, expected %d: %v", name, n, len(header), err)
	}
	for i := range rank {
		d := int64(binary.BigEndian.Uint32(header[4*i:]))
		if d == 0 {
			return nil, 0, errors.Wrapf(ErrFormat, "%s: dimension %d: found 0, expected 1 or more", name, i+1)
		}
		if d > maxIDX/product {
			return nil, 0, errors.Wrapf(ErrTooLarge, "%s: dimension %d: found %d, expected a product of at most %d bytes", name, i+1, d, maxIDX)
		}
		dims, product = append(dims, int(d)), product*d
	}
	return dims, product, nil
}

func contents(rank int) string {
	if rank == 1 {
		return "labels"
	}
	return "images"
}

// readExactly reads n bytes into memory for guess of them at first, and then for at most twice what
// has been read. On an error it returns the bytes there were.
func readExactly(r io.Reader, n, guess int) ([]byte, error) {
	data := make([]byte, 0, guess)
	for len(data) < n {
		if len(data) == cap(data) {
			larger := make([]byte, len(data), min(n, max(2*len(data), 4096)))
			copy(larger, data)
			data = larger
		}
		room := data[len(data):min(cap(data), n)]
		got, err := io.ReadFull(r, room)
		data = data[:len(data)+got]
		if err != nil {
			return data, err
		}
	}
	return data, nil
}
