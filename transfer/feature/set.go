package feature

import (
	"cmp"
	"math"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
)

// Set is the output of the frozen trunk for labelled examples: one row of float32 each,
// in one contiguous matrix. It implements dataset.Examples for the head. Several
// goroutines may read it. Close it when it is no longer needed.
type Set struct {
	dataset.Examples        // the rows; for an empty trunk the original examples
	Source           Source // where the rows came from
	rows             matrix // nil for an empty trunk
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

// Row returns the features of example i, which must not be modified. Those in a file are
// copied. Row panics for an empty trunk and after Close, and with a dataset.Unreadable if
// the file was truncated or its disk fails.
func (f *Set) Row(i int) []float32 { return f.rows.row(i) }

// Block returns the features of n examples starting at first, one row after the other.
// It returns false if they are in a file or not contiguous; use Gather then.
func (f *Set) Block(first, n int) ([]float32, bool) {
	if f.rows == nil {
		return nil, false
	}
	return f.rows.block(first, n)
}

// Close frees the memory and removes the file of mapped features, unless it is in
// CacheDir. Do not use any row afterwards. A second Close does nothing. The error's cause
// is ErrFile if a file of features has changed while it was in use: what was read may be
// wrong.
func (f *Set) Close() error {
	if f == nil || f.rows == nil {
		return nil
	}
	return f.rows.close()
}

// InMemory returns the number of bytes of memory that the features use: 0 if they are
// mapped from a file.
func (f *Set) InMemory() int64 {
	if f.rows == nil {
		return 0
	}
	return f.rows.inMemory()
}

// rows is a matrix of float32, in memory or mapped, with one label per row.
type rows struct {
	shape  []int // of one row: [C,H,W] or [F]
	size   int   // values per row
	values []float32
	labels []int
	mapped *mapping // that values are in; nil if they are in memory
}

// newRows returns rows of that shape for the examples. They have no values yet.
func newRows(shape []int, data dataset.Examples) (*rows, error) {
	r := &rows{shape: shape, size: sizeOf(shape), labels: make([]int, data.Len())}
	if len(r.labels) > math.MaxInt/4/r.size {
		return nil, errors.Errorf("features: found %d of shape %v, more than this machine can address", len(r.labels), shape)
	}
	for i := range r.labels {
		r.labels[i] = data.Label(i)
	}
	return r, nil
}

// sizeOf returns the number of values in a row of that shape.
func sizeOf(shape []int) int {
	n := 1
	for _, side := range shape {
		n *= side
	}
	return n
}

func (r *rows) bytes() int64 { return 4 * int64(len(r.labels)) * int64(r.size) }

// view returns row i where it is. Reading one that is mapped needs a guard.
func (r *rows) view(i int) []float32 { return r.values[i*r.size : (i+1)*r.size] }

func (r *rows) row(i int) []float32 {
	if r.mapped == nil {
		return r.view(i)
	}
	row := make([]float32, r.size)
	r.Gather(row, []int{i})
	return row
}

func (r *rows) block(first, n int) ([]float32, bool) {
	if r.mapped != nil {
		return nil, false
	}
	return r.values[first*r.size : (first+n)*r.size], true
}

func (r *rows) inMemory() int64 {
	if r.mapped != nil {
		return 0
	}
	return r.bytes()
}

// piece is the number of rows covered by one checksum of a cache file.
const piece = 250

// pieces returns the number of pieces of at most piece rows.
func (r *rows) pieces() int { return (len(r.labels) + piece - 1) / piece }

// piece returns the range [from,to) of piece i in values.
func (r *rows) piece(i int) (from, to int) {
	return i * piece * r.size, min((i+1)*piece, len(r.labels)) * r.size
}

func (r *rows) close() error {
	mapped := r.mapped
	r.values, r.mapped = nil, nil
	changed := mapped.unchanged()
	return cmp.Or(mapped.close(), changed)
}

// Len returns the number of examples.
func (r *rows) Len() int { return len(r.labels) }

// ExampleShape returns the shape of one row, [C,H,W] or [F].
func (r *rows) ExampleShape() []int { return append([]int(nil), r.shape...) }

// Label returns the class of example i.
func (r *rows) Label(i int) int { return r.labels[i] }

// Gather copies the rows with these indices to dst. It uses one goroutine: memory
// bandwidth is the limit, and a second one is no faster (BenchmarkGather).
func (r *rows) Gather(dst []float32, indices []int) {
	copyAll := func() {
		for i, index := range indices {
			copy(dst[i*r.size:(i+1)*r.size], r.view(index))
		}
	}
	if r.mapped == nil {
		copyAll()
		return
	}
	mustRead(r.mapped.lost, copyAll)
}
