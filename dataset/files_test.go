package dataset

import (
	"crypto/sha256"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

// listed are the files of a folder, as NewFiles takes them.
type listed struct {
	files []FolderFile
	sums  [][sha256.Size]byte
}

func (l listed) Len() int                    { return len(l.files) }
func (l listed) Path(i int) string           { return l.files[i].Path }
func (l listed) Sum(i int) [sha256.Size]byte { return l.sums[i] }
func (l listed) Label(i int) (int, Half)     { return l.files[i].Label, l.files[i].Half }

// TestNewFiles compares the sets of files that were listed with those of Open: they are
// the same, but for the images.
func TestNewFiles(t *testing.T) {
	prep := ImageNetPreprocessing(16, Bilinear)
	for _, test := range []struct {
		reason  string
		folders []string
	}{
		{"no test folder", []string{"a", "a-b", "b c"}}, // "a-b/" sorts before "a/", as a text
		{"a test folder", []string{"train/a", "train/b", "test/a", "test/b"}},
		{"training images alone in their folder", []string{"train/a", "train/b"}},
	} {
		dir := t.TempDir()
		for i := range 12 * len(test.folders) {
			img := image.NewGray(image.Rect(0, 0, 20, 20))
			img.Pix[0] = uint8(i)
			path := filepath.Join(dir, test.folders[i%len(test.folders)], fmt.Sprintf("%d.png", i))
			check(t, os.MkdirAll(filepath.Dir(path), 0o755))
			f, err := os.Create(path)
			check(t, err)
			check(t, png.Encode(f, img))
			check(t, f.Close())
		}
		check(t, os.WriteFile(filepath.Join(dir, test.folders[0], "notes.txt"), []byte("none"), 0o644))
		train, held, err := Open(dir, Options{Shape: []int{3, 16, 16}, Prep: prep})
		check(t, err)
		folder, err := ListFolder(dir, nil, Options{})
		check(t, err)
		var l listed
		for _, f := range folder.Files {
			content, err := f.Read()
			check(t, err)
			if content != nil {
				l.files, l.sums = append(l.files, f), append(l.sums, sha256.Sum256(content))
			}
		}
		again, heldAgain, err := NewFiles(dir, l, folder.Classes, []int{3, 16, 16}, prep, Options{})
		check(t, err)
		for _, pair := range [][2]*Set{{train, again}, {held, heldAgain}} {
			want, got := pair[0], pair[1]
			if got.Hash() != want.Hash() || got.Name != want.Name || !slices.Equal(got.Seen().Sums, want.Seen().Sums) {
				t.Errorf("%s: found %s of %d images, expected %s of %d with the same hash", test.reason, got.Name, got.Len(), want.Name, want.Len())
				continue
			}
			for i := range got.Len() {
				if path := filepath.Join(dir, l.Path(got.Place(i))); path != want.File(i) {
					t.Errorf("%s: image %d: found %s, expected %s", test.reason, i, path, want.File(i))
				}
			}
		}
		if _, err := again.ReadImage(0); !errors.Is(err, ErrArgument) {
			t.Errorf("%s: read an image: found the error %v, expected an ErrArgument", test.reason, err)
		}
		for _, shape := range [][]int{{3, 32, 32}, {1, 16, 16}, nil} { // prep resizes to 16 pixels
			if _, _, err := NewFiles(dir, l, folder.Classes, shape, prep, Options{}); !errors.Is(err, ErrArgument) {
				t.Errorf("%s: images of %v: found the error %v, expected an ErrArgument", test.reason, shape, err)
			}
		}
		l.files[0].Half = 3 - max(l.files[0].Half, 1)
		if _, _, err := NewFiles(dir, l, folder.Classes, []int{3, 16, 16}, prep, Options{}); test.folders[0] == "a" && !errors.Is(err, ErrFormat) {
			t.Errorf("%s and one: found the error %v, expected an ErrFormat", test.reason, err)
		}
	}
}

// TestListNames lists the same files by their names as in their folder.
func TestListNames(t *testing.T) {
	for _, test := range []struct {
		reason string
		files  []string
		left   int // files that have no place
		says   string
	}{
		{"classes", []string{"a/1", "a-b/2", "b c/3", "b c /4", "beside.jpg", ".git/a/5", "__MACOSX/6", "a/.7", "b c/Thumbs.db", "Thumbs.db/8"}, 6, ""},
		{"halves", []string{"Train/a/1", "Train/b/2", "testing/b/3", "Val/a/4", "other/x/5", "Train/6", "Train/.c/7", "test-a/b/8"}, 5, ""},
		{"validation images", []string{"training/a/1", "training/b/2", "validation/a/3"}, 0, ""},
		{"classes of these names", []string{"train/1", "test/2"}, 0, ""},
		{"deeper", []string{"a/1", "b/deep/2", "b/deep/3", "b/4"}, 2, ""},
		{"no training images", []string{"test/a/1", "test/b/2"}, 0, "found the folder test with sub-folders"},
		{"a class of test images only", []string{"train/a/1", "train/b/2", "test/c/3"}, 0, "found the class c"},
		{"two folders", []string{"train/a/1", "training/b/2"}, 0, "train and training"},
		{"one class", []string{"a/1", "a/2"}, 0, "found one class, a"},
		{"a class that cannot be shown", []string{"a/1", "b\nc/2"}, 0, `"b\nc"`},
	} {
		dir := t.TempDir()
		for _, name := range test.files {
			check(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
			check(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
		}
		want, wantErr := ListFolder(dir, nil, Options{})
		slices.Reverse(test.files)
		found, err := ListNames(dir, test.files, Options{})
		if (err != nil) != (test.says != "") || err != nil && (!strings.Contains(err.Error(), test.says) || err.Error() != wantErr.Error()) {
			t.Errorf("%s: found the errors %v and %v, expected %q", test.reason, err, wantErr, test.says)
			continue
		}
		if err != nil {
			continue
		}
		if !reflect.DeepEqual(found, want) {
			t.Errorf("%s: found %v, expected %v", test.reason, found, want)
		}
		placed := map[string]bool{}
		for _, f := range found.Files {
			placed[f.Path] = true
		}
		if left := slices.DeleteFunc(test.files, func(name string) bool { return placed[name] }); len(left) != test.left {
			t.Errorf("%s: found %q without a place, expected %d", test.reason, left, test.left)
		}
	}
	_, err := ListNames("gs://photos/", []string{"1.jpg", "2.jpg"}, Options{})
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "gs://photos/1.jpg: ") || !strings.Contains(err.Error(), "gs://photos/CLASS/1.jpg") {
		t.Errorf("without folders: found the error %v", err)
	}
}

// TestListNamesOddly: names that a bucket may have but no folder, with nothing or a dot between slashes,
// have no place and make no file or class that is not listed.
func TestListNamesOddly(t *testing.T) {
	plain := []string{"a/1.jpg", "b/2.jpg"}
	want, err := ListNames("gs://photos", plain, Options{})
	check(t, err)
	for _, odd := range []string{"a//b.jpg", "/a/b.jpg", "//b.jpg", "/b.jpg", "a/", "c//b.jpg", "c//d/b.jpg", "a/./b.jpg", "./a/b.jpg", "a/../c/b.jpg", "../c/b.jpg", "", ".", "/"} {
		found, err := ListNames("gs://photos", append([]string{odd}, plain...), Options{})
		if err != nil || !reflect.DeepEqual(found, want) {
			t.Errorf("%q: found %v and the error %v, expected %v", odd, found, err, want)
		}
	}
}

// bucket is the tree of a list of files, whose paths are not for this system.
type bucket struct {
	tree
	t *testing.T
}

func (b bucket) path(name string) string {
	b.t.Errorf("asked for the path of %q, expected no look at the disk", name)
	return b.tree.path(name)
}

// TestNamesAreNotOnDisk: what is a folder in a list of files needs no look at the disk.
func TestNamesAreNotOnDisk(t *testing.T) {
	found, err := subFolders(bucket{newNameTree("gs://photos", []string{"a/1.jpg", "b/2.jpg", "3.jpg"}), t}, "")
	if err != nil || !slices.Equal(found, []string{"a", "b"}) {
		t.Errorf("found the folders %q and the error %v, expected a and b", found, err)
	}
}
