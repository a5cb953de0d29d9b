package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"hash"
	"image"
	"io"
	"runtime/debug"

	"github.com/pkg/errors"
	"golang.org/x/sync/semaphore"
)

// photosVersion goes up when other pixels come of the same photos.
const photosVersion = 1

// photoFiles are the images of a set that are decoded whenever they are needed. Of those in files, memory
// holds paths and hashes.
type photoFiles struct {
	paths  []string            // or names
	sums   [][sha256.Size]byte // of the files' content when they were checked
	photo  Photo
	height int
	width  int

	contents [][]byte // of files in memory; nil where they are on disk
	known    Files    // in place of paths and sums, for files that need not be there
}

func (p *photoFiles) len() int {
	if p.known != nil {
		return p.known.Len()
	}
	return len(p.paths)
}

func (p *photoFiles) path(at int) string {
	if p.known != nil {
		return p.known.Path(at)
	}
	return p.paths[at]
}

func (p *photoFiles) sum(at int) [sha256.Size]byte {
	if p.known != nil {
		return p.known.Sum(at)
	}
	return p.sums[at]
}

// open returns the content of a file.
func (p *photoFiles) open(at int) (imageFile, error) {
	switch {
	case p.contents != nil:
		return imageFile{p.paths[at], p.contents[at], p.sums[at]}, nil
	case p.known != nil:
		return imageFile{}, errors.Wrapf(ErrArgument, "%s: found its features, expected the image itself: name the folder of the images instead", printable(p.path(at)))
	}
	return openImageFile(p.paths[at])
}

// pixels reads a file and returns its image, [3,H,W]: as the network takes it, or the part that
// within chooses of a photo of its size, resized as a whole. A file that is not what it was when it was
// checked is an ErrFormat.
func (p *photoFiles) pixels(at int, within func(size image.Point) image.Rectangle) (pixels []byte, err error) {
	path := p.path(at)
	f, err := p.open(at)
	if err != nil && err != errNoImage {
		return nil, err
	}
	if f.sum != p.sum(at) {
		return nil, errors.Wrapf(ErrFormat, "%s: the file has changed since the data set was opened; leave files that are in use as they are", printable(path))
	}
	err = f.decoded(context.Background(), func(img image.Image) error {
		if within == nil {
			pixels, err = p.photo.Pixels(img, p.height, p.width)
			return errors.WithMessage(err, printable(path))
		}
		window := image.Rect(0, 0, p.width, p.height)
		pixels = p.photo.window(img, within(img.Bounds().Size()), window.Max, window)
		return nil
	})
	return pixels, err
}

// hash writes what the pixels of all images depend on, but the files.
func (p *photoFiles) hash(h hash.Hash) {
	text, err := json.Marshal(p.photo.geometry())
	if err != nil {
		panic(err) // numbers, all finite, and a name
	}
	writeInts(h, []int{photosVersion, len(text)})
	h.Write(text)
}

// imageFile is the content of an image file.
type imageFile struct {
	path    string
	content []byte
	sum     [sha256.Size]byte
}

// errNoImage says that a file is no image, and is not named as one.
var errNoImage = errors.New("not an image")

// openImageFile reads a file, whatever it is named. What neither begins as an image nor is named as one
// is an errNoImage.
func openImageFile(path string) (imageFile, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return imageFile{}, err
	}
	defer f.Close()
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return imageFile{}, errors.WithStack(err)
	}
	if head = head[:n]; !isImage(head) && !namedAsImage(path) {
		return imageFile{}, errNoImage
	}
	if size > MaxImageFile {
		return imageFile{}, errors.Wrapf(ErrTooLarge, "%s: length: found %d bytes, expected at most %d", printable(path), size, MaxImageFile)
	}
	content := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	content.Write(head)
	if _, err := content.ReadFrom(io.LimitReader(f, MaxImageFile+1-int64(n))); err != nil {
		return imageFile{}, errors.WithStack(err)
	}
	return imageFile{path, content.Bytes(), sha256.Sum256(content.Bytes())}, nil
}

// decoding bounds the memory that images take which are decoded at a time.
var decoding = semaphore.NewWeighted(maxImageDecoded)

// decoded calls use with the image, whose memory use gives back.
func (f imageFile) decoded(ctx context.Context, use func(image.Image) error) error {
	e, err := encodedImage(f.content, printable(f.path))
	if err != nil {
		return err
	}
	if err := decoding.Acquire(ctx, e.memory); err != nil {
		return err
	}
	defer e.release()
	img, err := e.decode()
	if err != nil {
		return err
	}
	return use(img)
}

// largeDecoded is what an image takes of which the memory is collected before that
// of another is taken: the collector would let several of them pile up.
const largeDecoded = 32 << 20

// release gives back the memory of an image that is of no more use.
func (e encoded) release() {
	if e.memory >= largeDecoded {
		debug.FreeOSMemory()
	}
	decoding.Release(e.memory)
}
