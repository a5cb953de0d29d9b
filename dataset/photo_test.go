package dataset

import (
	"encoding/json"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// painted is an image whose neighbouring pixels differ.
func painted(w, h int) *image.NRGBA {
	rng := rand.New(rand.NewPCG(1, 2))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(rng.IntN(256)), uint8(255 * x / w), uint8(255 * (x/7%2 ^ y/5%2)), 255})
		}
	}
	return img
}

// TestPhotoAsTorchvision compares with its transforms on images that are wide, high,
// small and of the very size.
func TestPhotoAsTorchvision(t *testing.T) {
	python := "/usr/bin/python3"
	if exec.Command(python, "-c", "import torchvision").Run() != nil {
		t.Skip("no Python with torchvision here")
	}
	folder := t.TempDir()
	var files []string
	var images []image.Image
	for i, size := range [][2]int{{301, 97}, {61, 200}, {17, 20}, {64, 64}, {333, 501}} {
		img := painted(size[0], size[1])
		path := filepath.Join(folder, string(rune('a'+i))+".png")
		writeFile(t, path, pngOf(t, img))
		files, images = append(files, path), append(images, img)
	}
	const resize, crop = 64, 56
	// Pillow clips to bytes between columns and rows, where bicubic overshoots: at hard edges, of which
	// these images have many, single pixels differ.
	for how, most := range map[string]float64{Bilinear: 2, Bicubic: 16} {
		out := filepath.Join(folder, how)
		args := append([]string{"../testdata/peers/photo_peer.py", "64", "56", how, out}, files...)
		if text, err := exec.Command(python, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		want, err := os.ReadFile(out)
		check(t, err)
		for i, img := range images {
			pixels, err := ImageNetPreprocessing(resize, how).Photo.Pixels(img, crop, crop)
			check(t, err)
			sum, worst := 0.0, 0.0
			for j, v := range pixels {
				d := math.Abs(float64(v) - float64(want[i*len(pixels)+j]))
				sum, worst = sum+d, max(worst, d)
			}
			if mean := sum / float64(len(pixels)); mean > 0.4 || worst > most {
				t.Errorf("%s of %v: found differences of %.2f on average and %g, expected at most 0.4 and %g", how, img.Bounds(), mean, worst, most)
			}
		}
	}
}

func TestPhotoForms(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 40, 20)) // the left half orange, the right one nothing
	for y := range 20 {
		for x := range 20 {
			img.SetNRGBA(x, y, color.NRGBA{255, 128, 0, 255})
		}
	}
	f := ImageNetPreprocessing(20, Bilinear).Photo
	for _, test := range []struct {
		name  string
		spoil func(*Photo)
		want  []byte // the first pixel and the last
	}{
		{"middle", func(*Photo) {}, []byte{255, 128, 0, 255, 255, 255}},
		{"bgr", func(f *Photo) { f.BGR = true }, []byte{0, 128, 255, 255, 255, 255}},
		{"squash", func(f *Photo) { f.Squash = true }, []byte{255, 128, 0, 255, 255, 255}},
	} {
		f := f
		test.spoil(&f)
		p, err := f.Pixels(img, 18, 18)
		check(t, err)
		const plane = 18 * 18
		if found := []byte{p[0], p[plane], p[2*plane], p[plane-1], p[2*plane-1], p[3*plane-1]}; !slices.Equal(found, test.want) {
			t.Errorf("%s: found %v, expected %v", test.name, found, test.want)
		}
	}
	_, err := f.Pixels(image.NewGray(image.Rect(0, 0, 1, 60000)), 20, 20)
	wantErr(t, err, ErrTooLarge, "expected sides that differ less")
}

func TestPhotoPreprocessing(t *testing.T) {
	p := ImageNetPreprocessing(256, Bicubic)
	check(t, p.Validate())
	text, err := json.Marshal(p)
	check(t, err)
	var back Preprocessing
	if check(t, json.Unmarshal(text, &back)); back != p {
		t.Errorf("found %v after marshalling and back, expected %v", back, p)
	}
	if err := json.Unmarshal([]byte(`{"photo":{"mean":[1,2]}}`), &back); err == nil {
		t.Error("found no error for a mean of two channels")
	}
	for channel, want := range []float64{2.2489083, 2.4285715, 2.64} { // (1-mean)/std
		if got := float64(p.table(channel)[255]); math.Abs(got-want) > 1e-6 {
			t.Errorf("channel %d: found %v for white, expected %v", channel, got, want)
		}
	}
	for field, spoil := range map[string]func(*Preprocessing){
		"resize":        func(p *Preprocessing) { p.Photo.Resize = 0 },
		"interpolation": func(p *Preprocessing) { p.Photo.Interpolation = "nearest" },
		"channel 1":     func(p *Preprocessing) { p.Photo.Std[1] = 0 },
		"channel 2":     func(p *Preprocessing) { p.Photo.Mean[2] = math.NaN() },
		"mean 0.5":      func(p *Preprocessing) { p.Mean = 0.5 },
	} {
		q := p
		spoil(&q)
		wantErr(t, q.Validate(), ErrArgument, field, "found", "expected")
	}
}

// TestPhotoFolder makes sure that what a network sees of a folder is what it sees of
// a single photo, and that images made otherwise are refused.
func TestPhotoFolder(t *testing.T) {
	dir := t.TempDir()
	img := painted(50, 30)
	for _, class := range []string{"a", "b"} {
		for _, n := range []string{"1.png", "2.png"} {
			writeFile(t, filepath.Join(dir, class, n), pngOf(t, img))
		}
	}
	prep := ImageNetPreprocessing(24, Bilinear)
	train, _, err := Open(dir, Options{Shape: []int{3, 20, 20}, Prep: prep})
	check(t, err)
	pixels, err := prep.Photo.Pixels(img, 20, 20)
	check(t, err)
	if train.Prep != prep || !slices.Equal(train.Image(0), pixels) {
		t.Errorf("found %v, or other pixels than of the photo alone", train.Prep)
	}
	x := make([]float32, len(pixels))
	train.Gather(x, []int{0})
	if want := prep.table(2)[pixels[len(pixels)-1]]; x[len(x)-1] != want {
		t.Errorf("found %v, expected %v", x[len(x)-1], want)
	}
	if _, err := train.Prepared(ImageNetPreprocessing(24, Bicubic)); err == nil {
		t.Error("found no error for images that were made by another interpolation")
	}
	other := prep
	other.Photo.Mean[0] = 0.5
	if as, err := train.Prepared(other); err != nil || as.Prep != other {
		t.Errorf("found %v, expected another mean", err)
	}
	whole, _, err := Open(dir, Options{Shape: []int{3, 20, 20}})
	check(t, err)
	_, err = whole.Prepared(prep)
	wantErr(t, err, ErrArgument, "the middle of photos whose shorter side becomes 24")
	_, _, err = Open(dir, Options{Shape: []int{3, 25, 20}, Prep: prep})
	wantErr(t, err, ErrArgument, "resize: found 24")
}
