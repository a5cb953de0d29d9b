package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path"

	"github.com/pkg/errors"
)

// Half is where an image stands in a data set.
type Half uint8

const (
	Undecided Half = iota // in a folder without test images: a hash of its content decides
	TrainHalf             // among the training images of a folder that has test images too
	TestHalf              // among its test images
)

// Files are photos of which something else is known, such as their features, and that
// need not be there: NewFiles makes sets of them. Its methods may panic with an
// Unreadable; so do methods of such sets then.
type Files interface {
	Len() int
	Path(i int) string           // relative to the folder of the data set, with slashes
	Sum(i int) [sha256.Size]byte // SHA-256 of the file's content
	Label(i int) (int, Half)     // index into the classes, and the half
}

// NewFiles returns the training and the test images of files, split as those of a
// folder by Open: the same sets, but that their images cannot be read. Classes are in
// ascending order, and the files in that of a walk through the folder. Shape and prep
// are the network's. Set.Known gives the files back.
func NewFiles(name string, files Files, classes []string, shape []int, prep Preprocessing, opt Options) (train, test *Set, err error) {
	defer CatchUnreadable(&err)
	if isNil(files) || files.Len() == 0 {
		return nil, nil, errors.Wrapf(ErrNotFound, "%s: found no images", printable(name))
	}
	if !prep.IsPhoto() {
		return nil, nil, errors.Wrapf(ErrArgument, "%s: found the preprocessing of drawings, expected that of photos", printable(name))
	}
	if err := prep.CheckShape(shape); err != nil {
		return nil, nil, errors.WithMessage(err, printable(name))
	}
	n := files.Len()
	labels := make([]int, n)
	members := [3][]int{} // by half
	for i := range labels {
		label, half := files.Label(i)
		if half > TestHalf {
			return nil, nil, errors.Wrapf(ErrArgument, "%s: half: found %d, expected 0 to %d", printable(files.Path(i)), half, TestHalf)
		}
		labels[i], members[half] = label, append(members[half], i)
	}
	all, err := newPhotos(name, &photoFiles{known: files, photo: prep.Photo, height: shape[1], width: shape[2]}, labels, classes, prep)
	if err != nil {
		return nil, nil, err
	}
	if split := len(members[TrainHalf]) + len(members[TestHalf]); split > 0 && len(members[Undecided]) > 0 {
		return nil, nil, errors.Wrapf(ErrFormat, "%s: found %d images in folders of training and test images and %d in neither, expected all of one kind", printable(name), split, len(members[Undecided]))
	} else if split > 0 {
		train, test = all.subset(members[TrainHalf]), all.subset(members[TestHalf])
		train.Name, test.Name = name+"/train", name+"/test"
		if test.Len() == 0 {
			return nil, nil, errors.Wrapf(ErrNotFound, "%s: found no test images", printable(name))
		}
		if err := train.checkClasses(train.Name); err != nil {
			return nil, nil, err
		}
		compare(train, test, opt)
		return train, test, nil
	}
	if err := all.checkClasses(name); err != nil {
		return nil, nil, err
	}
	hashes := make([]uint64, n)
	for i := range hashes {
		sum := files.Sum(i)
		hashes[i] = binary.BigEndian.Uint64(sum[:])
	}
	return all.divide(name, hashes, opt)
}

// Known returns the files that the set was made of by NewFiles, nil for other sets,
// and Place where image i is among them.
func (s *Set) Known() Files {
	if s == nil || s.files == nil {
		return nil
	}
	return s.files.known
}

// Place returns where image i is among the files that the set was made of, of which it
// may have some, in another order.
func (s *Set) Place(i int) int { return s.place(i) }

// Folder is the files in a folder of photos, not read yet.
type Folder struct {
	Classes []string // as those that Open finds
	Files   []FolderFile
}

// FolderFile is a file in a folder of photos.
type FolderFile struct {
	File  string // its name for the system
	Path  string // relative to the folder, with slashes
	Label int
	Half  Half
}

// ListFolder lists the files in a folder of photos that Open would read, in their order,
// as far as wanted returns true for the path; nil wants all. Those that are no images are among them.
func ListFolder(dir string, wanted func(path string) bool, opt Options) (*Folder, error) {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return nil, errors.Wrapf(ErrNotFound, "data %q: expected a folder of photos", dir)
	}
	return listFolder(diskTree(dir), wanted, opt)
}

// ListNames is ListFolder of a folder that is elsewhere, as in a bucket. names are the files in it, relative
// to the folder, with slashes, in any order. Those that are not in the result have no place in a folder
// of photos: among others names that only a bucket can have, as "a//1.jpg".
func ListNames(dir string, names []string, opt Options) (*Folder, error) {
	t := newNameTree(dir, names)
	if subs, _ := subFolders(t, ""); len(subs) == 0 && len(names) > 0 {
		return nil, errors.Wrapf(ErrNotFound, "%s: found no folder of its class, expected names as %s", printable(t.path(names[0])), printable(t.path(path.Join("CLASS", path.Base(names[0])))))
	}
	return listFolder(t, nil, opt)
}

func listFolder(t tree, wanted func(path string) bool, opt Options) (*Folder, error) {
	halves, err := halvesOf(t, opt)
	if err != nil {
		return nil, err
	}
	f := &Folder{Classes: halves.classes}
	for _, part := range []struct {
		folder string
		half   Half
	}{{halves.train, TrainHalf}, {halves.test, TestHalf}} {
		switch {
		case halves.test == "" && part.half == TestHalf:
			continue
		case halves.test == "":
			part.half = Undecided
		}
		_, err = halves.list(part.folder, func(file string, label int) {
			if wanted == nil || wanted(file) {
				f.Files = append(f.Files, FolderFile{t.path(file), file, label, part.half})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Read returns the file's content. What is no image, and not named as one, has none
// and no error: Open passes such files over.
func (f FolderFile) Read() ([]byte, error) {
	file, err := openImageFile(f.File)
	if err == errNoImage {
		return nil, nil
	}
	return file.content, err
}
