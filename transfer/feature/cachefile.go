package feature

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// ErrCache is the cause of errors about invalid cache options, or examples whose
// features cannot be cached.
var ErrCache = errors.New("invalid cache options")

// cacheFile is a file of features in a cache folder. It contains
//
//	header  magic [16], key [32], rows [8] and values per row [8], little-endian
//	values  float32 in this machine's byte order, row after row
//	digest  SHA-256 of the header and the SHA-256 of each piece of rows
//
// Its name is the key, a hash of everything the values depend on. A file with that name
// and a valid digest is the right one, no matter who wrote it.
type cacheFile struct {
	path   string
	header []byte
}

const cacheMagic = "lastlayer feats\n"

// cacheKey is everything the values depend on. The key is the hash of its JSON.
type cacheKey struct {
	Version   int
	ByteOrder string
	Products  string // name of the matrix products; each kernel rounds differently
	trunkKey
	Prep     dataset.Preprocessing
	Data     [sha256.Size]byte
	Features []string `json:",omitempty"`
}

// cacheFile returns the file in dir for the features that the trunk computes from data.
func (t *Trunk) cacheFile(dir string, data dataset.Examples, r *rows) (*cacheFile, error) {
	var prep dataset.Preprocessing
	var hash [sha256.Size]byte
	switch data := data.(type) {
	case *dataset.Set:
		prep, hash = data.Prep, data.Hash()
	case *dataset.Copies:
		prep, hash = data.Prep(), data.Hash()
	default:
		return nil, errors.Wrapf(ErrCache, "cache folder %s: found examples of type %T, expected a *dataset.Set or *dataset.Copies, which have a hash", escape.Text(dir), data)
	}
	trunk, features, err := keyOf(t.network, t.cut)
	if err != nil {
		return nil, err
	}
	key := cacheKey{
		Version: version, ByteOrder: binary.NativeEndian.String(), Products: gemm.Name(),
		trunkKey: trunk, Prep: prep, Data: hash, Features: features,
	}
	text, err := json.Marshal(key)
	if err != nil {
		return nil, errors.Wrap(err, "key of the features")
	}
	sum := sha256.Sum256(text)
	header := append([]byte(cacheMagic), sum[:]...)
	header = binary.LittleEndian.AppendUint64(header, uint64(len(r.labels)))
	header = binary.LittleEndian.AppendUint64(header, uint64(r.size))
	return &cacheFile{filepath.Join(dir, hex.EncodeToString(sum[:])+".features"), header}, nil
}

// fill sets r's values. It reads them from the file; if it cannot, it computes them
// with run and writes the file. If they fit they are held in memory, otherwise mapped
// from the file.
func (c *cacheFile) fill(r *rows, fits bool, run runner, warn func(error)) (found bool, err error) {
	err = c.read(r, fits)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		warn(errors.WithMessagef(err, "%s: recomputed", escape.Text(c.path)))
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o777); err != nil {
		return false, errors.Wrap(err, "cache folder")
	}
	if fits {
		r.values = make([]float32, len(r.labels)*r.size)
	}
	complete, err := c.write(r, run)
	// Windows cannot replace a file that another run has mapped. That run's file is
	// just as good.
	if err != nil && !(complete && c.read(r, fits) == nil) {
		return false, errors.WithMessage(err, "cache folder")
	}
	if r.values != nil {
		return false, nil
	}
	return false, errors.WithMessagef(c.read(r, false), "%s: what was written cannot be read", escape.Text(c.path))
}

// runner runs a trunk and passes on its rows, one piece at a time.
type runner func(f func(first int, values []float32) error) error

// write writes the output of run to the file, complete or not at all, and copies it to
// r if r has memory for it. complete says whether run finished, even if writing the
// file failed.
func (c *cacheFile) write(r *rows, run runner) (complete bool, err error) {
	err = weightfile.ReplaceName(c.path, func(w io.Writer) error {
		digest := sha256.New()
		digest.Write(c.header)
		if _, err := w.Write(c.header); err != nil {
			return err
		}
		sums := pieceSums{size: r.size, to: digest}
		err := run(func(first int, values []float32) error {
			if r.values != nil {
				copy(r.values[first*r.size:], values)
			}
			sums.add(values)
			_, err := w.Write(bytesOf(values))
			return err
		})
		if err != nil {
			return err
		}
		complete = true
		sums.end()
		_, err = w.Write(digest.Sum(nil))
		return err
	})
	return complete, err
}

