package feature

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"slices"
	"unsafe"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/pkg/errors"
)

// shardFile is a mapped feature file.
type shardFile struct {
	rows
	path   string
	header Header
	sums   []byte // of each row, sha256.Size bytes
	marks  []byte // labels and halves, 4 bytes
	ends   []byte // of the paths, 8 bytes
	paths  []byte
}

// openShard maps a file and checks it.
func openShard(path string) (*shardFile, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, errors.WithStack(err)
	} else if !info.Mode().IsRegular() { // opening a pipe would wait for a writer
		return nil, errors.Wrap(ErrShard, "found no regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	defer file.Close() // it stays mapped
	magic := make([]byte, len(shardMagic))
	if _, err := io.ReadFull(file, magic); err != nil || string(magic) != shardMagic {
		return nil, errOther
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.WithStack(err)
	}
	m, err := mapFile(file, info.Size())
	if err != nil {
		return nil, err
	}
	var f *shardFile
	if lost := guard(m.lost, func() { f, err = parseShard(m.bytes, m, false) }); lost != nil {
		err = lost
	}
	if err != nil {
		_ = m.close() // the first error is returned
		return nil, err
	}
	f.path = path
	return f, nil
}

// lostIn returns the error of a fault at an address in one of the files.
func lostIn(files []*shardFile, address uintptr) error {
	for _, f := range files {
		if err := f.mapped.lost(address); err != nil {
			return err
		}
	}
	return nil
}

// errOther is the error for a file that does not begin as a feature file.
var errOther = errors.Wrap(ErrShard, "found something else than a feature file")

// errDamaged is the error for a file that was truncated or changed.
var errDamaged = errors.Wrap(ErrShard, "damaged or not complete: compute this shard again")

// parseShard parses a feature file whose magic has been checked. The result shares b's
// memory, which is that of a mapping or, in tests, none. For tests, unchecked skips the
// check of the digest.
func parseShard(b []byte, of *mapping, unchecked bool) (*shardFile, error) {
	if len(b) < len(shardMagic)+shardTail {
		return nil, errDamaged
	}
	sizes := b[len(b)-shardTail:]
	headerLength, pathsLength, n := binary.LittleEndian.Uint64(sizes), binary.LittleEndian.Uint64(sizes[8:]), binary.LittleEndian.Uint64(sizes[16:])
	const perRow = sha256.Size + 4 + 8
	left := uint64(len(b) - len(shardMagic) - shardTail)
	if headerLength > min(left, maxHeader) || pathsLength > left-headerLength || n > (left-headerLength-pathsLength)/perRow || n > 1<<rowBits-1 {
		return nil, errDamaged
	}
	left -= headerLength + pathsLength + n*perRow
	f := &shardFile{rows: rows{mapped: of}}
	table := b[uint64(len(shardMagic))+left : len(b)-sha256.Size]
	digest := b[len(b)-sha256.Size:]
	take := func(length uint64) (part []byte) {
		part, table = table[:length], table[length:]
		return part
	}
	checked := table
	f.sums, f.marks, f.ends, f.paths = take(n*sha256.Size), take(n*4), take(n*8), take(pathsLength)
	header := take(headerLength)
	// The digest covers the header, but the header is read first because it gives the
	// size of a row.
	if err := json.Unmarshal(header, &f.header); err != nil {
		return nil, errDamaged
	}
	f.shape, f.size = f.header.Shape, f.header.size()
	if f.size == 0 || left%4 != 0 || left/4%uint64(f.size) != 0 || left/4/uint64(f.size) != n {
		return nil, errDamaged
	}
	if left > 0 {
		f.values = unsafe.Slice((*float32)(unsafe.Pointer(&b[len(shardMagic)])), left/4)
	}
	f.labels = make([]int, n)
	h := sha256.New()
	h.Write([]byte(shardMagic))
	if err := f.sumPieces(h, nil, 0); err != nil {
		return nil, err
	}
	h.Write(checked)
	if !unchecked && !bytes.Equal(h.Sum(nil), digest) {
		return nil, errDamaged
	}
	if f.header.Version != version {
		return nil, errors.Wrapf(ErrShard, "file version: found %d, expected %d: compute this shard again", f.header.Version, version)
	}
	if err := f.header.Check(); err != nil {
		return nil, err
	}
	return f, f.checkRows()
}

// checkRows returns an error if a row does not match the header.
func (f *shardFile) checkRows() error {
	end := uint64(0)
	for i := range f.labels {
		next := binary.LittleEndian.Uint64(f.ends[8*i:])
		if next < end || next > uint64(len(f.paths)) {
			return errDamaged
		}
		end = next
		label, half := f.label(i)
		f.labels[i] = label
		row := Row{Path: f.name(i), Half: half, Label: label, Values: f.view(i)}
		if err := row.check(f.header); err != nil {
			return err
		}
	}
	if end != uint64(len(f.paths)) {
		return errDamaged
	}
	return nil
}

// name returns the path of a row, in mapped memory.
func (f *shardFile) name(row int) string {
	start := uint64(0)
	if row > 0 {
		start = binary.LittleEndian.Uint64(f.ends[8*(row-1):])
	}
	part := f.paths[start:binary.LittleEndian.Uint64(f.ends[8*row:])]
	return unsafe.String(unsafe.SliceData(part), len(part))
}

// sum returns the SHA-256 of a row's file.
func (f *shardFile) sum(row int) [sha256.Size]byte {
	return [sha256.Size]byte(f.sums[row*sha256.Size:])
}

// label returns the class of a row and its half of the data set.
func (f *shardFile) label(row int) (int, dataset.Half) {
	mark := binary.LittleEndian.Uint32(f.marks[4*row:])
	return int(mark >> 2), dataset.Half(mark & 3)
}

// fits returns an error unless the file belongs to the same set as other.
func (f *shardFile) fits(other *shardFile) error {
	a, b, first := f.header, other.header, "as in "+escape.Text(other.path)
	if a.Partial {
		return errors.Wrapf(ErrShard, "found features of a run that has not ended, expected all of shard %s: run it again", a.Shard)
	}
	switch difference := a.difference(b.Origin, first); {
	case difference != "":
		return errors.Wrap(ErrShard, difference)
	case a.Shard.Of != b.Shard.Of:
		return errors.Wrapf(ErrShard, "shard: found %s, expected one of %d %s", a.Shard, b.Shard.Of, first)
	case !slices.Equal(a.Classes, b.Classes):
		return errors.Wrapf(ErrShard, "classes: found %s, expected %s %s", dataset.Classes(a.Classes), dataset.Classes(b.Classes), first)
	case a.Listing != b.Listing:
		return errors.Wrapf(ErrShard, "listing: found %d files in the whole set, with sum %x, expected %d with %x %s: files came, went or were renamed between the two", a.Listing.Files, a.Listing.Sum, b.Listing.Files, b.Listing.Sum, first)
	}
	return nil
}
