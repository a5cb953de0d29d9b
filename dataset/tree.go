package dataset

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// tree is a folder with everything beneath it. Names of folders and files in it are relative to it, with
// slashes; "" is the folder itself.
type tree interface {
	entries(folder string) ([]entry, error) // what is in a folder, in ascending order
	path(name string) string                // for the system and for messages
}

// entry is a file or folder in another folder.
type entry struct {
	name string
	kind fs.FileMode // type bits
}

// diskTree is the tree of a folder on disk.
type diskTree string

func (d diskTree) entries(folder string) ([]entry, error) {
	found, err := os.ReadDir(d.path(folder))
	if err != nil {
		return nil, errors.WithStack(err)
	}
	entries := make([]entry, len(found))
	for i, e := range found {
		entries[i] = entry{e.Name(), e.Type()}
	}
	return entries, nil
}

func (d diskTree) path(name string) string {
	if name == "" {
		return string(d)
	}
	return filepath.Join(string(d), filepath.FromSlash(name))
}

// nameTree is the tree of a list of files, without those whose name no file in a folder can have.
type nameTree struct {
	dir     string
	folders map[string][]entry
}

func newNameTree(dir string, names []string) nameTree {
	t := nameTree{dir, map[string][]entry{}}
	for _, name := range names {
		if fromRoot := "/" + name; name != "" && path.Clean(fromRoot) == fromRoot {
			t.add(name, 0)
		}
	}
	for folder, entries := range t.folders {
		slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(b.kind, a.kind)) })
		// A name that was listed and has others beneath it is a folder.
		t.folders[folder] = slices.CompactFunc(entries, func(a, b entry) bool { return a.name == b.name })
	}
	return t
}

// add adds an entry and the folders above it.
func (t nameTree) add(name string, kind fs.FileMode) {
	above, base := path.Split(name)
	above = strings.TrimSuffix(above, "/")
	if above != "" && t.folders[above] == nil {
		t.add(above, fs.ModeDir)
	}
	t.folders[above] = append(t.folders[above], entry{base, kind})
}

func (t nameTree) entries(folder string) ([]entry, error) { return t.folders[folder], nil }

func (t nameTree) path(name string) string {
	if name == "" {
		return t.dir
	}
	return strings.TrimSuffix(t.dir, "/") + "/" + name
}

// Hidden reports whether files and folders of that name, without a path, are passed over: names that
// begin with a dot, and what operating systems and their archives leave beside the data.
func Hidden(name string) bool {
	return strings.HasPrefix(name, ".") || name == "__MACOSX" || name == "Thumbs.db" || name == "desktop.ini"
}

// subFolders returns the names of the folders in a folder, in ascending order, without hidden ones.
func subFolders(t tree, folder string) ([]string, error) {
	entries, err := t.entries(folder)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if Hidden(e.name) || e.kind.IsRegular() {
			continue
		}
		if !e.kind.IsDir() { // a link to a folder is as good as a folder
			if info, err := os.Stat(t.path(path.Join(folder, e.name))); err != nil || !info.IsDir() {
				continue
			}
		}
		names = append(names, e.name)
	}
	return names, nil
}

// filesIn returns the names of all entries of a folder, in ascending order, and apart from them hidden
// ones.
func filesIn(t tree, folder string) (visible, hidden []string, err error) {
	entries, err := t.entries(folder)
	for _, e := range entries {
		if Hidden(e.name) {
			hidden = append(hidden, e.name)
		} else {
			visible = append(visible, e.name)
		}
	}
	return visible, hidden, err
}
