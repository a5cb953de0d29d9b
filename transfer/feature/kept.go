package feature

import (
	"crypto/rand"
	"crypto/sha256"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/pkg/errors"
)

// kept is what runs of a share have saved beside its file, until that is complete. The
// names of these files are random, so that runs at the same time do not meet.
type kept struct {
	prefix  string // of the files' names
	files   []*shardFile
	earlier map[[sha256.Size]byte][]float32 // features from earlier runs, by the photo's SHA-256
}

// openKept opens what earlier runs of the share with that header have saved. Files that
// are of no use are left alone; warn is called for those that are feature files. If path, or what is saved beside it, is another share's, that is an ErrShard.
func openKept(path string, h Header, warn func(error)) (*kept, error) {
	k := &kept{prefix: path + ".kept-", earlier: map[[sha256.Size]byte][]float32{}}
	if f, err := openShard(path); err == nil {
		found := f.header
		_ = f.close() // it was only read
		if found.difference(h.Origin, "") == "" && found.Shard.Of == h.Shard.Of && found.Shard != h.Shard {
			return nil, errors.Wrapf(ErrShard, "%s: found the features of shard %s, expected to write those of %s: choose another name, or remove the file", escape.Text(path), found.Shard, h.Shard)
		}
	}
	for _, path := range k.names("") {
		f, unused := openShard(path)
		if errors.Is(unused, errOther) {
			continue
		}
		if unused == nil {
			var err error
			if unused, err = k.add(f, h); err != nil || unused != nil {
				_ = f.close() // it was only read
			}
			if err != nil {
				k.close()
				return nil, err
			}
		}
		if unused != nil {
			warn(errors.WithMessagef(unused, "%s: not used", escape.Text(path)))
		}
	}
	return k, nil
}

// add adds a file of an earlier run. unused says why it is of no use, if it is not.
func (k *kept) add(f *shardFile, h Header) (unused, err error) {
	found := f.header
	switch difference := found.difference(h.Origin, "as the network has it"); {
	case !found.Partial:
		return errors.New("found a complete feature file"), nil
	case found.Shard != h.Shard:
		return nil, errors.Wrapf(ErrShard, "%s: found features of shard %s, from a run that has not ended, expected those of %s: choose another name, or remove the file", escape.Text(f.path), found.Shard, h.Shard)
	case difference != "":
		return errors.New(difference), nil
	}
	values := map[[sha256.Size]byte][]float32{}
	unused = guard(f.mapped.lost, func() {
		for i := range f.labels {
			values[f.sum(i)] = f.view(i)
		}
	})
	if unused == nil {
		k.files = append(k.files, f)
		maps.Copy(k.earlier, values)
	}
	return unused, nil
}

// save saves rows in another file. It returns their values there.
func (k *kept) save(h Header, rows []Row) (values [][]float32, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	h.Partial = true
	path := k.prefix + strings.ToLower(rand.Text()[:12])
	err = WriteFile(path, h, func(w *Writer) error {
		for _, row := range rows {
			if err := w.Append(row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	f, err := openShard(path)
	if err != nil {
		return nil, errors.WithMessagef(err, "%s: what was written cannot be read", escape.Text(path))
	}
	k.files = append(k.files, f)
	for i := range rows {
		values = append(values, f.view(i))
	}
	return values, nil
}

// read calls f, which may read the saved features.
func (k *kept) read(f func() error) (err error) {
	lost := guard(func(address uintptr) error { return lostIn(k.files, address) }, func() { err = f() })
	if lost != nil {
		return lost
	}
	return err
}

// names returns the names in the folder that begin as those of saved features, with the
// prefix of temporary files before.
func (k *kept) names(temporary string) []string {
	folder, prefix := filepath.Split(k.prefix)
	entries, _ := os.ReadDir(filepath.Clean(folder))
	var paths []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), temporary+prefix) {
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	return paths
}

// close unmaps the saved features.
func (k *kept) close() {
	for _, f := range k.files {
		_ = f.close() // it was only read
	}
}

// remove removes the saved features: the file of the share now has them. A file that
// cannot be removed does no harm.
func (k *kept) remove() {
	k.close() // Windows cannot remove a mapped file
	for _, f := range k.files {
		_ = os.Remove(f.path)
	}
	for _, path := range k.names(".") { // what a killed run was writing
		info, err := os.Lstat(path)
		if err == nil && strings.Contains(filepath.Base(path), ".tmp-") && time.Since(info.ModTime()) > time.Hour {
			_ = os.Remove(path)
		}
	}
}