// pieceSums computes the digest of a file's rows, which arrive in batches of any size.
type pieceSums struct {
	size int // values per row
	to   hash.Hash
	sum  hash.Hash // of the current piece, nil between pieces
	rows int       // in the current piece
}

func (p *pieceSums) add(values []float32) {
	for len(values) > 0 {
		if p.sum == nil {
			p.sum = sha256.New()
		}
		n := min(len(values)/p.size, piece-p.rows)
		p.sum.Write(bytesOf(values[:n*p.size]))
		if p.rows += n; p.rows == piece {
			p.end()
		}
		values = values[n*p.size:]
	}
}

// end ends the current piece.
func (p *pieceSums) end() {
	if p.sum != nil {
		p.to.Write(p.sum.Sum(nil))
		p.sum, p.rows = nil, 0
	}
}

// read sets r's values from the file after checking every bit. It allocates memory only
// once the file is known to be large enough. If there is no file, the error is an
// fs.ErrNotExist.
func (c *cacheFile) read(r *rows, fits bool) (err error) {
	if info, err := os.Lstat(c.path); err != nil {
		return err
	} else if !info.Mode().IsRegular() { // opening a pipe would wait for a writer, and we never create links
		return errors.New("found no regular file")
	}
	f, err := os.Open(c.path)
	if err != nil {
		return err
	}
	defer f.Close() // the digest has shown whether the content is valid
	info, err := f.Stat()
	if err != nil {
		return err
	}
	from := int64(len(c.header))
	to := from + r.bytes()
	if info.Size() != to+sha256.Size {
		return errors.Errorf("found %d bytes, expected %d", info.Size(), to+sha256.Size)
	}
	header, digest := make([]byte, from), make([]byte, sha256.Size)
	if _, err := f.ReadAt(header, 0); err != nil {
		return err
	}
	if _, err := f.ReadAt(digest, to); err != nil {
		return err
	}
	if fits {
		r.values = make([]float32, r.bytes()/4)
	} else if err := r.mapFrom(f, from); err != nil {
		return err
	}
	got, err := c.digest(r, f, fits)
	if err == nil && !(bytes.Equal(header, c.header) && bytes.Equal(digest, got)) {
		err = errors.New("damaged: its SHA-256 is not that of its content")
	}
	if err != nil {
		if closeErr := r.close(); closeErr != nil {
			return closeErr
		}
	}
	return err
}

// digest returns the digest of r. If read is set, it first reads the values from f.
func (c *cacheFile) digest(r *rows, f io.ReaderAt, read bool) ([]byte, error) {
	if !read {
		f = nil
	}
	h := sha256.New()
	h.Write(c.header)
	if err := r.sumPieces(h, f, int64(len(c.header))); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

// sumPieces adds the SHA-256 of each piece of r to h, on all cores. If f is not nil, it
// first reads the values from f at offset.
func (r *rows) sumPieces(h hash.Hash, f io.ReaderAt, offset int64) error {
	sums := make([][sha256.Size]byte, r.pieces())
	failed := make([]error, len(sums))
	parallel.For(len(sums), func(_, i int) {
		from, to := r.piece(i)
		b := bytesOf(r.values[from:to])
		if f != nil {
			if _, failed[i] = f.ReadAt(b, offset+4*int64(from)); failed[i] != nil {
				return
			}
		}
		failed[i] = guard(r.mapped.lost, func() { sums[i] = sha256.Sum256(b) })
	})
	for i, sum := range sums {
		if failed[i] != nil {
			return errors.Wrap(failed[i], "read")
		}
		h.Write(sum[:])
	}
	return nil
}
