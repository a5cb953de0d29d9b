package beam

import (
	"context"
	"io"
	"strings"
	"sync/atomic"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// The counters of a pipeline and their namespace.
const (
	Counters     = "lastlayer"
	ImagesDone   = "images"     // with a result
	ImagesFailed = "bad_images" // without a result
)

// done and failed hold the counters' values in this process.
var done, failed atomic.Int64

// Progress returns how many images the workers in this process have finished, and how
// many of these have no result. For remote workers, ask the runner.
func Progress() (images, bad int64) {
	bad = failed.Load()
	return done.Load() + bad, bad
}

// bundle holds the images of a bundle that have no result yet. Files are read while the
// network processes earlier ones.
type bundle struct {
	files  map[string]filesystem.Interface // by the part of the path before "://"
	images []image
	photos []chan feature.Photo

	results int // images with a result

	good, bad beam.Counter
}

// begin empties the bundle: a failed one may have left images.
func (b *bundle) begin() {
	b.images, b.photos, b.results = nil, nil, 0
	b.good, b.bad = beam.NewCounter(Counters, ImagesDone), beam.NewCounter(Counters, ImagesFailed)
}

// batch is the number of images given to the network at a time.
func batch() int { return 16 * parallel.Threads() }

// add starts reading an image. It reports whether enough images are waiting to run a
// batch.
func (b *bundle) add(ctx context.Context, i image) (full bool) {
	photo := make(chan feature.Photo, 1)
	b.images, b.photos = append(b.images, i), append(b.photos, photo)
	fs, err := b.fileSystem(ctx, i.Path)
	go func() {
		p := feature.Photo{Name: i.Path, Err: err}
		if err == nil {
			p.Content, p.Err = read(ctx, fs, i.Path)
		}
		photo <- p
	}()
	return len(b.images) >= batch()+batch()/2
}

// take returns a batch of images, with their entries; the last batch may be smaller.
// Images that could not be read go to fail instead.
func (b *bundle) take(ctx context.Context, fail func(bad)) (photos []feature.Photo, images []image) {
	n := min(batch(), len(b.images))
	for i, photo := range b.photos[:n] {
		p := <-photo
		if p.Err != nil {
			b.fail(ctx, b.images[i], p.Err, fail)
			continue
		}
		photos, images = append(photos, p), append(images, b.images[i])
	}
	b.images, b.photos = b.images[n:], b.photos[n:]
	return photos, images
}

// fail emits an image without a result.
func (b *bundle) fail(ctx context.Context, i image, err error, emit func(bad)) {
	b.bad.Inc(ctx, 1)
	failed.Add(1)
	emit(bad{shown(i.Path), shown(err.Error())})
}

// succeed counts an image with a result.
func (b *bundle) succeed(ctx context.Context) {
	b.good.Inc(ctx, 1)
	done.Add(1)
	b.results++
}

// fileSystem returns the file system of a path. A bundle uses one for all its files,
// since each bucket file system signs in.
func (b *bundle) fileSystem(ctx context.Context, path string) (filesystem.Interface, error) {
	scheme, _, _ := strings.Cut(path, "://")
	if isLocal(path) {
		scheme = ""
	}
	if fs := b.files[scheme]; fs != nil {
		return fs, nil
	}
	fs, err := filesystem.New(ctx, path)
	if err == nil {
		if b.files == nil {
			b.files = map[string]filesystem.Interface{}
		}
		b.files[scheme] = fs
	}
	return fs, err
}

// close closes the file systems.
func (b *bundle) close() (err error) {
	for _, fs := range b.files {
		if e := fs.Close(); err == nil {
			err = e
		}
	}
	b.files = nil
	return err
}

// read reads an image file: at most MaxImageFile+1 bytes, enough to reject a larger file.
func read(ctx context.Context, fs filesystem.Interface, path string) ([]byte, error) {
	if isLocal(path) {
		content, err := dataset.FolderFile{File: path}.Read()
		if err == nil && content == nil {
			err = errors.Wrapf(dataset.ErrFormat, "%s: found no image, nor the name of one", path)
		}
		return content, err
	}
	r, err := fs.OpenRead(ctx, path)
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, dataset.MaxImageFile+1))
	return content, errors.Wrap(err, path)
}
