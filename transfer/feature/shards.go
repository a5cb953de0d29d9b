package feature

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"github.com/edsrzf/mmap-go"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Shards are the feature files of a whole set, mapped into memory. They implement
// dataset.Files for its images, sorted by path, regardless of the number of files.
// Several goroutines may read them. Do not use them after Close.
type Shards struct {
	header Header // of the first file; the others differ only in Shard
	files  []*shardFile
	order  []uint64 // file and row of each image, sorted by path
}

// rowBits is the number of bits in an order value that hold the row.
const rowBits = 40

// Open maps feature files. It checks every bit and that the files are all shards of one
// set, each exactly once, from one network. names are file names or patterns for
// filepath.Glob. Errors name the file; their cause is ErrShard or the system's error.
func Open(names ...string) (s *Shards, err error) {
	paths, err := matches(names)
	if err != nil {
		return nil, err
	}
	s = &Shards{}
	defer func() {
		if err != nil {
			_ = s.Close() // the first error is returned
			s = nil
		}
	}()
	byShard := map[int]*shardFile{}
	for i, path := range paths {
		f, err := openShard(path)
		if err != nil {
			return s, errors.WithMessage(err, path)
		}
		s.files = append(s.files, f)
		if i == 0 {
			s.header = f.header
		}
		if err := f.fits(s.files[0]); err != nil {
			return s, errors.WithMessage(err, path)
		}
		if other := byShard[f.header.Shard.Index]; other != nil {
			return s, errors.Wrapf(ErrShard, "%s and %s: found shard %s twice", other.path, path, f.header.Shard)
		}
		byShard[f.header.Shard.Index] = f
	}
	if len(paths) < s.header.Shard.Of {
		var missing []string
		for i := 1; i <= s.header.Shard.Of; i++ {
			if byShard[i] == nil {
				missing = append(missing, Shard{i, s.header.Shard.Of}.String())
			}
		}
		const most = 20
		list := strings.Join(missing[:min(len(missing), most)], ", ")
		if len(missing) > most {
			list += ", …"
		}
		return s, errors.Wrapf(ErrShard, "%s: found %d of %d shards, expected all: missing %s", strings.Join(names, " "), len(paths), s.header.Shard.Of, list)
	}
	return s, s.sort()
}

