package feature

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// A feature file is the features of one shard, with names and labels. It contains
//
//	magic   [16]
//	values  float32 in this machine's byte order, row after row, as in the cache file
//	sums    SHA-256 of each image's file [32]
//	labels  index into the header's classes, times 4, plus the half [4]
//	ends    offset of each path's end in paths [8]
//	paths   one after the other
//	header  JSON
//	sizes   of header and paths, number of rows [8,8,8]
//	digest  SHA-256 of the magic, the SHA-256 of each piece of rows, and all that
//	        is between values and digest
//
// Integers are little-endian. Rows may be in any order, but a path may occur only once.
const shardMagic = "lastlayer shard\n"

// shardTail is the number of bytes after the header.
const shardTail = 3*8 + sha256.Size

// Limits of a feature file.
const (
	maxHeader = 16 << 20 // bytes
	maxPath   = 1 << 16  // bytes of one path
)

// Header describes the rows of a feature file.
type Header struct {
	Origin
	Shard   Shard    `json:"shard"`
	Classes []string `json:"classes"`           // of the whole set, indexed by label
	Listing Listing  `json:"listing"`           // of the whole set, including files that could not be read
	Partial bool     `json:"partial,omitempty"` // some rows of a share, from a run that has not ended
}

// Check returns an ErrShard that names the first invalid field.
func (h Header) Check() error {
	if err := h.Shard.Check(); err != nil {
		return err
	}
	switch {
	case h.size() == 0:
		return errors.Wrapf(ErrShard, "shape: found %v, expected sides from 1", h.Shape)
	case h.Network == "" || h.Kernel == "" || h.ByteOrder == "":
		return errors.Wrap(ErrShard, "origin: found no network, kernel or byte order; expected what Trunk.Origin returns")
	case len(h.Classes) == 0 || len(h.Classes) > math.MaxInt32/4:
		return errors.Wrapf(ErrShard, "classes: found %d, expected one or more", len(h.Classes))
	case h.Listing.Files < 0:
		return errors.Wrapf(ErrShard, "listing: found %d files", h.Listing.Files)
	}
	if err := cmp.Or(h.Prep.Validate(), h.Prep.CheckShape(h.Images)); err != nil {
		return errors.Wrap(ErrShard, err.Error())
	}
	return nil
}

// Row is one image of a feature file.
type Row struct {
	Path   string            // relative to the folder of the data set, with slashes: see ShardOf
	Half   dataset.Half      // half of the data set it belongs to
	Label  int               // index into Header.Classes
	Sum    [sha256.Size]byte // SHA-256 of the file's content; decides whether it is a test image if no folder does
	Values []float32         // the trunk's output
}

// validPath reports whether a file with that path can be in a feature file.
func validPath(path string) bool {
	return path != "" && len(path) <= maxPath && utf8.ValidString(path) && !strings.HasPrefix(path, "/")
}

// check returns an error unless the row is valid in a file with that header.
func (r Row) check(h Header) error {
	path := escape.Text(r.Path)
	switch {
	case !validPath(r.Path):
		return errors.Wrapf(ErrShard, "path: found %.100q, expected one relative to the folder of the data, in UTF-8", r.Path)
	case !h.Shard.Holds(r.Path):
		return errors.Wrapf(ErrShard, "%s: found an image of shard %s, expected one of %s", path, ShardOf(r.Path, h.Shard.Of), h.Shard)
	case r.Label < 0 || r.Label >= len(h.Classes):
		return errors.Wrapf(ErrShard, "%s: label: found %d, expected 0 to %d", path, r.Label, len(h.Classes)-1)
	case r.Half > dataset.TestHalf:
		return errors.Wrapf(ErrShard, "%s: half: found %d, expected 0 to %d", path, r.Half, dataset.TestHalf)
	case len(r.Values) != h.size():
		return errors.Wrapf(ErrShard, "%s: found %d features, expected %d, of shape %v", path, len(r.Values), h.size(), h.Shape)
	}
	for i, v := range r.Values {
		if v != v || math.IsInf(float64(v), 0) {
			return errors.Wrapf(ErrShard, "%s: feature %d: found %v, expected a finite number", path, i, v)
		}
	}
	return nil
}

// Writer writes a feature file. The rows' values are written at once. Close writes the
// rest, a few hundred bytes per row.
type Writer struct {
	header Header
	to     io.Writer
	digest hash.Hash
	values pieceSums
	rows   int
	seen   map[string]bool

	sums, labels, ends, paths bytes.Buffer
}

// NewWriter starts a feature file. The file must not be read until Close has returned
// nil.
func NewWriter(to io.Writer, h Header) (*Writer, error) {
	if err := h.Check(); err != nil {
		return nil, err
	}
	w := &Writer{header: h, to: to, digest: sha256.New(), seen: map[string]bool{}}
	w.values = pieceSums{size: h.size(), to: w.digest}
	w.digest.Write([]byte(shardMagic))
	_, err := io.WriteString(to, shardMagic)
	return w, errors.WithStack(err)
}

// Append writes a row. Rows in ascending path order are faster to read. The error's
// cause is ErrShard if the row does not belong in the file or its path is a duplicate.
func (w *Writer) Append(r Row) error {
	if err := r.check(w.header); err != nil {
		return err
	}
	if w.seen[r.Path] {
		return errors.Wrapf(ErrShard, "%s: found it twice", escape.Text(r.Path))
	}
	w.seen[r.Path] = true
	w.values.add(r.Values)
	if _, err := w.to.Write(bytesOf(r.Values)); err != nil {
		return errors.WithStack(err)
	}
	w.rows++
	w.sums.Write(r.Sum[:])
	w.labels.Write(binary.LittleEndian.AppendUint32(nil, uint32(r.Label)<<2|uint32(r.Half)))
	w.paths.WriteString(r.Path)
	w.ends.Write(binary.LittleEndian.AppendUint64(nil, uint64(w.paths.Len())))
	return nil
}

// Close completes the file. It does not close the underlying writer.
func (w *Writer) Close() error {
	w.values.end()
	header, err := json.Marshal(w.header)
	if err != nil {
		return errors.Wrap(err, "header of the features")
	}
	var sizes []byte
	for _, n := range []int{len(header), w.paths.Len(), w.rows} {
		sizes = binary.LittleEndian.AppendUint64(sizes, uint64(n))
	}
	for _, part := range [][]byte{w.sums.Bytes(), w.labels.Bytes(), w.ends.Bytes(), w.paths.Bytes(), header, sizes} {
		w.digest.Write(part)
		if _, err := w.to.Write(part); err != nil {
			return errors.WithStack(err)
		}
	}
	_, err = w.to.Write(w.digest.Sum(nil))
	return errors.WithStack(err)
}

// WriteFile writes a feature file, complete or not at all. rows appends its rows.
func WriteFile(path string, h Header, rows func(w *Writer) error) error {
	return weightfile.ReplaceFile(path, func(to io.Writer) error {
		w, err := NewWriter(to, h)
		if err != nil {
			return err
		}
		if err := rows(w); err != nil {
			return err
		}
		return w.Close()
	})
}
