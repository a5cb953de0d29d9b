package dataset

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pkg/errors"
)

// hostileFolder writes a folder of all that people have among their photos, and returns the names of
// those that cannot be read.
func hostileFolder(t *testing.T) (dir string, bad []string) {
	t.Helper()
	dir = t.TempDir()
	photo := pngOf(t, painted(60, 40))
	asJPEG := jpegOf(t, plainPhoto(200, 60, 40))
	deep := image.NewNRGBA64(image.Rect(0, 0, 60, 40))
	for i := range deep.Pix {
		deep.Pix[i] = byte(i)
	}
	good := map[string][]byte{
		"deep.png": pngOf(t, deep), "a JPEG named.png": asJPEG, "a PNG named.jpg": photo, "no ending": asJPEG,
		"with spaces.png": photo, "😀 – ü.png": photo, "-rf.png": photo, "ESC \x1b[31m.png": photo,
		"LOUD.JPG": asJPEG, "photo.txt": photo,
	}
	kinds, err := filepath.Glob("../testdata/photos/*")
	check(t, err)
	for _, path := range kinds {
		content, err := os.ReadFile(path)
		check(t, err)
		good[filepath.Base(path)] = content
	}
	unreadable := map[string][]byte{
		"cut.jpg": asJPEG[:len(asJPEG)/2], "cut.png": photo[:len(photo)/2], "empty.jpg": nil, "empty.png": nil,
		"20000.png": pngHeader(20000, 20000, 8, 2), "20000.jpg": jpegHeader(20000, 20000, 0xc0, 0x22, 0x11, 0x11),
		"page.jpg": []byte("<html>404</html>"), "phone.heic": []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00 and so on"),
		"bad \x1b]0;title\a.png": []byte("no"),
	}
	other := map[string][]byte{
		"notes.txt": []byte("taken in June"), ".DS_Store": {0, 0}, ".hidden.png": photo, "Thumbs.db": {1}, "film.mov": []byte("\x00\x00\x00\x14ftypqt  "),
		"annotations.json": []byte("{}"),
	}
	for _, files := range []map[string][]byte{good, unreadable, other} {
		for name, content := range files {
			writeFile(t, filepath.Join(dir, "train", "things – all", name), content)
		}
	}
	for name := range unreadable {
		bad = append(bad, name)
	}
	for i := range 3 {
		content := pngOf(t, plainPhoto(i, 60, 40))
		writeFile(t, filepath.Join(dir, "train", "plain", fmt.Sprint(i, ".png")), content)
		writeFile(t, filepath.Join(dir, "test", "plain", fmt.Sprint(i, ".png")), content)
	}
	elsewhere := filepath.Join(t.TempDir(), "linked.png")
	writeFile(t, elsewhere, photo)
	if os.Symlink(elsewhere, filepath.Join(dir, "train", "plain", "link.png")) == nil {
		check(t, os.Symlink("nowhere", filepath.Join(dir, "train", "things – all", "dangling.png")))
		bad = append(bad, "dangling.png")
	}
	return dir, bad
}

func TestHostilePhotoFolder(t *testing.T) {
	dir, bad := hostileFolder(t)
	opt := smallPhotos
	_, _, err := Open(dir, opt)
	wantErr(t, err, ErrFormat, fmt.Sprintf("%d of ", len(bad)), fmt.Sprintf("and %d more", len(bad)-5))
	var list *BadFiles
	if !errors.As(err, &list) {
		t.Fatalf("found %v, expected a list of files", err)
	}
	slices.Sort(bad)
	var named []string
	for i, path := range list.Paths {
		named = append(named, filepath.Base(path))
		if text := list.Errors[i].Error(); strings.ContainsAny(text, "\x1b\n\a") || !strings.Contains(text, printable(path)) {
			t.Errorf("found the error %q of %q", text, path)
		}
	}
	if !slices.Equal(named, bad) {
		t.Errorf("found %q unreadable, expected %q", named, bad)
	}
	for i, want := range map[string]string{
		"20000.png": "20000×20000 pixels, expected a product of at most", "phone.heic": "heif-convert", "empty.jpg": "found nothing", "page.jpg": "found 3c 68 74 6d",
	} {
		if at := slices.Index(named, i); at >= 0 && !strings.Contains(list.Errors[at].Error(), want) {
			t.Errorf("%s: found %q, expected it to say %q", i, list.Errors[at], want)
		}
	}

	var warnings []string
	var skipped []string
	opt.SkipBad, opt.Warn = true, func(s string) { warnings = append(warnings, s) }
	opt.Skipped = func(b *BadFiles) { skipped = append(skipped, b.Paths...) }
	var train, test *Set
	if got := allocated(func() { train, test, err = Open(dir, opt) }); got > 32<<20 {
		t.Errorf("found %d bytes allocated for small photos, and headers of large ones", got)
	}
	check(t, err)
	if !slices.Equal(skipped, list.Paths) {
		t.Errorf("found %q skipped", skipped)
	}
	all := strings.Join(warnings, "\n")
	for _, want := range []string{"not images: 6, such as", "files are not usable", "no test images of things – all", "3 of 3 test images are exact copies"} {
		if !strings.Contains(all, want) {
			t.Errorf("found the warnings %q, expected one with %q", all, want)
		}
	}
	x := make([]float32, 3*20*20)
	for _, s := range []*Set{train, test} {
		for i := range s.Len() {
			check(t, Read(s, x, []int{i}))
		}
	}
	// A photo that stands on its side in the file is the same upright.
	place := func(name string) int {
		for i := range train.Len() {
			if filepath.Base(train.File(i)) == name {
				return i
			}
		}
		t.Fatalf("%s is not in the set", name)
		return 0
	}
	upright, turned := train.Image(place("lossless.webp")), train.Image(place("turned.webp"))
	for i, v := range upright {
		if w := turned[i]; max(v, w)-min(v, w) > 2 {
			t.Fatalf("found %d in the turned photo at %d, %d in the upright one", w, i, v)
		}
	}
}

func TestPhotoFolderWithAnEmptyClass(t *testing.T) {
	dir := photoFolder(t, 3, 40, 30)
	check(t, os.Mkdir(filepath.Join(dir, "c"), 0o755))
	writeFile(t, filepath.Join(dir, "c", "notes.txt"), []byte("none yet"))
	_, _, err := Open(dir, smallPhotos)
	wantErr(t, err, ErrClass, "class c: found no images")
}

// Photos wait where those that are being decoded take all the memory that they may.
func TestPhotosWaitForMemory(t *testing.T) {
	dir := photoFolder(t, 3, 40, 30)
	check(t, decoding.Acquire(t.Context(), maxImageDecoded))
	opt := smallPhotos
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	opt.Context = ctx
	_, _, err := Open(dir, opt)
	decoding.Release(maxImageDecoded)
	wantErr(t, err, context.DeadlineExceeded)
	openPhotos(t, dir)
	if !decoding.TryAcquire(maxImageDecoded) {
		t.Fatal("found memory taken after all photos were read")
	}
	decoding.Release(maxImageDecoded)
}
