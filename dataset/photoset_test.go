package dataset

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// plainPhoto is a photo of one colour, of its own by n, a little noisy at the top.
func plainPhoto(n, w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		copy(img.Pix[4*i:], []byte{uint8(n), uint8(n >> 3), uint8(255 * i / (w * h)), 255})
	}
	img.SetNRGBA(0, 0, color.NRGBA{uint8(n), uint8(n >> 8), 0, 255})
	return img
}

// smallPhotos is how photos become [3,20,20].
var smallPhotos = Options{Shape: []int{3, 20, 20}, Prep: ImageNetPreprocessing(24, Bilinear)}

// photoFolder writes n photos of each of two classes.
func photoFolder(t testing.TB, n, w, h int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 2 * n {
		writeFile(t, filepath.Join(dir, []string{"a", "b"}[i%2], fmt.Sprintf("%03d.png", i)), pngOf(t, plainPhoto(i, w, h)))
	}
	return dir
}

func openPhotos(t testing.TB, dir string) (train, test *Set) {
	t.Helper()
	train, test, err := Open(dir, smallPhotos)
	check(t, err)
	return train, test
}

// A photo is the same bytes in any batch, in any order, and in any part of a set.
func TestPhotosAreTheSameInEveryOrder(t *testing.T) {
	train, test := openPhotos(t, photoFolder(t, 15, 40, 30))
	if train.Len()+test.Len() != 30 || train.Pixels != nil || train.Prep != smallPhotos.Prep {
		t.Fatalf("found %d and %d photos, %d bytes, %v", train.Len(), test.Len(), len(train.Pixels), train.Prep)
	}
	const size = 3 * 20 * 20
	want := make([]float32, train.Len()*size)
	for i := range train.Len() {
		img, err := os.Open(train.File(i))
		check(t, err)
		photo, err := DecodeImage(img, train.File(i))
		check(t, err)
		check(t, img.Close())
		pixels, err := train.Prep.Photo.Pixels(photo, 20, 20)
		check(t, err)
		if !slices.Equal(pixels, train.Image(i)) {
			t.Errorf("found other bytes of %s in the set", train.File(i))
		}
		for j, v := range pixels {
			want[i*size+j] = train.Prep.table(j / 400)[v]
		}
	}
	gather := func(s *Set, indices []int, of []int) {
		t.Helper()
		got := make([]float32, len(indices)*size)
		s.Gather(got, indices)
		for k, i := range of {
			if !slices.Equal(got[k*size:(k+1)*size], want[i*size:(i+1)*size]) {
				t.Errorf("found other numbers for photo %d, among %v", i, indices)
			}
		}
	}
	all := make([]int, train.Len())
	for i := range all {
		all[i] = i
	}
	for _, batch := range []int{1, 4, 7, 50} {
		for part := range slices.Chunk(all, batch) {
			gather(train, part, part)
		}
	}
	for part := range slices.Chunk(rand.New(rand.NewPCG(1, 1)).Perm(len(all)), 5) {
		gather(train, part, part)
	}
	gather(train, []int{3, 3, 0, 3}, []int{3, 3, 0, 3})
	b, err := train.Filter(Classes{"b"})
	check(t, err)
	for i := range b.Len() {
		at := slices.IndexFunc(all, func(j int) bool { return train.File(j) == b.File(i) })
		if at < 0 || filepath.Base(filepath.Dir(b.File(i))) != "b" {
			t.Fatalf("found the file %s in class b", b.File(i))
		}
		gather(b, []int{i}, []int{at})
	}
	numbered, _, err := train.Numbered([]string{"c", "b", "a"})
	check(t, err)
	limited, err := numbered.Limit(6, 1)
	if err == nil || limited != nil {
		t.Error("found no error for a limit of a class without images")
	}
	prepared, err := numbered.Prepared(train.Prep)
	check(t, err)
	gather(prepared, all, all)
}

