package feature

import (
	"context"
	"crypto/sha256"
	"os"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
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
// network's. Each photo is read and decoded once; Checked counts it then. Photos that
// cannot be read, or whose names are not UTF-8, are bad files as those of dataset.Open:
// WriteShare finds all of them before it fails.
//
// Until the file is complete, features are saved in files beside it, such as
// part-3.features.kept-q5x2. An interrupted or killed run leaves them there. The next
// one computes only missing features and those of changed photos. Several runs may write
// the same share at once; each removes in the end what it has saved or used. Features of
// another share are an ErrShard: they would be lost.
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
		trunk: t, opt: opt, files: folder.Files, done: make([]Row, len(folder.Files)), bad: dataset.BadFiles{Folder: dir},
		header: Header{Origin: origin, Shard: shard, Classes: folder.Classes, Listing: listing}, saved: time.Now(),
	}
	if s.kept, err = openKept(path, s.header, s.warn); err != nil {
		return ShareResult{}, err
	}
	defer s.kept.close()
	n, err := s.compute(ctx, path)
	if err != nil {
		if left := s.save(); left != nil {
			s.warn(left)
		}
		return ShareResult{}, err
	}
	s.kept.remove()
	return ShareResult{Images: n, Earlier: s.reused, Size: origin.size(), Of: listing.Files}, nil
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
	header Header
	files  []dataset.FolderFile
	done   []Row // of each file; Values is nil if not computed yet, or impossible
	bad    dataset.BadFiles
	others []string // files that are not images

	kept    *kept
	reused  int       // rows from earlier runs
	unsaved []int     // rows that are not in kept yet
	bytes   int       // of their features
	saved   time.Time // when rows were saved last
}

func (s *share) row(n int, p Photo) Row {
	f := s.files[n]
	return Row{Path: f.Path, Half: f.Half, Label: f.Label, Sum: p.Sum, Values: p.Values}
}

// compute computes the missing features and writes the file. It returns the number of
// images in it.
func (s *share) compute(ctx context.Context, path string) (n int, err error) {
	if err := s.run(ctx); err != nil {
		return 0, err
	}
	if err := s.report(); err != nil {
		return 0, err
	}
	return s.write(path)
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
			case !validPath(s.files[n].Path):
				s.fail(n, errors.Errorf("%s: name: expected UTF-8: rename the file", escape.Text(s.files[n].File)))
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
			s.done[at[i]] = s.row(at[i], p)
			s.unsaved, s.bytes = append(s.unsaved, at[i]), s.bytes+4*len(p.Values)
		}
		if s.opt.Checked != nil {
			s.opt.Checked(batch.first+len(batch.contents), len(s.files))
		}
		if s.bytes >= keptBytes || s.bytes > 0 && time.Since(s.saved) >= keptEvery {
			if err := s.save(); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// reuse uses the features of an earlier run for a file. It reports whether there are
// any for this content.
func (s *share) reuse(n int, content []byte) bool {
	sum := sha256.Sum256(content)
	values := s.kept.earlier[sum]
	if values == nil {
		return false
	}
	s.done[n] = s.row(n, Photo{Sum: sum, Values: values})
	s.reused++
	return true
}

// save saves the rows that are not saved yet. They then use the memory of the file.
func (s *share) save() error {
	rows := make([]Row, len(s.unsaved))
	for i, n := range s.unsaved {
		rows[i] = s.done[n]
	}
	values, err := s.kept.save(s.header, rows)
	if err != nil {
		return err
	}
	for i, n := range s.unsaved {
		s.done[n].Values = values[i]
	}
	s.unsaved, s.bytes, s.saved = nil, 0, time.Now()
	return nil
}

// fail records a file that cannot be read.
func (s *share) fail(n int, err error) {
	s.bad.Paths, s.bad.Errors = append(s.bad.Paths, s.files[n].File), append(s.bad.Errors, err)
}

// report reports the files that were left out, or returns an error for them.
func (s *share) report() error {
	if n := len(s.others); n > 0 {
		s.warn(errors.Errorf("%s: skipped files that are not images: %d, such as %s", escape.Text(s.bad.Folder), n, escape.Text(s.others[n-1])))
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

// write writes the file of the share and returns the number of its images.
func (s *share) write(path string) (n int, err error) {
	err = WriteFile(path, s.header, func(w *Writer) error {
		return s.kept.read(func() error {
			for _, row := range s.done {
				if row.Values == nil {
					continue
				}
				n++
				if err := w.Append(row); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return n, err
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