// matches returns the files that match the names, without duplicates.
func matches(names []string) (paths []string, err error) {
	for _, name := range names {
		if _, err := os.Lstat(name); err == nil { // a file name may look like a pattern
			paths = append(paths, name)
			continue
		}
		found, err := filepath.Glob(name)
		if err != nil {
			return nil, errors.Wrapf(ErrShard, "%s: not a pattern of file names", name)
		}
		if len(found) == 0 {
			return nil, errors.Wrapf(ErrShard, "%s: found no such file", name)
		}
		paths = append(paths, found...)
	}
	if len(paths) == 0 {
		return nil, errors.Wrap(ErrShard, "found no feature files")
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(paths, func(path string) bool {
		defer func() { seen[path] = true }()
		return seen[path]
	}), nil
}

// sort sorts the rows of all files by path.
func (s *Shards) sort() error {
	n := 0
	for _, f := range s.files {
		n += len(f.labels)
	}
	if n == 0 {
		return errors.Wrapf(ErrShard, "%s: found no image in %d shards", s.files[0].path, len(s.files))
	}
	s.order = make([]uint64, 0, n)
	for i, f := range s.files {
		for row := range f.labels {
			s.order = append(s.order, uint64(i)<<rowBits|uint64(row))
		}
	}
	slices.SortFunc(s.order, func(a, b uint64) int { return ComparePaths(s.at(a), s.at(b)) })
	for i := 1; i < n; i++ {
		if path := s.at(s.order[i]); path == s.at(s.order[i-1]) {
			f, _ := s.place(i)
			return errors.Wrapf(ErrShard, "%s: found the image %s twice", f.path, path)
		}
	}
	return nil
}

// at returns the path of a row, in mapped memory.
func (s *Shards) at(place uint64) string {
	return s.files[place>>rowBits].name(int(place & (1<<rowBits - 1)))
}

// place returns the file and row of image i.
func (s *Shards) place(i int) (f *shardFile, row int) {
	return s.files[s.order[i]>>rowBits], int(s.order[i] & (1<<rowBits - 1))
}

// Header returns the header of the first file. The others differ only in the shard.
func (s *Shards) Header() Header { return s.header }

// Len returns the number of images.
func (s *Shards) Len() int { return len(s.order) }

// Path returns the path of image i.
func (s *Shards) Path(i int) string { return strings.Clone(s.at(s.order[i])) }

// Sum returns the SHA-256 of the file of image i.
func (s *Shards) Sum(i int) [sha256.Size]byte {
	f, row := s.place(i)
	return [sha256.Size]byte(f.sums[row*sha256.Size:])
}

// Label returns the class of image i and its half of the data set.
func (s *Shards) Label(i int) (int, dataset.Half) {
	f, row := s.place(i)
	return f.label(row)
}

// Row returns the features of image i. They must not be modified.
func (s *Shards) Row(i int) []float32 {
	f, row := s.place(i)
	return f.row(row)
}

// Missing returns the number of the set's files without a row: they are not images or
// could not be read. It is 0 if the feature files do not record the total.
func (s *Shards) Missing() int { return max(0, s.header.Listing.Files-s.Len()) }

// Sets returns the training and test images for a network whose selected layers will be
// trained, split as dataset.Open splits the folder. Training on them gives the same
// result, byte for byte, without running a frozen layer. Features of another trunk are
// an ErrShard. Features computed with another kernel than this process uses are not
// identical; opt.Warn is called then. Other fields of opt are ignored.
func (s *Shards) Sets(name string, n *model.Network, selection model.Selection, opt dataset.Options) (train, test *dataset.Set, err error) {
	t, err := NewTrunk(n, selection)
	if err != nil {
		return nil, nil, err
	}
	if err := s.of(t); err != nil {
		return nil, nil, err
	}
	if kernel := model.Kernel(); kernel != s.header.Kernel && opt.Warn != nil {
		opt.Warn("the features are by the kernel " + s.header.Kernel + ", this process has " + kernel + ": the last digits of what the frozen layers give differ")
	}
	return dataset.NewFiles(name, s, s.header.Classes, s.header.Images, s.header.Prep, opt)
}

// Close unmaps the files.
func (s *Shards) Close() error {
	if s == nil {
		return nil
	}
	var first error
	for _, f := range s.files {
		if err := f.close(); first == nil {
			first = err
		}
	}
	s.files, s.order = nil, nil
	return first
}

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
		return nil, errors.Wrap(ErrShard, "found something else than a feature file")
	}
	m, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, errors.Wrap(err, "map")
	}
	f, err := parseShard(m, false)
	if err != nil {
		_ = m.Unmap() // the first error is returned
		return nil, err
	}
	f.path, f.release = path, m.Unmap
	return f, nil
}

// errDamaged is the error for a file that was truncated or changed.
var errDamaged = errors.Wrap(ErrShard, "damaged or not complete: compute this shard again")

// parseShard parses a feature file whose magic has been checked. The result shares b's
// memory. For tests, unchecked skips the check of the digest.
func parseShard(b []byte, unchecked bool) (*shardFile, error) {
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
	f := &shardFile{}
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
		row := Row{Path: f.name(i), Half: half, Label: label, Values: f.row(i)}
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

func (f *shardFile) label(row int) (int, dataset.Half) {
	mark := binary.LittleEndian.Uint32(f.marks[4*row:])
	return int(mark >> 2), dataset.Half(mark & 3)
}

// fits returns an error unless the file belongs to the same set as other.
func (f *shardFile) fits(other *shardFile) error {
	a, b := f.header, other.header
	if a.Partial {
		return errors.Wrapf(ErrShard, "found features of a run that has not ended, expected all of shard %s: run it again", a.Shard)
	}
	switch difference := a.difference(b.Origin, "as in "+other.path); {
	case difference != "":
		return errors.Wrap(ErrShard, difference)
	case a.Shard.Of != b.Shard.Of:
		return errors.Wrapf(ErrShard, "shard: found %s, expected one of %d as in %s", a.Shard, b.Shard.Of, other.path)
	case !slices.Equal(a.Classes, b.Classes):
		return errors.Wrapf(ErrShard, "classes: found %s, expected %s as in %s", dataset.Classes(a.Classes), dataset.Classes(b.Classes), other.path)
	case a.Listing != b.Listing:
		return errors.Wrapf(ErrShard, "listing: found %d files in the whole set, with sum %x, expected %d with %x as in %s: files came, went or were renamed between the two", a.Listing.Files, a.Listing.Sum, b.Listing.Files, b.Listing.Sum, other.path)
	}
	return nil
}
