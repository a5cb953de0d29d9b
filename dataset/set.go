package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"

	"github.com/pkg/errors"
)

// Examples is what a training loop needs of its data. A *Set implements it with images, feature.Set
// with the features of a frozen network. Gather panics with an Unreadable where Read returns an error.
type Examples interface {
	Len() int                            // number of examples
	ExampleShape() []int                 // shape of one example, without the batch dimension
	Label(i int) int                     // class of example i, from 0
	Gather(dst []float32, indices []int) // copies examples to dst, [len(indices), ExampleShape()...]
}

// Set is labelled images. Make one with Open, NewSet or NewPhotos. Filter, Limit and Split return sets
// that share its pixels, so do not write to a Set.
//
// Drawings are in memory. Photos stay in their files, on disk or in memory: they are decoded and
// prepared when needed, on all cores, and ahead of a reader that takes them in order. They are the same
// bytes each time; a file that has changed or gone is an error of Read.
type Set struct {
	Name    string        // for messages, such as "mnist/train"
	Shape   []int         // of one image: [C,H,W]
	Pixels  []byte        // store of images, [any number,C,H,W], nil of photos; read image i of this set with Image(i)
	Labels  []int         // Labels[i] is the index into Classes of image i
	Classes []string      // label names
	Prep    Preprocessing // turns a byte into a network's input

	index []int32     // place of image i in the store; nil where that is i
	files *photoFiles // the store of photos
	ahead *ahead      // what reads them
}

// maxImages bounds the images of a set, so that an index of them fits 32 bits.
const maxImages = 1 << 30

// NewSet returns a set of len(labels) images after checking that everything fits together:
// pixels is [len(labels),C,H,W], shape is [C,H,W], each label is an index into classes, class names
// are distinct. It keeps the slices it is given. The error is an ErrFormat or ErrArgument.
func NewSet(name string, shape []int, pixels []byte, labels []int, classes []string, prep Preprocessing) (*Set, error) {
	return checked(&Set{Name: name, Shape: shape, Pixels: pixels, Labels: labels, Classes: classes, Prep: prep})
}

// checked returns a new set, if it fits together and its classes' names can be shown.
func checked(s *Set) (*Set, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	for i, name := range s.Classes {
		if !validName(name) {
			return nil, errors.Wrapf(ErrFormat, "%s: class %d: found the name %q, expected printable characters on one line, in UTF-8", printable(s.Name), i, name)
		}
	}
	return s, nil
}

// NewPhotos returns a set of photos that are image files in memory, of any size and of the kinds that
// DecodeImage reads. They are decoded and prepared by prep when needed; one that cannot be is an error
// of Read. The shape is that of the network's images, [3,H,W], each label an index into classes. It
// keeps the slices it is given. The error is an ErrFormat, ErrTooLarge or ErrArgument.
func NewPhotos(name string, shape []int, files [][]byte, labels []int, classes []string, prep Preprocessing) (*Set, error) {
	if !prep.IsPhoto() {
		return nil, errors.Wrapf(ErrArgument, "%s: found the preprocessing of drawings, expected that of photos", printable(name))
	}
	if err := prep.CheckShape(shape); err != nil {
		return nil, errors.WithMessage(err, printable(name))
	}
	if len(files) != len(labels) {
		return nil, errors.Wrapf(ErrArgument, "%s: found %d files and %d labels, expected as many", printable(name), len(files), len(labels))
	}
	p := &photoFiles{photo: prep.Photo, height: shape[1], width: shape[2], contents: files}
	for i, content := range files {
		label := fmt.Sprintf("%s: image %d", name, i)
		if _, err := encodedImage(content, printable(label)); err != nil {
			return nil, err
		}
		p.paths, p.sums = append(p.paths, label), append(p.sums, sha256.Sum256(content))
	}
	return newPhotos(name, p, labels, classes, prep)
}

// newPhotos returns a set of photos that stay encoded.
func newPhotos(name string, files *photoFiles, labels []int, classes []string, prep Preprocessing) (*Set, error) {
	return checked(&Set{Name: name, Shape: []int{3, files.height, files.width}, Labels: labels, Classes: classes, Prep: prep, files: files, ahead: &ahead{}})
}

// Len returns the number of images, 0 of a nil set.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.Labels)
}

// ExampleShape returns a copy of the shape of one image, [C,H,W].
func (s *Set) ExampleShape() []int {
	if s == nil {
		return nil
	}
	return slices.Clone(s.Shape)
}

// Label returns the index into Classes of image i.
func (s *Set) Label(i int) int { return s.Labels[i] }

// Image returns the stored bytes of image i, [C,H,W]. They belong to the set. It panics where ReadImage
// returns an error.
func (s *Set) Image(i int) []byte {
	pixels, err := s.ReadImage(i)
	if err != nil {
		panic(Unreadable{err})
	}
	return pixels
}

