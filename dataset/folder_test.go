package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

// pictures writes n images of the sample as PNG files to a folder.
func pictures(t *testing.T, dir string, from, n int) {
	t.Helper()
	s := sampleTest(t)
	for i := range n {
		writeFile(t, filepath.Join(dir, fmt.Sprintf("%03d.png", i)), pngOf(t, picture(s, from+i)))
	}
}

func TestFolderIsSplit(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "dog"), 0, 10)
	pictures(t, filepath.Join(dir, "cat"), 20, 5)
	pictures(t, filepath.Join(dir, "t-shirt"), 40, 1)
	writeFile(t, filepath.Join(dir, "README.txt"), []byte("beside the classes"))
	for _, junk := range []string{".DS_Store", "Thumbs.db", "desktop.ini", "._000.png"} {
		writeFile(t, filepath.Join(dir, "cat", junk), []byte("left by a system"))
	}
	for _, junk := range []string{".git", "__MACOSX"} {
		pictures(t, filepath.Join(dir, junk), 0, 1)
	}
	train, test, warnings := opened(t, dir)
	if !slices.Equal(train.Classes, []string{"cat", "dog", "t-shirt"}) || !slices.Equal(test.Classes, train.Classes) {
		t.Errorf("found classes %v", train.Classes)
	}
	all, tested := train.Len()+test.Len(), test.Counts()
	if all != 16 || tested[0] < 1 || tested[0] > 4 || tested[1] < 1 || tested[1] > 9 || tested[2] != 0 {
		t.Errorf("found %v training and %v test images a class", train.Counts(), tested)
	}
	said := fmt.Sprintf("no test folder; %d of 16 images, drawn by a hash of each file, are the test images", test.Len())
	if len(warnings) != 3 || !strings.Contains(warnings[0], "skipped files that are not images: 4, such as desktop.ini") ||
		!strings.Contains(warnings[1], said) || !strings.Contains(warnings[2], "no test images of t-shirt") {
		t.Errorf("found warnings %q", warnings)
	}
	if !slices.Equal(train.Shape, []int{1, 28, 28}) || train.Prep != MNISTPreprocessing() || test.Name != dir+"/test" {
		t.Errorf("found shape %v, %v, name %s", train.Shape, train.Prep, test.Name)
	}
	// The pictures come out as they went in.
	s := sampleTest(t)
	for i := range test.Len() {
		if !isOneOf(s, 50, test.Image(i)) {
			t.Errorf("test image %d is none of those written", i)
		}
	}
}

// opened opens a folder and returns what is warned of too.
func opened(t *testing.T, dir string) (train, test *Set, warnings []string) {
	t.Helper()
	train, test, err := Open(dir, Options{Warn: func(s string) { warnings = append(warnings, s) }})
	check(t, err)
	return train, test, warnings
}

// isOneOf says whether one of the first n images of a set has these bytes.
func isOneOf(s *Set, n int, pixels []byte) bool {
	for i := range n {
		if bytes.Equal(s.Image(i), pixels) {
			return true
		}
	}
	return false
}

func TestFolderNotes(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "a"), 0, 4)
	pictures(t, filepath.Join(dir, "b"), 10, 4)
	desk := image.NewGray(image.Rect(0, 0, 200, 100))
	for i := range desk.Pix {
		if desk.Pix[i] = 220; i%200 < 30 {
			desk.Pix[i] = 0
		}
	}
	writeFile(t, filepath.Join(dir, "b", "desk.png"), pngOf(t, desk))
	_, _, warnings := opened(t, dir)
	if !strings.Contains(strings.Join(warnings, "\n"), "1 of 9 drawings are doubtful: "+filepath.Join(dir, "b", "desk.png")+": nothing was found but") {
		t.Errorf("found the warnings %q, expected one about desk.png", warnings)
	}
}

