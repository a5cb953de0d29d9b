package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// idxFolders returns where the IDX files of a folder are: in itself, in a folder raw or gzip in it, as
// torchvision and EMNIST's archive have them, or else in those of its sub-folders that have any.
func idxFolders(dir string) []string {
	if own := idxFolder(dir); own != "" {
		return []string{own}
	}
	subs, err := subFolders(diskTree(dir), "")
	if err != nil {
		return nil
	}
	var found []string
	for _, sub := range subs {
		if folder := idxFolder(filepath.Join(dir, sub)); folder != "" {
			found = append(found, folder)
		}
	}
	return found
}

// idxFolder returns the folder itself or one that it was unpacked into, if IDX files are in it, or "".
func idxFolder(dir string) string {
	folders := []string{dir}
	if subs, err := subFolders(diskTree(dir), ""); err == nil {
		for _, sub := range slices.DeleteFunc(subs, func(sub string) bool { return !unpackedInto(sub) }) {
			folders = append(folders, filepath.Join(dir, sub))
		}
	}
	for _, folder := range folders {
		if files, err := idxFilesIn(folder); err == nil && len(files) > 0 {
			return folder
		}
	}
	return ""
}

// idxFilesIn returns the IDX files of a folder. Of a file and its packed form it returns the file.
func idxFilesIn(dir string) ([]idxName, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	var files []idxName
	plain := map[string]bool{} // in small letters
	for _, e := range entries {
		if f, ok := parseIDXName(e.Name()); ok && !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			files = append(files, f)
			plain[strings.ToLower(f.name)] = !f.packed
		}
	}
	return slices.DeleteFunc(files, func(f idxName) bool {
		return f.packed && plain[strings.TrimSuffix(strings.ToLower(f.name), ".gz")]
	}), nil
}

// idxSet is the paths of a data set's four files, and the part of EMNIST that they are, or "".
type idxSet struct {
	paths [idxRoles]string
	part  string
}

// findIDX returns the set whose files are in a folder, of EMNIST's parts the one of that name if it is
// not "". Each file says by its own name which set it is of: files of several are an ErrFormat, one
// that lacks is an ErrNotFound.
func findIDX(dir, part string) (set idxSet, err error) {
	files, err := idxFilesIn(dir)
	if err != nil {
		return set, err
	}
	if part != "" {
		files = slices.DeleteFunc(files, func(f idxName) bool { found, _ := emnistPart(f.set); return found != part })
		if len(files) == 0 {
			return set, errors.Wrapf(ErrNotFound, "%s: found no IDX files of emnist-%s", printable(dir), part)
		}
	}
	for _, f := range files {
		if f.set != files[0].set {
			return set, mixture(dir, files[0], f)
		}
	}
	var found [idxRoles][]string
	for _, f := range files {
		found[f.role] = append(found[f.role], f.name)
	}
	for role, names := range found {
		switch len(names) {
		case 0:
			return set, errors.Wrapf(ErrNotFound, "%s: expected a file %s or %[2]s.gz beside the other IDX files%s", printable(dir), files[0].sibling(idxRole(role)), packedHint(dir, idxRole(role)))
		case 1:
			set.paths[role] = filepath.Join(dir, names[0])
		default:
			return set, errors.Wrapf(ErrFormat, "%s: %s: found %s, expected one file", printable(dir), idxRole(role), someOf(names))
		}
	}
	set.part, err = partOf(dir, files[0])
	return set, err
}

// sibling returns the usual name of another file of the same set.
func (f idxName) sibling(role idxRole) string {
	if f.set == "" {
		return role.String()
	}
	return f.set + "-" + strings.Replace(role.String(), "t10k", "test", 1)
}

// mixture returns the error of a folder with two files that are not of one set.
func mixture(dir string, a, b idxName) error {
	hint := "put each set into a folder of its own"
	part, _ := emnistPart(a.set)
	if other, _ := emnistPart(b.set); part != "" && other != "" {
		hint = "name one part, as " + printable(filepath.Join(dir, "emnist-"+part))
	}
	return errors.Wrapf(ErrFormat, "%s: found %s and %s, expected files of one data set, which have the same beginning; %s",
		printable(dir), printable(a.name), printable(b.name), hint)
}

// partOf returns the part of EMNIST that the files of a folder are, or "": by the beginning of their
// names, or else by the folder's. EMNIST's images lie on their side, so that its name without a part,
// or a beginning that says otherwise, is an ErrFormat.
func partOf(dir string, f idxName) (string, error) {
	part, is := emnistPart(f.set)
	if part != "" {
		return part, nil
	}
	folder := folderSet(dir)
	folderPart, folderIs := emnistPart(folder)
	switch known := strings.Contains(f.set, "mnist") && !is; {
	case known && folderPart != "":
		return "", errors.Wrapf(ErrFormat, "%s: found %s in a folder of EMNIST, expected its files: name the folder after what is in it", printable(dir), printable(f.name))
	case folderPart != "":
		return folderPart, nil
	case is || !known && folderIs && strings.EqualFold(folder, "emnist"):
		return "", errors.Wrapf(ErrFormat, "%s: found files of EMNIST that do not say of which part, expected a folder named as emnist-letters (byclass, bymerge, balanced, letters, digits or mnist)", printable(dir))
	}
	return "", nil
}

// packedHint tells of a file that lacks but is there, packed by something other than gzip.
func packedHint(dir string, role idxRole) string {
	names, _, err := filesIn(diskTree(dir), "")
	if err != nil {
		return ""
	}
	for _, name := range names {
		ending := filepath.Ext(name)
		f, ok := parseIDXName(strings.TrimSuffix(name, ending))
		if ok && f.role == role && ending != ".gz" {
			return "; unpack " + printable(name)
		}
	}
	return ""
}