// Reading goes ahead of who asks in order, and of nobody else.
func TestPhotosAreReadAhead(t *testing.T) {
	a := &ahead{}
	waiting := func() []int {
		var list []int
		for i := range a.ready {
			list = append(list, i)
		}
		slices.Sort(list)
		return list
	}
	read := func(i int) ([]byte, error) { return []byte{byte(i)}, nil }
	for _, test := range []struct{ indices, ahead []int }{
		{[]int{0, 1, 2}, []int{3, 4, 5}}, {[]int{3, 4, 5}, []int{6, 7}}, {[]int{6, 7}, nil},
		{[]int{5, 1}, nil}, {[]int{2}, []int{3}}, {[]int{7, 2}, nil}, {nil, nil},
	} {
		for k, image := range a.begin(test.indices, 8, read) {
			if pixels, err := image.wait(); err != nil || int(pixels[0]) != test.indices[k] {
				t.Errorf("found %v (%v), expected %d", pixels, err, test.indices[k])
			}
		}
		if !slices.Equal(waiting(), test.ahead) {
			t.Errorf("after %v found %v read ahead, expected %v", test.indices, waiting(), test.ahead)
		}
	}
}

// The hash is of what the files hold and of how it becomes pixels.
func TestPhotosHash(t *testing.T) {
	dir := photoFolder(t, 4, 40, 30)
	train, test := openPhotos(t, dir)
	hash, seen := train.Hash(), train.Seen()
	first := train.File(0)
	check(t, os.Rename(first, filepath.Join(filepath.Dir(first), "000 renamed.jpg"))) // a name of another kind, in the same place
	again, _ := openPhotos(t, dir)
	if again.Hash() != hash {
		t.Error("found another hash of files that were renamed")
	}
	other := smallPhotos
	other.Prep.Photo.Interpolation = Bicubic
	bicubic, _, err := Open(dir, other)
	check(t, err)
	if bicubic.Hash() == hash {
		t.Error("found the same hash of another preparation")
	}
	if used, of := seen.In(bicubic); used != train.Len() || of != used {
		t.Errorf("found %d of %d photos used, expected all, whatever the preparation", used, of)
	}
	if used, _ := seen.In(test); used != 0 {
		t.Errorf("found %d test photos used", used)
	}
	writeFile(t, again.File(1), pngOf(t, plainPhoto(99, 40, 30)))
	if changed, _ := openPhotos(t, dir); changed.Hash() == hash {
		t.Error("found the same hash of other photos")
	}
}

// A file that changes or goes while it is in use is an error, and nothing else is learned from.
func TestPhotosThatChange(t *testing.T) {
	train, _ := openPhotos(t, photoFolder(t, 4, 40, 30))
	x := make([]float32, 2*3*20*20)
	check(t, Read(train, x, []int{0, 1}))
	writeFile(t, train.File(1), pngOf(t, plainPhoto(99, 40, 30)))
	writeFile(t, train.File(2), []byte("no longer a photo"))
	check(t, os.Remove(train.File(3)))
	for i, want := range []struct {
		kind error
		part string
	}{1: {ErrFormat, "the file has changed since the data set was opened"}, 2: {ErrFormat, "the file has changed"}, 3: {ErrNotFound, "not found"}} {
		if want.kind == nil {
			continue
		}
		for _, data := range []Examples{train, NewAugmented(train, Augmentation{Crop: true}, 1), struct{ Examples }{train}} {
			wantErr(t, Read(data, x, []int{0, i}), want.kind, filepath.Base(train.File(i)), want.part)
		}
		_, err := train.ReadImage(i)
		wantErr(t, err, want.kind, want.part)
	}
}

func TestPhotosAreChecked(t *testing.T) {
	dir := photoFolder(t, 4, 40, 30)
	opt := smallPhotos
	var last, calls int
	opt.Checked = func(done, of int) {
		if calls++; done != calls || of != 8 {
			t.Errorf("found %d of %d in call %d", done, of, calls)
		}
		last = done
	}
	_, _, err := Open(dir, opt)
	check(t, err)
	if last != 8 {
		t.Errorf("found %d photos checked, expected 8", last)
	}
	ctx, stop := context.WithCancel(t.Context())
	opt.Context = ctx
	opt.Checked = func(int, int) { stop() }
	_, _, err = Open(dir, opt)
	wantErr(t, err, context.Canceled, printable(dir))
}

