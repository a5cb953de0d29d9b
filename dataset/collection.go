package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"image"
	"path/filepath"
	"sync"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
)

// collection is the images of one half of a folder while they are read.
type collection struct {
	folderReader
	dir    string
	paths  []string
	labels []int
	sums   [][sha256.Size]byte
	pixels []byte   // [len(paths),C,H,W]; nil for photos
	others []string // names of files that are no images
}

// outcome is what became of a file.
type outcome struct {
	note string // what is doubtful about it
	err  error  // errNoImage for a file that is passed over
}

// read reads all files, on all cores. Drawings are kept, photos only checked. Files that are no images
// are passed over. Those that cannot be read are one error for all, a *BadFiles, or with
// Options.SkipBad one warning, and left out.
func (c *collection) read() error {
	size := c.to.shape[0] * c.to.shape[1] * c.to.shape[2]
	most := maxIDX / size
	if c.to.prep.IsPhoto() {
		most, size = maxImages, 0
	}
	if len(c.paths) > most {
		return errors.Wrapf(ErrTooLarge, "%s: found %d images, expected at most %d of %v", printable(c.dir), len(c.paths), most, c.to.shape)
	}
	c.pixels, c.sums = make([]byte, len(c.paths)*size), make([][sha256.Size]byte, len(c.paths))
	all := make([]outcome, len(c.paths))
	ctx, done := c.opt.context(), 0
	var told sync.Mutex
	parallel.For(len(c.paths), func(_, i int) {
		if ctx.Err() != nil {
			return
		}
		all[i] = c.readFile(i, c.pixels[i*size:(i+1)*size])
		if c.opt.Checked != nil {
			told.Lock()
			defer told.Unlock()
			done++
			c.opt.Checked(done, len(c.paths))
		}
	})
	if err := ctx.Err(); err != nil {
		return errors.Wrap(err, printable(c.dir))
	}
	return c.keep(all, size)
}

// readFile reads the image i, and writes a drawing to out.
func (c *collection) readFile(i int, out []byte) (f outcome) {
	file, err := openImageFile(c.paths[i])
	if err != nil {
		return outcome{err: err}
	}
	c.sums[i] = file.sum
	f.err = file.decoded(c.opt.context(), func(img image.Image) error {
		if len(out) == 0 {
			return nil // a photo that can be decoded can be prepared
		}
		pixels, note, err := c.to.convert(img)
		copy(out, pixels)
		f.note = note
		return errors.WithMessage(err, printable(file.path))
	})
	return f
}

// keep leaves out what is no image or cannot be read, and says so.
func (c *collection) keep(all []outcome, size int) error {
	var doubtful []error
	bad := BadFiles{Folder: c.dir, Of: len(all)}
	kept := 0
	for i, f := range all {
		path := c.paths[i]
		switch {
		case f.err == errNoImage:
			c.others = append(c.others, filepath.Base(path))
			bad.Of--
			continue
		case f.err != nil:
			bad.Paths, bad.Errors = append(bad.Paths, path), append(bad.Errors, f.err)
			continue
		case f.note != "":
			doubtful = append(doubtful, errors.Errorf("%s: %s", printable(path), f.note))
		}
		copy(c.pixels[kept*size:(kept+1)*size], c.pixels[i*size:])
		c.paths[kept], c.labels[kept], c.sums[kept] = path, c.labels[i], c.sums[i]
		kept++
	}
	c.paths, c.labels, c.sums, c.pixels = c.paths[:kept], c.labels[:kept], c.sums[:kept], c.pixels[:kept*size]
	if n := len(c.others); n > 0 {
		if c.opt.NotImages != nil {
			c.opt.NotImages(n)
		}
		c.opt.warn(errors.Errorf("%s: skipped files that are not images: %d, such as %s", printable(c.dir), n, printable(c.others[n-1])))
	}
	if doubtful != nil {
		c.opt.warn(errors.Errorf("%s: %d of %d drawings are doubtful: %s", printable(c.dir), len(doubtful), bad.Of, firstOf(doubtful)))
	}
	switch {
	case bad.Errors == nil:
	case !c.opt.SkipBad:
		return &bad
	default:
		c.opt.warn(&bad)
		if c.opt.Skipped != nil {
			c.opt.Skipped(&bad)
		}
	}
	return nil
}

// hashes returns the first 64 bits of each file's SHA-256.
func (c *collection) hashes() []uint64 {
	hashes := make([]uint64, len(c.sums))
	for i, sum := range c.sums {
		hashes[i] = binary.BigEndian.Uint64(sum[:])
	}
	return hashes
}

// set returns the images as a set.
func (c *collection) set(name string) (*Set, error) {
	if !c.to.prep.IsPhoto() {
		return NewSet(name, c.to.shape, c.pixels, c.labels, c.classes, c.to.prep)
	}
	return newPhotos(name, &photoFiles{paths: c.paths, sums: c.sums, photo: c.to.prep.Photo, height: c.to.shape[1], width: c.to.shape[2]}, c.labels, c.classes, c.to.prep)
}
