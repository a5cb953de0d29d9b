package hub

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pkg/errors"
)

var isCommit = regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString

// cached returns the path of a file that the cache has.
func cached(cache string, ref Ref, file string) (string, bool) {
	folder := filepath.Join(cache, ref.folder())
	commit := ref.Revision
	if !isCommit(commit) {
		text, err := os.ReadFile(filepath.Join(folder, "refs", filepath.FromSlash(ref.Revision)))
		if commit = strings.TrimSpace(string(text)); err != nil || !isCommit(commit) {
			return "", false
		}
	}
	p := filepath.Join(folder, "snapshots", commit, filepath.FromSlash(file))
	info, err := os.Stat(p)
	return p, err == nil && info.Mode().IsRegular()
}

// store writes into the cache of one repository. Its paths are below the cache,
// with slashes, and no link leads out of it.
type store struct {
	root   *os.Root
	folder string
}

func openStore(cache string, ref Ref) (*store, error) {
	if err := os.MkdirAll(cache, 0o777); err != nil {
		return nil, errors.Wrap(err, "the hub's cache")
	}
	root, err := os.OpenRoot(cache)
	if err != nil {
		return nil, errors.Wrap(err, "the hub's cache")
	}
	s := &store{root, ref.folder()}
	for _, folder := range []string{path.Join(s.folder, "blobs"), path.Join(".locks", s.folder)} {
		if err := root.MkdirAll(folder, 0o777); err != nil {
			root.Close()
			return nil, errors.Wrapf(err, "the hub's cache %s", cache)
		}
	}
	return s, nil
}

func (s *store) blob(hash string) string { return path.Join(s.folder, "blobs", hash) }

// has reports whether a blob of that size is there.
func (s *store) has(hash string, size int64) bool {
	info, err := s.root.Stat(s.blob(hash))
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// link makes the file of a commit a link to its blob.
func (s *store) link(commit, file, hash string) error {
	place := path.Join(s.folder, "snapshots", commit, file)
	if err := s.root.MkdirAll(path.Dir(place), 0o777); err != nil {
		return errors.Wrap(err, "the hub's cache")
	}
	if info, err := s.root.Stat(place); err == nil && info.Mode().IsRegular() {
		return nil
	}
	if err := s.root.Remove(place); err != nil && !os.IsNotExist(err) { // a link to nothing
		return errors.Wrap(err, "the hub's cache")
	}
	up := strings.Repeat("../", strings.Count(file, "/")+2)
	if err := s.root.Symlink(up+"blobs/"+hash, place); err == nil || os.IsExist(err) {
		return nil
	}
	// No links here, as on Windows without the right to make them.
	return errors.Wrap(s.root.Rename(s.blob(hash), place), "the hub's cache")
}

// note writes down the commit of a branch or tag.
func (s *store) note(revision, commit string) error {
	if isCommit(revision) {
		return nil
	}
	place := path.Join(s.folder, "refs", revision)
	if text, err := s.root.ReadFile(place); err == nil && string(text) == commit {
		return nil
	}
	if err := s.root.MkdirAll(path.Dir(place), 0o777); err != nil {
		return errors.Wrap(err, "the hub's cache")
	}
	temp := path.Join(s.folder, "blobs", commit+".ref.incomplete")
	if err := s.root.WriteFile(temp, []byte(commit), 0o666); err != nil {
		return errors.Wrap(err, "the hub's cache")
	}
	return errors.Wrap(s.root.Rename(temp, place), "the hub's cache")
}
