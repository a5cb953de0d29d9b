package feature

import (
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

// ShareResult is what WriteShare did.
type ShareResult struct {
	Images  int // in the file
	Earlier int // of them, those whose features a run had left that did not end
	Size    int // numbers of each
	Of      int // files of the whole set
}

const (
	shareBatch = 64       // photos that are read and run at a time
	shareBytes = 32 << 20 // bytes of their files, about
	keptBytes  = 64 << 20 // of features, after which they are kept
)

// keptEvery is how often features are kept.
var keptEvery = 30 * time.Second

// WriteShare writes the features of a share of a folder's photos as a feature file. The
// folder is one that dataset.Open reads with these options, of which Shape and Prep are
// the network's; each photo is read and decoded once, and counted by Checked then. All
// that cannot be read are found before it fails for them.
//
// Until the file is whole, features are kept in files beside it, such as
// part-3.features.kept-0000. A run that is interrupted, or killed, leaves them, and the
// next one computes only what they lack, or whose photo has changed.
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
	result := ShareResult{Earlier: s.reused, Size: origin.size(), Of: listing.Files}
	err = WriteFile(path, s.header, func(w *Writer) error {
		for _, row := range s.done {
			if row.Values == nil {
				continue
			}
			result.Images++
			if err := w.Append(row); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.remove()
	}
	return result, err
}

// warn tells of what is unexpected but no error.
func (s *share) warn(err error) {
	if s.opt.Warn != nil {
		s.opt.Warn(err.Error())
	}
}

// share is one share that is computed.
type share struct {
	trunk  *Trunk
	opt    dataset.Options
	path   string
	header Header
	files  []dataset.FolderFile
	done   []Row // of each file; without Values where there are none yet, or cannot be any
	bad    dataset.BadFiles
	others []string // that are no images

	kept    []*shardFile   // features of this run and of earlier ones
	earlier map[string]Row // what those of earlier runs have
	reused  int
	first   int       // file from which on nothing is kept yet
	bytes   int       // of features since then
	began   time.Time // when
}

// check returns an error where the path of a file cannot stand in a feature file.
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

// run computes what lacks.
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

// fail notes a file that cannot be read.
func (s *share) fail(n int, err error) {
	s.bad.Paths, s.bad.Errors = append(s.bad.Paths, s.files[n].File), append(s.bad.Errors, err)
}

// judge says what files were left out, or returns an error for them.
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

// contents are files that were read.
type contents struct {
	first    int      // of the files
	contents [][]byte // nil for no image
	failed   []error
}

// read reads the files in order, some at a time, while those before are worked on.
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

// batch returns how many files from first on are read at a time.
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

// reuse takes the features of an earlier run for a file, and reports whether there are
// any of this content.
func (s *share) reuse(n int, content []byte) bool {
	row, is := s.earlier[s.files[n].Path]
	if !is || row.Sum != sha256.Sum256(content) {
		return false
	}
	s.done[n] = s.row(s.files[n], Photo{Sum: row.Sum, Values: row.Values})
	s.reused++
	return true
}

// keep keeps what was computed of the files before end.
func (s *share) keep(end int) error {
	rows := s.done[s.first:end]
	s.first, s.bytes, s.began = end, 0, time.Now()
	if !slices.ContainsFunc(rows, s.fresh) {
		return nil
	}
	path := s.keptPath()
	err := WriteFile(path, s.header, func(w *Writer) error {
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
	at := 0
	for i := range rows { // in memory no longer
		if s.fresh(rows[i]) {
			rows[i].Values = f.row(at)
			at++
		}
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

// keptPrefix begins the names of files of features that are kept.
func (s *share) keptPrefix() string { return s.path + ".kept-" }

// keptPath returns the name of a further file.
func (s *share) keptPath() string {
	for i := 0; ; i++ {
		path := fmt.Sprintf("%s%04d", s.keptPrefix(), i)
		if _, err := os.Lstat(path); err != nil {
			return path
		}
	}
}

// resume opens what earlier runs kept. What is damaged, or of another network or
// share, is of no use and no harm.
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
		for i := range f.labels {
			label, half := f.label(i)
			row := Row{Path: strings.Clone(f.name(i)), Half: half, Label: label, Values: f.row(i)}
			copy(row.Sum[:], f.sums[i*len(row.Sum):])
			s.earlier[row.Path] = row
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

// close unmaps what is kept.
func (s *share) close() {
	for _, f := range s.kept {
		_ = f.close() // it was only read
	}
}

// remove removes what was kept: the file has it. One that stays does no harm.
func (s *share) remove() {
	s.close() // Windows removes no file that is mapped
	for _, path := range s.keptFiles() {
		_ = os.Remove(path)
	}
}
