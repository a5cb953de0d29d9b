//go:build unix

package beam

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// The rules of folders are those of the library: the same tree gives the same rows,
// byte for byte, whatever else is in it.
func TestFoldersAreTheLibrarys(t *testing.T) {
	odd := []string{".hidden/1.jpg", "cat/.hidden.jpg", "__MACOSX/cat/2.jpg", "cat/__MACOSX/3.jpg", "dog/Thumbs.db", "dog/desktop.ini", "dog/notes.txt", "beside.jpg"}
	for _, test := range []struct {
		reason, images string
		halves         []string
		others         []string
		bad            int // as far as the pattern finds them
	}{
		{"classes", "/*/*", []string{""}, append([]string{"cat/gone.jpg", "cat/deep/4.jpg", "dog/pipe.jpg", "e\u0301/5.jpg", "\u00e9/6.jpg"}, odd...), 4},
		{"classes with a folder in them", "/*/*/*", []string{"Train/", "TEST/"}, append([]string{"val/cat/7.jpg", "extra/cat/8.jpg", "Train/9.jpg"}, odd...), 2},
		{"validation images", "/*/*/*", []string{"training/", "valid/"}, odd, 0},
		{"classes named as halves", "/*/*", []string{""}, []string{"test/1.jpg", "train/2.jpg"}, 0},
		{"halves without a test folder", "/*/*/*", []string{"train/"}, []string{"train/.hidden/1.jpg"}, 0},
	} {
		t.Run(test.reason, func(t *testing.T) {
			dir := t.TempDir()
			n := 0
			for _, half := range test.halves {
				for range 6 {
					for _, class := range []string{"cat", "dog", "dog-cat"} {
						n++
						write(t, filepath.Join(dir, half+class, strconv.Itoa(n)+".jpg"), photo(t, n))
					}
				}
			}
			for _, name := range test.others {
				n++
				file := filepath.Join(dir, name)
				switch filepath.Base(name) {
				case "gone.jpg":
					must(t, os.Symlink("nowhere", file))
				case "pipe.jpg":
					must(t, syscall.Mkfifo(file, 0o644))
				case "notes.txt":
					write(t, file, []byte("none"))
				default:
					write(t, file, photo(t, n))
				}
			}
			j := Job{Images: []string{dir + test.images}, Network: Network{File: smallNetwork(t)}, Out: filepath.Join(t.TempDir(), "some.features"), Shards: 3}
			if _, bad := run(t, j.Features); int(bad) != test.bad {
				t.Errorf("found %d bad ones, expected %d: %v", bad, test.bad, badIn(t, j.BadFile()))
			}
			isLibrarys(t, j, dir)
		})
	}
}

// Photos without folders of classes are an error that says what is expected, before
// anything is computed, and so is each other folder that the library refuses.
func TestFoldersRefused(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for i, name := range []string{"flat/1.jpg", "one/cat/1.jpg", "tested/test/cat/1.jpg", "tested/test/dog/2.jpg", "two/cat/1.jpg", "two/dog/2.jpg", "fire/train/cat/1.jpg", "fire/train/dog/2.jpg", "fire/test/cow/3.jpg"} {
		write(t, name, photo(t, i))
	}
	network := smallNetwork(t)
	for images, says := range map[string]string{
		"flat/*":       "flat/1.jpg: found no folder of its class, expected names as flat/CLASS/1.jpg",
		"one/*/*":      "found one class, cat",
		"tested/*/*/*": "expected a folder train of the same kind",
		"two/*":        "two/*: found only folders, as two/cat",
		"fire/*/*/*":   "found the class cow",
		"none/*":       "none/*: found no files",
	} {
		j := Job{Images: []string{images}, Network: Network{File: network}, Out: "out.features"}
		fails(t, j.Features, says)
	}
	if left, err := filepath.Glob("out*"); err != nil || len(left) > 0 {
		t.Errorf("found the files %v of jobs that failed", left)
	}
}

// A file that several patterns match is taken once.
func TestPatternsOverlap(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for i, name := range []string{"photos/cat/1.jpg", "photos/dog/2.jpg", "photos/dog/3.png"} {
		write(t, name, photo(t, i))
	}
	here := filepath.Base(dir)
	for _, test := range []struct {
		images []string
		first  string
	}{
		{[]string{"photos/*/*", "photos/dog/*"}, "photos/cat/1.jpg"},
		{[]string{"./photos/*/*", "photos/../photos/*/*.jpg", "photos//*/*"}, "photos/cat/1.jpg"},
		{[]string{"photos/*/*", dir + "/photos/*/*"}, dir + "/photos/cat/1.jpg"},
		{[]string{"photos/*/*", "../" + here + "/photos/*/*"}, dir + "/photos/cat/1.jpg"},
	} {
		root, images, err := list(t.Context(), test.images)
		must(t, err)
		var names []string
		for _, i := range images {
			names = append(names, i.Name)
		}
		if !slices.Equal(names, []string{"cat/1.jpg", "dog/2.jpg", "dog/3.png"}) || images[0].Path != test.first {
			t.Errorf("%v: found %v in %s, expected each file once", test.images, images, root)
		}
	}
}

// A job without any result leaves earlier files as they are, and the file of bad images
// says why.
func TestNoResult(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		write(t, filepath.Join(dir, []string{"cat", "dog"}[i%2], strconv.Itoa(i)+".jpg"), []byte("none"))
	}
	network := smallNetwork(t)
	for ending, job := range map[string]func(Job) jobFn{".features": func(j Job) jobFn { return j.Features }, ".csv": func(j Job) jobFn { return j.Predict }} {
		j := Job{Images: []string{dir + "/*/*"}, Network: Network{File: network}, Out: filepath.Join(t.TempDir(), "some"+ending), Shards: 2}
		for _, file := range shards(j) {
			write(t, file, []byte("old"))
		}
		fails(t, job(j), "none of 5 images has a result: "+j.BadFile()+" says why")
		for _, file := range shards(j) {
			if content, err := os.ReadFile(file); err != nil || string(content) != "old" {
				t.Errorf("%s: found %q, %v, expected it as it was", file, content, err)
			}
		}
		if found := badIn(t, j.BadFile()); len(found) != 5 || !strings.Contains(found[dir+"/cat/0.jpg"], "first bytes") {
			t.Errorf("found the bad images %v, expected 5", found)
		}
	}
}

// jobFn adds a job to a pipeline.
type jobFn = func(context.Context, beam.Scope) error

// A file of a bucket with two slashes in a row in its path is in no folder: it is among
// the bad ones, with the reason.
func TestTwoSlashes(t *testing.T) {
	var images []image
	for _, name := range []string{"/3.jpg", "cat//2.jpg", "cat/1.jpg", "dog/1.jpg"} {
		images = append(images, image{Path: "gs://photos/" + name, Name: name})
	}
	labelled, wrong, all, err := label(t.Context(), "gs://photos/", images)
	must(t, err)
	if len(labelled) != 2 || all.Files != 2 || !slices.Equal(all.Classes, []string{"cat", "dog"}) {
		t.Errorf("found %v of %d files, classes %q, expected one of cat and one of dog", labelled, all.Files, all.Classes)
	}
	if len(wrong) != 2 || wrong[0].Path != "gs://photos//3.jpg" || wrong[1].Path != "gs://photos/cat//2.jpg" || !strings.Contains(wrong[0].Error, "two slashes") || wrong[0].Error != wrong[1].Error {
		t.Errorf("found the bad images %v, expected the other two", wrong)
	}
}