// ReadImage is Image of a set of photos, whose files may have changed or gone.
func (s *Set) ReadImage(i int) ([]byte, error) {
	if i < 0 || i >= s.Len() {
		return nil, errors.Wrapf(ErrArgument, "image %d: found %d images", i, s.Len())
	}
	if s.files != nil {
		return s.files.pixels(s.place(i), nil)
	}
	size := s.imageSize()
	i = s.place(i)
	return s.Pixels[i*size : (i+1)*size : (i+1)*size], nil
}

// File returns the path of image i, "" where the images are in memory.
func (s *Set) File(i int) string {
	if s.files == nil || s.files.contents != nil || s.files.known != nil {
		return ""
	}
	return s.files.path(s.place(i))
}

// content returns what tells image i from others: the SHA-256 of its file, or its stored bytes.
func (s *Set) content(i int) []byte {
	if s.files != nil {
		sum := s.files.sum(s.place(i))
		return sum[:]
	}
	return s.Image(i)
}

// place returns the place of image i in the store.
func (s *Set) place(i int) int {
	if s.index != nil {
		return int(s.index[i])
	}
	return i
}

func (s *Set) imageSize() int {
	size := 1
	for _, d := range s.Shape {
		size *= d
	}
	return size
}

// Counts returns the number of images of each class, in the order of Classes.
func (s *Set) Counts() []int {
	if s == nil {
		return nil
	}
	counts := make([]int, len(s.Classes))
	for _, l := range s.Labels {
		counts[l]++
	}
	return counts
}

// Gather writes the images with these indices to dst, preprocessed by Prep. dst is
// [len(indices),C,H,W]. Several goroutines may gather from one set. It panics, as indexing a slice
// does, if dst has another length or an index is outside 0..Len()-1, and where Read returns an error.
func (s *Set) Gather(dst []float32, indices []int) {
	if s.files == nil {
		gatherEach(s, dst, indices, s.ReadImage)
		return
	}
	s.gather(dst, indices, s.ahead, s.Len(), s.ReadImage)
}

// gather is Gather of images, of n, whose bytes read returns. Those of photos are read by a.
func (s *Set) gather(dst []float32, indices []int, a *ahead, n int, read func(i int) ([]byte, error)) {
	if s.files == nil {
		gatherEach(s, dst, indices, read)
		return
	}
	images := a.begin(indices, n, read)
	gatherEach(s, dst, images, (*arriving).wait)
}

// lookUp writes the numbers of bytes to dst, of the same length. Its own copy of the
// table, on the stack, halves its time.
func lookUp(dst []float32, bytes []byte, table [256]float32) {
	dst = dst[:len(bytes)]
	for i, v := range bytes {
		dst[i] = table[v]
	}
}

// gatherEach writes images whose bytes read returns to dst.
func gatherEach[T any](s *Set, dst []float32, images []T, read func(T) ([]byte, error)) {
	size := s.imageSize()
	if len(dst) != len(images)*size {
		panic(errors.Errorf("dataset: Gather of %d images of %v into %d numbers", len(images), s.Shape, len(dst)))
	}
	tables := make([]*[256]float32, s.Shape[0])
	for c := range tables {
		tables[c] = s.Prep.table(c)
	}
	for _, image := range images {
		pixels, err := read(image)
		if err != nil {
			panic(Unreadable{err})
		}
		plane := len(pixels) / len(tables)
		for c, table := range tables {
			lookUp(dst[c*plane:][:plane], pixels[c*plane:][:plane], *table)
		}
		dst = dst[size:]
	}
}

// Unreadable is what Gather panics with where an example cannot be read: a photo's file that has changed
// or gone, a damaged file of features.
type Unreadable struct{ Err error }

// Error returns that of Err.
func (u Unreadable) Error() string { return u.Err.Error() }

// Read is data.Gather, but returns an error where that panics with an Unreadable.
func Read(data Examples, dst []float32, indices []int) (err error) {
	if isNil(data) {
		return errors.Wrap(ErrArgument, "found no examples to read")
	}
	defer CatchUnreadable(&err)
	data.Gather(dst, indices)
	return nil
}

// CatchUnreadable, deferred, has a function return what it panics with, if that is an Unreadable.
func CatchUnreadable(err *error) {
	switch r := recover().(type) {
	case nil:
	case Unreadable:
		*err = r.Err
	default:
		panic(r)
	}
}

// Hash identifies the data: a SHA-256 over shape, pixels, labels and class names in the set's order.
// Name and Prep are not in it. It reads every pixel: 0.1 s or less for MNIST's training images. Of
// photos, the hashes of their files and how they become pixels stand for these, whatever the files are
// named.
func (s *Set) Hash() [sha256.Size]byte {
	h := sha256.New()
	writeInts(h, s.Shape)
	writeInts(h, s.Labels)
	writeInts(h, []int{len(s.Classes)})
	for _, c := range s.Classes {
		writeInts(h, []int{len(c)})
		h.Write([]byte(c))
	}
	if s.files != nil {
		s.files.hash(h)
	}
	for i := range s.Labels {
		h.Write(s.content(i))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// writeInts writes a length and as many numbers, so that no two lists of lists hash alike.
func writeInts(h hash.Hash, v []int) {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(v)))
	for _, n := range v {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	h.Write(b)
}