func TestFolderListsBadFiles(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "a"), 0, 4)
	pictures(t, filepath.Join(dir, "b"), 10, 4)
	whole, err := os.ReadFile(filepath.Join(dir, "a", "000.png"))
	check(t, err)
	blank := image.NewGray(image.Rect(0, 0, 30, 30))
	for name, content := range map[string][]byte{
		"empty.png": nil, "half.png": whole[:len(whole)/2], "blank.png": pngOf(t, blank), "huge.png": pngHeader(1<<20, 1<<20, 8, 0),
		"notes.txt": []byte("a text"), "x1.jpg": []byte("no"), "x2.jpg": []byte("no"),
	} {
		writeFile(t, filepath.Join(dir, "b", name), content)
	}
	check(t, os.Mkdir(filepath.Join(dir, "a", "deeper"), 0o755))
	_, _, err = Open(dir, Options{})
	wantErr(t, err, ErrFormat, "7 of 15 files are not usable", "deeper: found a folder", "blank.png", "empty.png", "and 2 more")
	if strings.Contains(err.Error(), "bad file: bad file") {
		t.Errorf("found %q, expected it to say bad file once of each", err)
	}
	var bad *BadFiles
	if !errors.As(err, &bad) || len(bad.Paths) != 7 || len(bad.Errors) != 7 || filepath.Base(bad.Paths[6]) != "x2.jpg" {
		t.Errorf("found %+v, expected all 7 files", bad)
	}

	var warnings []string
	train, test, err := Open(dir, Options{SkipBad: true, Warn: func(s string) { warnings = append(warnings, s) }})
	check(t, err)
	if train.Len()+test.Len() != 8 {
		t.Errorf("found %d and %d images", train.Len(), test.Len())
	}
	if len(warnings) != 3 || !strings.Contains(warnings[0], "skipped files that are not images: 1, such as notes.txt") || !strings.Contains(warnings[1], "7 of 15 files are not usable") {
		t.Errorf("found warnings %q", warnings)
	}
}

func TestFolderWithAnEmptyClass(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "a"), 0, 4)
	check(t, os.Mkdir(filepath.Join(dir, "b"), 0o755))
	_, _, err := Open(dir, Options{})
	wantErr(t, err, ErrClass, "class b: found no images")
	writeFile(t, filepath.Join(dir, "b", "x.png"), []byte("bad"))
	_, _, err = Open(dir, Options{SkipBad: true})
	wantErr(t, err, ErrClass, "class b: found no images")
	check(t, os.RemoveAll(filepath.Join(dir, "a")))
	check(t, os.Mkdir(filepath.Join(dir, "a"), 0o755))
	_, _, err = Open(dir, Options{SkipBad: true})
	wantErr(t, err, ErrNotFound, "found no images")
}

func TestFolderOfOneImageEach(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "a"), 0, 1)
	pictures(t, filepath.Join(dir, "b"), 1, 1)
	_, _, err := Open(dir, Options{})
	wantErr(t, err, ErrArgument, "split: found no class with two images")
}

func TestFolderFollowsLinks(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	pictures(t, elsewhere, 0, 3)
	pictures(t, filepath.Join(dir, "beside"), 3, 3)
	if err := os.Symlink(elsewhere, filepath.Join(dir, "linked")); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	train, test, err := Open(dir, Options{})
	check(t, err)
	if train.Len()+test.Len() != 6 {
		t.Errorf("found %d and %d images", train.Len(), test.Len())
	}
}

func TestFolderShape(t *testing.T) {
	dir := t.TempDir()
	img := image.NewNRGBA(image.Rect(0, 0, 8, 4)) // the left half orange, the right one nothing
	for y := range 4 {
		for x := range 4 {
			img.SetNRGBA(x, y, color.NRGBA{255, 128, 0, 255})
		}
	}
	for _, n := range []string{"1.png", "2.png"} {
		writeFile(t, filepath.Join(dir, "a", n), pngOf(t, img))
		writeFile(t, filepath.Join(dir, "b", n), pngOf(t, img))
	}
	for _, c := range []struct {
		shape []int
		want  [][2]byte // of each channel, the first and the last pixel
	}{
		{[]int{3, 4, 8}, [][2]byte{{255, 255}, {128, 255}, {0, 255}}},
		{[]int{1, 4, 8}, [][2]byte{{151, 255}}}, // 0.299, 0.587 and 0.114 of them
	} {
		train, _, err := Open(dir, Options{Shape: c.shape})
		check(t, err)
		if !slices.Equal(train.Shape, c.shape) || train.Prep.Polarity != DarkOnLight {
			t.Errorf("found shape %v, %v", train.Shape, train.Prep)
		}
		for channel, want := range c.want {
			plane := train.Image(0)[32*channel : 32*(channel+1)]
			if plane[0] != want[0] || plane[31] != want[1] {
				t.Errorf("%v, channel %d: found %d and %d, expected %v", c.shape, channel, plane[0], plane[31], want)
			}
		}
	}
	for _, shape := range [][]int{{28, 28}, {2, 28, 28}, {1, 0, 28}, {1, 28, -1}, {1, 28, 1025}} {
		_, _, err := Open(dir, Options{Shape: shape})
		wantErr(t, err, ErrArgument, "shape: found")
	}
	long := image.NewGray(image.Rect(0, 0, 1, 30000))
	writeFile(t, filepath.Join(dir, "a", "3.png"), pngOf(t, long))
	_, _, err := Open(dir, Options{Shape: []int{1, 512, 512}})
	wantErr(t, err, ErrFormat, "3.png", "found 30000 rows, expected at most 16384")
}
