package feature

import (
	"math"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
)

// Set is what the frozen trunk makes of labelled examples: one row of float32
// each, in one contiguous matrix. It is dataset.Examples for the head. Several
// goroutines may read it. Close it when it is no longer needed.
type Set struct {
	dataset.Examples        // the rows; of an empty trunk the examples themselves
	Source           Source // where the rows came from
	rows             matrix // nil of an empty trunk
}

// matrix is the rows of a Set.
type matrix interface {
	row(i int) []float32
	block(first, n int) ([]float32, bool)
	inMemory() int64
	close() error
}

// Source says where features came from and where they are.
type Source string

const (
	Memory Source = "memory" // computed, and held in memory
	Mapped Source = "mapped" // computed, and held in a file that is mapped into memory
	Disk   Source = "disk"   // read from the cache folder, not computed
	Files  Source = "files"  // mapped from feature files
)

// Row returns the features of example i. They belong to f, and are to be read
// only. An empty trunk has none: it panics, as after Close.
func (f *Set) Row(i int) []float32 { return f.rows.row(i) }

// Block returns the features of n examples from first on, one row after the
// other, and false where they do not lie so in memory: Gather them then.
func (f *Set) Block(first, n int) ([]float32, bool) {
	if f.rows == nil {
		return nil, false
	}
	return f.rows.block(first, n)
}

// Close frees the memory, and removes the file of mapped features unless they
// are in CacheDir. No row may be used afterwards. A second Close does nothing.
func (f *Set) Close() error {
	if f == nil || f.rows == nil {
		return nil
	}
	return f.rows.close()
}

// InMemory returns the bytes of memory that the features hold: 0 where they are
// mapped from a file.
func (f *Set) InMemory() int64 {
	if f.rows == nil {
		return 0
	}
	return f.rows.inMemory()
}

// rows is a matrix of float32, in memory or mapped, with a label a row.
type rows struct {
	shape   []int // of one row: [C,H,W] or [F]
	size    int   // numbers of one row
	values  []float32
	labels  []int
	release func() error // unmaps values; nil when they are in memory
}

// newRows returns rows of that shape for the examples, without values yet.
func newRows(shape []int, data dataset.Examples) (*rows, error) {
	r := &rows{shape: shape, size: 1, labels: make([]int, data.Len())}
	for _, side := range shape {
		r.size *= side
	}
	if len(r.labels) > math.MaxInt/4/r.size {
		return nil, errors.Errorf("features: found %d of shape %v, more than this machine can address", len(r.labels), shape)
	}
	for i := range r.labels {
		r.labels[i] = data.Label(i)
	}
	return r, nil
}

func (r *rows) bytes() int64 { return 4 * int64(len(r.labels)) * int64(r.size) }

func (r *rows) row(i int) []float32 { return r.values[i*r.size : (i+1)*r.size] }

func (r *rows) block(first, n int) ([]float32, bool) {
	return r.values[first*r.size : (first+n)*r.size], true
}

func (r *rows) inMemory() int64 {
	if r.release != nil {
		return 0
	}
	return r.bytes()
}

// piece is how many rows a cache file has a checksum of together.
const piece = 250

// pieces returns how many pieces of at most piece rows there are.
func (r *rows) pieces() int { return (len(r.labels) + piece - 1) / piece }

// piece returns the numbers of piece i as [from,to) in values.
func (r *rows) piece(i int) (from, to int) {
	return i * piece * r.size, min((i+1)*piece, len(r.labels)) * r.size
}

func (r *rows) close() error {
	release := r.release
	r.values, r.release = nil, nil
	if release == nil {
		return nil
	}
	return release()
}

// Len returns the number of examples.
func (r *rows) Len() int { return len(r.labels) }

// ExampleShape returns the shape of one row, [C,H,W] or [F].
func (r *rows) ExampleShape() []int { return append([]int(nil), r.shape...) }

// Label returns the class of example i.
func (r *rows) Label(i int) int { return r.labels[i] }

// Gather copies the rows with these indices to dst, on one goroutine: it goes
// at the memory's pace, and a second one is no faster (BenchmarkGather).
func (r *rows) Gather(dst []float32, indices []int) {
	for i, index := range indices {
		copy(dst[i*r.size:(i+1)*r.size], r.row(index))
	}
}
