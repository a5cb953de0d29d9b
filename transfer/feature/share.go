package feature

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
)

// ShareResult is the result of WriteShare.
type ShareResult struct {
	Images  int // in the file
	Earlier int // how many of these were taken from an unfinished run
	Size    int // values per image
	Of      int // files in the whole set
}

const (
	shareBatch = 64       // photos read and run at a time
	shareBytes = 32 << 20 // approximate size of their files
	keptBytes  = 64 << 20 // of features, after which they are saved
)

// keptEvery is the interval at which features are saved.
var keptEvery = 30 * time.Second

// WriteShare writes the features of a share of a folder's photos to a feature file. The
// folder is one that dataset.Open reads with these options; Shape and Prep must be the
// network's. Each photo is read and decoded once; Checked counts it then. If photos
// cannot be read, WriteShare finds all of them before it fails.
//
// Until the file is complete, features are saved in files beside it, such as
// part-3.features.kept-0000. An interrupted or killed run leaves them there. The next
// one computes only missing features and those of changed photos.
func (t *Trunk) WriteShare(ctx context.Context, path, dir string, shard Shard, opt dataset.Options) (ShareResult, error) {
	if err := shard.Check(); err != nil {
		return ShareResult{}, err
	}
	origin, err := t.Origin()
	if err != nil {
		return ShareResult{}, err
	}
	var listing Listing
	folder, err := dataset.ListFolder(dir, func(path string) bool { listing.Add(path); return shard.Holds(path) }, opt)
	if err != nil {
		return ShareResult{}, err
	}
	s := &share{
		trunk: t, opt: opt, path: path, files: folder.Files, done: make([]Row, len(folder.Files)), bad: dataset.BadFiles{Folder: dir},
		header: Header{Origin: origin, Shard: shard, Classes: folder.Classes, Listing: listing}, began: time.Now(),
	}
	defer s.close()
	if err := s.check(); err != nil {
		return ShareResult{}, err
	}
	s.resume()
	err = s.run(ctx)
	if err == nil {
		err = s.judge()
	}
	if err != nil {
		if left := s.keep(len(s.files)); left != nil {
			s.warn(left)
		}
		return ShareResult{}, err
	}
	n, err := s.write()
	if err != nil {
		return ShareResult{}, err
	}
	s.remove()
	return ShareResult{Images: n, Earlier: s.reused, Size: origin.size(), Of: listing.Files}, nil
}

// write writes the file of the share and returns the number of its images.
func (s *share) write() (n int, err error) {
	err = WriteFile(s.path, s.header, func(w *Writer) (err error) {
		lost := guard(s.lost, func() {
			for _, row := range s.done {
				if row.Values == nil {
					continue
				}
				n++
				if err = w.Append(row); err != nil {
					return
				}
			}
		})
		return cmp.Or(lost, err)
	})
	return n, err
}

// lost returns the error of a fault at an address in a file with saved features.
func (s *share) lost(address uintptr) error {
	for _, f := range s.kept {
		if err := f.mapped.lost(address); err != nil {
			return err
		}
	}
	return nil
}

// warn reports something unexpected that is not an error.
func (s *share) warn(err error) {
	if s.opt.Warn != nil {
		s.opt.Warn(err.Error())
	}
}

// share is a share being computed.
type share struct {
	trunk  *Trunk
	opt    dataset.Options
	path   string
	header Header
	files  []dataset.FolderFile
	done   []Row // of each file; Values is nil if not computed yet, or impossible
	bad    dataset.BadFiles
	others []string // files that are not images

	kept    []*shardFile   // features of this run and earlier ones
	earlier map[string]Row // rows from earlier runs
	reused  int
	first   int       // first file whose features are not saved yet
	bytes   int       // of features since the last save
	began   time.Time // time of the last save
}

// check returns an error if a file's path is not allowed in a feature file.
func (s *share) check() error {
	zero := make([]float32, s.header.size())
	for _, f := range s.files {
		if err := s.row(f, Photo{Values: zero}).check(s.header); err != nil {
			return err
		}
	}
	return nil
}

func (s *share) row(f dataset.FolderFile, p Photo) Row {
	return Row{Path: f.Path, Half: f.Half, Label: f.Label, Sum: p.Sum, Values: p.Values}
}