// Memory holds the names and hashes of photos, and the photos that are being read.
func TestPhotosMemory(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	const side, batch = 64, 8
	most := func(n int) (grown int64) {
		dir := photoFolder(t, n, side, side)
		before := heap()
		train, _, err := Open(dir, Options{Shape: []int{3, side, side}, Prep: ImageNetPreprocessing(side, Bilinear)})
		check(t, err)
		x := make([]float32, batch*3*side*side)
		for first := 0; first+batch <= train.Len(); first += batch {
			indices := make([]int, batch)
			for i := range indices {
				indices[i] = first + i
			}
			check(t, Read(train, x, indices))
			if first%(8*batch) == 0 {
				grown = max(grown, heap()-before)
			}
		}
		runtime.KeepAlive(train)
		return grown
	}
	few, many := most(50), most(300)
	t.Logf("heap grown by at most %d KiB for 100 photos, %d KiB for 600", few>>10, many>>10)
	const pixels, half = 3 * side * side, 6000 // bytes of a photo; and half of them, for chance
	if grown := many - few; grown > 500*half {
		t.Errorf("found %d bytes for each photo more, expected at most %d; its pixels are %d", grown/500, half, pixels)
	}
}

func TestPhotosCopiesAreTold(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"train/a/1.png", "train/a/2.png", "train/b/3.png", "test/a/4.png", "test/b/5.png"} {
		writeFile(t, filepath.Join(dir, name), pngOf(t, plainPhoto(i%3, 40, 30)))
	}
	opt := smallPhotos
	var warnings []string
	opt.Warn = func(s string) { warnings = append(warnings, s) }
	_, _, err := Open(dir, opt)
	check(t, err)
	if all := strings.Join(warnings, "\n"); !strings.Contains(all, "2 of 2 test images are exact copies of training images, 1 of them under another class") {
		t.Errorf("found the warnings %q", all)
	}
}

// TestPhotosInMemory are those of the same files on disk: pixels, hash, and what a network remembers.
func TestPhotosInMemory(t *testing.T) {
	disk, _ := openPhotos(t, photoFolder(t, 8, 40, 30))
	var files [][]byte
	for i := range disk.Len() {
		content, err := os.ReadFile(disk.File(i))
		check(t, err)
		files = append(files, content)
	}
	made := func(shape []int, files [][]byte, labels []int, prep Preprocessing) (*Set, error) {
		return NewPhotos("camera", shape, files, labels, disk.Classes, prep)
	}
	memory, err := made(disk.Shape, files, disk.Labels, smallPhotos.Prep)
	check(t, err)
	for i := range disk.Len() {
		if !slices.Equal(memory.Image(i), disk.Image(i)) {
			t.Errorf("photo %d: other pixels in memory than on disk", i)
		}
	}
	if memory.Hash() != disk.Hash() || !slices.Equal(memory.Seen().Sums, disk.Seen().Sums) || memory.File(0) != "" {
		t.Errorf("found another hash, other images seen, or the file %q", memory.File(0))
	}
	small, drawings := disk.Shape, MNISTPreprocessing()
	for why, err := range map[string]error{
		"bad file":                  second(made(small, append(slices.Clone(files[1:]), []byte("words")), disk.Labels, smallPhotos.Prep)),
		"7 files":                   second(made(small, files[:7], disk.Labels, smallPhotos.Prep)),
		"expected that of photos":   second(made(small, files, disk.Labels, drawings)),
		"expected [3 height width]": second(made([]int{1, 20, 20}, files, disk.Labels, smallPhotos.Prep)),
	} {
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("found %v, expected an error with %q", err, why)
		}
	}
	// A header is good, what follows is not: an error of Read.
	cut, err := made(small, [][]byte{files[0][:60]}, []int{0}, smallPhotos.Prep)
	check(t, err)
	if err := Read(cut, make([]float32, 3*20*20), []int{0}); err == nil || !strings.Contains(err.Error(), "camera: image 0") {
		t.Errorf("found %v, expected an error that names the image", err)
	}
}

func second[A any](_ A, err error) error { return err }

// TestImagesInLinkedFolder has a link to a folder in the place of the folder.
func TestImagesInLinkedFolder(t *testing.T) {
	dir := photoFolder(t, 2, 40, 30)
	link := filepath.Join(t.TempDir(), ".link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip("no links here:", err)
	}
	for _, name := range []string{dir, link, link + "/"} {
		images, others, err := ImagesIn(t.Context(), name)
		check(t, err)
		if len(images) != 4 || others != 0 || !strings.HasPrefix(images[0], strings.TrimSuffix(name, "/")) {
			t.Errorf("%s: found the images %q and %d other files, expected 4 in it", name, images, others)
		}
	}
}
