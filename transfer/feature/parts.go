package feature

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// A pass through the trunk that will take longer than keptFrom is saved in parts beside
// the cache file, so that the next run can continue after an interruption. A part holds
// the rows of partEvery, or partBytes if that is less.
var (
	keptFrom  = 10 * time.Second
	partEvery = 5 * time.Second
)

const partBytes = 16 << 20

// parts are the files of an unfinished pass. Each appears complete or not at all, and
// contains
//
//	header  that of the cache file
//	place   first row and number of rows [8,8], little-endian
//	values  float32 in this machine's byte order, row after row
//	digest  SHA-256 of everything before it
//
// Runs of the same pass may share them: the content is the same, no matter who wrote
// it.
type parts struct {
	prefix string // of the files' names
	header []byte
	rows   int // in all features
	size   int // values per row
}

func (c *cacheFile) parts(r *rows) parts {
	return parts{strings.TrimSuffix(c.path, ".features") + ".part-", c.header, len(r.labels), r.size}
}

func (p parts) path(first int) string { return fmt.Sprintf("%s%010d", p.prefix, first) }

// place returns what comes before the values of n rows.
func (p parts) place(first, n int) []byte {
	b := binary.LittleEndian.AppendUint64(bytes.Clone(p.header), uint64(first))
	return binary.LittleEndian.AppendUint64(b, uint64(n))
}

// read returns the rows of the part that starts at row first. It returns nil if the
// part is missing or damaged; the rows are then computed.
func (p parts) read(first int) []float32 {
	if info, err := os.Lstat(p.path(first)); err != nil || !info.Mode().IsRegular() { // opening a pipe would wait for a writer
		return nil
	}
	f, err := os.Open(p.path(first))
	if err != nil {
		return nil
	}
	defer f.Close() // the digest has shown whether the content is valid
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	before := len(p.place(0, 0))
	length := info.Size() - int64(before) - sha256.Size
	n := int(length / 4 / int64(p.size))
	if length <= 0 || length != 4*int64(n)*int64(p.size) || first+n > p.rows {
		return nil
	}
	values, digest := make([]float32, n*p.size), make([]byte, sha256.Size)
	start := make([]byte, before)
	for _, b := range [][]byte{start, bytesOf(values), digest} {
		if _, err := io.ReadFull(f, b); err != nil {
			return nil
		}
	}
	if !bytes.Equal(start, p.place(first, n)) || !bytes.Equal(digest, p.digest(first, values)) {
		return nil
	}
	return values
}

// digest returns the digest at the end of the part with these values.
func (p parts) digest(first int, values []float32) []byte {
	h := sha256.New()
	h.Write(p.place(first, len(values)/p.size))
	h.Write(bytesOf(values))
	return h.Sum(nil)
}

// write writes a part.
func (p parts) write(first int, values []float32) error {
	return weightfile.ReplaceName(p.path(first), func(w io.Writer) error {
		for _, b := range [][]byte{p.place(first, len(values)/p.size), bytesOf(values), p.digest(first, values)} {
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// remove removes all parts. A part that cannot be removed takes space but does no harm.
func (p parts) remove() {
	folder, base := filepath.Split(p.prefix)
	entries, _ := os.ReadDir(filepath.Clean(folder))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), base) {
			_ = os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}

// runInParts is run, but continues after existing parts and saves its own if it will
// take long.
func (t *Trunk) runInParts(ctx context.Context, data dataset.Examples, opt Options, p parts, f func(first int, values []float32) error) (err error) {
	done := 0
	for done < p.rows {
		values := p.read(done)
		if values == nil {
			break
		}
		if err := f(done, values); err != nil {
			return err
		}
		done += len(values) / p.size
	}
	if done > 0 {
		opt.warn(errors.Errorf("cache folder: the features of %d of %d examples are there, from a run that did not end", done, p.rows))
	}
	if done == p.rows {
		return nil
	}
	k := keeper{parts: p, first: done, next: done, began: time.Now()}
	defer func() {
		if left := k.end(); err == nil {
			err = left
		}
	}()
	progress := opt.Progress
	if progress != nil {
		progress = func(n, of int) { opt.Progress(done+n, p.rows) }
	}
	return t.run(ctx, span{data, done, p.rows - done}, progress, func(first int, values []float32) error {
		if err := k.add(values); err != nil {
			return err
		}
		return f(done+first, values)
	})
}

// keeper collects rows into parts.
type keeper struct {
	parts
	first, next int       // collected rows: [first,next)
	began       time.Time // when the part was started
	values      []float32
	decided     bool
	keep        bool
}

func (k *keeper) add(values []float32) error {
	n := len(values) / k.size
	if !k.decided { // by the first batch, assuming that all take as long
		k.decided, k.keep = true, time.Since(k.began) > keptFrom/time.Duration((k.rows-k.first+n-1)/n)
	}
	if k.next += n; !k.keep {
		return nil
	}
	k.values = append(k.values, values...)
	if time.Since(k.began) < partEvery && 4*len(k.values) < partBytes {
		return nil
	}
	return k.end()
}

// end writes the collected rows as a part.
func (k *keeper) end() error {
	if len(k.values) == 0 {
		return nil
	}
	err := k.write(k.first, k.values)
	k.first, k.began, k.values = k.next, time.Now(), k.values[:0]
	return errors.WithMessage(err, "cache folder")
}

// span is n examples starting at first.
type span struct {
	dataset.Examples
	first, n int
}

func (s span) Len() int        { return s.n }
func (s span) Label(i int) int { return s.Examples.Label(s.first + i) }

func (s span) Gather(dst []float32, indices []int) {
	moved := make([]int, len(indices))
	for i, index := range indices {
		moved[i] = s.first + index
	}
	s.Examples.Gather(dst, moved)
}
