package feature

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Shards are the feature files of a whole set, mapped into memory. They implement
// dataset.Files for its images, sorted by path, regardless of the number of files.
// Several goroutines may read them. Do not use them after Close. If a file is truncated
// or its disk fails, methods that return no error panic with a dataset.Unreadable of
// ErrFile.
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
			return s, errors.WithMessage(err, escape.Text(path))
		}
		s.files = append(s.files, f)
		if i == 0 {
			s.header = f.header
		}
		if err := f.fits(s.files[0]); err != nil {
			return s, errors.WithMessage(err, escape.Text(path))
		}
		if other := byShard[f.header.Shard.Index]; other != nil {
			return s, errors.Wrapf(ErrShard, "%s and %s: found shard %s twice", escape.Text(other.path), escape.Text(path), f.header.Shard)
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
		return s, errors.Wrapf(ErrShard, "%s: found %d of %d shards, expected all: missing %s", escape.Text(strings.Join(names, " ")), len(paths), s.header.Shard.Of, list)
	}
	if lost := guard(s.lost, func() { err = s.sort() }); lost != nil {
		err = lost
	}
	return s, err
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
			return nil, errors.Wrapf(ErrShard, "%s: not a pattern of file names", escape.Text(name))
		}
		if len(found) == 0 {
			return nil, errors.Wrapf(ErrShard, "%s: found no such file", escape.Text(name))
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
		return errors.Wrapf(ErrShard, "%s: found no image in %d shards", escape.Text(s.files[0].path), len(s.files))
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
			return errors.Wrapf(ErrShard, "%s: found the image %s twice", escape.Text(f.path), escape.Text(path))
		}
	}
	return nil
}

// lost returns the error of a fault at an address in one of the files.
func (s *Shards) lost(address uintptr) error { return lostIn(s.files, address) }

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
func (s *Shards) Path(i int) (path string) {
	mustRead(s.lost, func() { path = strings.Clone(s.at(s.order[i])) })
	return path
}

// Sum returns the SHA-256 of the file of image i.
func (s *Shards) Sum(i int) (sum [sha256.Size]byte) {
	f, row := s.place(i)
	mustRead(f.mapped.lost, func() { sum = f.sum(row) })
	return sum
}

// Label returns the class of image i and its half of the data set.
func (s *Shards) Label(i int) (label int, half dataset.Half) {
	f, row := s.place(i)
	mustRead(f.mapped.lost, func() { label, half = f.label(row) })
	return label, half
}

// Row returns a copy of the features of image i.
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
		opt.Warn(escape.Text(name) + ": kernel of the matrix products: found features of " + escape.Text(s.header.Kernel) + ", this process has " + kernel + ": its own would differ in the last digits")
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