// run computes the missing features.
func (s *share) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for batch := range s.read(ctx) {
		var photos []Photo
		var at []int
		for i, content := range batch.contents {
			n := batch.first + i
			switch err := batch.failed[i]; {
			case err != nil:
				s.fail(n, err)
			case content == nil:
				s.others = append(s.others, s.files[n].Path)
			case s.reuse(n, content):
			default:
				photos, at = append(photos, Photo{Name: s.files[n].File, Content: content}), append(at, n)
			}
		}
		if err := s.trunk.Photos(ctx, photos); err != nil {
			return err
		}
		for i, p := range photos {
			if p.Err != nil {
				s.fail(at[i], p.Err)
				continue
			}
			s.done[at[i]] = s.row(s.files[at[i]], p)
			s.bytes += 4 * len(p.Values)
		}
		end := batch.first + len(batch.contents)
		if s.opt.Checked != nil {
			s.opt.Checked(end, len(s.files))
		}
		if s.bytes >= keptBytes || s.bytes > 0 && time.Since(s.began) >= keptEvery {
			if err := s.keep(end); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// fail records a file that cannot be read.
func (s *share) fail(n int, err error) {
	s.bad.Paths, s.bad.Errors = append(s.bad.Paths, s.files[n].File), append(s.bad.Errors, err)
}

// judge reports the files that were left out, or returns an error for them.
func (s *share) judge() error {
	if n := len(s.others); n > 0 {
		s.warn(errors.Errorf("%s: skipped files that are not images: %d, such as %s", s.bad.Folder, n, s.others[n-1]))
		if s.opt.NotImages != nil {
			s.opt.NotImages(n)
		}
	}
	s.bad.Of = len(s.files) - len(s.others)
	switch {
	case s.bad.Errors == nil:
	case !s.opt.SkipBad:
		return &s.bad
	default:
		s.warn(&s.bad)
		if s.opt.Skipped != nil {
			s.opt.Skipped(&s.bad)
		}
	}
	return nil
}

// contents are the contents of files.
type contents struct {
	first    int      // index of the first file
	contents [][]byte // nil if not an image
	failed   []error
}

// read reads the files in order, in batches, while earlier ones are processed.
func (s *share) read(ctx context.Context) <-chan contents {
	batches := make(chan contents, 1)
	go func() {
		defer close(batches)
		for first := 0; first < len(s.files) && ctx.Err() == nil; {
			n := s.batch(first)
			c := contents{first, make([][]byte, n), make([]error, n)}
			parallel.For(n, func(_, i int) { c.contents[i], c.failed[i] = s.files[first+i].Read() })
			select {
			case batches <- c:
			case <-ctx.Done():
			}
			first += n
		}
	}()
	return batches
}

// batch returns the number of files to read at a time, starting at first.
func (s *share) batch(first int) int {
	n, size := 0, int64(0)
	for n < shareBatch && first+n < len(s.files) && size < shareBytes {
		if info, err := os.Stat(s.files[first+n].File); err == nil {
			size += info.Size()
		}
		n++
	}
	return n
}

// reuse uses the features of an earlier run for a file. It reports whether there are
// any for this content.
func (s *share) reuse(n int, content []byte) bool {
	row, is := s.earlier[s.files[n].Path]
	if !is || row.Sum != sha256.Sum256(content) {
		return false
	}
	s.done[n] = s.row(s.files[n], Photo{Sum: row.Sum, Values: row.Values})
	s.reused++
	return true
}

// keep saves the features of the files before end.
func (s *share) keep(end int) error {
	rows := s.done[s.first:end]
	defer func() { s.bytes, s.began = 0, time.Now() }()
	if !slices.ContainsFunc(rows, s.fresh) {
		return nil
	}
	path, header := s.keptPath(), s.header
	header.Partial = true
	err := WriteFile(path, header, func(w *Writer) error {
		for _, row := range rows {
			if s.fresh(row) {
				if err := w.Append(row); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	f, err := openShard(path)
	if err != nil {
		return err
	}
	s.kept = append(s.kept, f)
	if lost := guard(f.mapped.lost, func() { err = s.release(rows, f) }); lost != nil {
		err = lost
	}
	s.first = end
	return err
}

// release has the rows that were saved use the memory of the file.
func (s *share) release(rows []Row, f *shardFile) error {
	at := 0
	for i := range rows {
		if !s.fresh(rows[i]) {
			continue
		}
		if at >= f.Len() || f.name(at) != rows[i].Path {
			return errors.Wrapf(ErrShard, "%s: found another file than the one written just now: another process computes the same share", f.path)
		}
		rows[i].Values = f.view(at)
		at++
	}
	return nil
}

// fresh reports whether a row was computed by this run.
func (s *share) fresh(r Row) bool {
	if r.Values == nil {
		return false
	}
	_, is := s.earlier[r.Path]
	return !is
}

// keptPrefix is the start of the names of files with saved features.
func (s *share) keptPrefix() string { return s.path + ".kept-" }

// keptPath returns the name for another file.
func (s *share) keptPath() string {
	for i := 0; ; i++ {
		path := fmt.Sprintf("%s%04d", s.keptPrefix(), i)
		if _, err := os.Lstat(path); err != nil {
			return path
		}
	}
}

// resume opens what earlier runs saved. It ignores files that are damaged or belong to
// another network or share.
func (s *share) resume() {
	s.earlier = map[string]Row{}
	for _, path := range s.keptFiles() {
		f, err := openShard(path)
		if err != nil {
			continue
		}
		h := f.header
		if h.difference(s.header.Origin, "") != "" || h.Shard != s.header.Shard || !slices.Equal(h.Classes, s.header.Classes) {
			_ = f.close() // it was only read
			continue
		}
		s.kept = append(s.kept, f)
		lost := guard(f.mapped.lost, func() {
			for i := range f.labels {
				label, half := f.label(i)
				row := Row{Path: strings.Clone(f.name(i)), Half: half, Label: label, Sum: f.sum(i), Values: f.view(i)}
				s.earlier[row.Path] = row
			}
		})
		if lost != nil { // just now: its features are computed again
			s.earlier = map[string]Row{}
		}
	}
}

func (s *share) keptFiles() []string {
	folder, prefix := filepath.Split(s.keptPrefix())
	entries, _ := os.ReadDir(filepath.Clean(folder))
	var paths []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	return paths
}

// close unmaps the saved features.
func (s *share) close() {
	for _, f := range s.kept {
		_ = f.close() // it was only read
	}
}

// remove removes the saved features: the output file now has them. A file that cannot
// be removed does no harm.
func (s *share) remove() {
	s.close() // Windows cannot remove a mapped file
	for _, path := range s.keptFiles() {
		_ = os.Remove(path)
	}
}
