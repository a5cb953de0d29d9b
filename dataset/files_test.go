package dataset

import (
	"crypto/sha256"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
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
		l.files[0].Half = 3 - max(l.files[0].Half, 1)
		if _, _, err := NewFiles(dir, l, folder.Classes, []int{3, 16, 16}, prep, Options{}); test.folders[0] == "a" && !errors.Is(err, ErrFormat) {
			t.Errorf("%s and one: found the error %v, expected an ErrFormat", test.reason, err)
		}
	}
}
