package dataset

import (
	"encoding/json"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
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
	thin := image.NewGray(image.Rect(0, 0, 1, 60000)) // its other side would become 1,200,000
	if got := allocated(func() {
		_, err := f.Pixels(thin, 20, 20)
		check(t, err)
	}); got > 1<<20 {
		t.Errorf("found %d bytes allocated for 20×20 pixels", got)
	}
	_, err := f.Pixels(nil, 20, 20)
	wantErr(t, err, ErrArgument, "found no pixels")
}

func TestPhotoOfBothSides(t *testing.T) {
	f := Photo{Squash: true, Interpolation: Bilinear, Std: PerChannel{1, 1, 1}}
	img := image.NewGray(image.Rect(0, 0, 40, 10))
	for y := range 10 {
		img.Pix[40*y] = 240 // the left column, which a crop would leave out
	}
	p, err := f.Pixels(img, 10, 10)
	check(t, err)
	if p[0] == 0 || p[9] != 0 {
		t.Errorf("found %d and %d at the left and the right, expected the whole photo", p[0], p[9])
	}
	f.Squash = false
	_, err = f.Pixels(img, 10, 10)
	wantErr(t, err, ErrArgument, "resize: found 0, expected 1")
}

func TestPresets(t *testing.T) {
	for _, test := range []struct {
		name         string
		shape        []int
		resize       int
		channel      int
		black, white float64 // what the bytes 0 and 255 become
	}{
		{"torchvision", []int{3, 224, 224}, 256, 0, -0.485 / 0.229, (1 - 0.485) / 0.229},
		{"torchvision", []int{3, 299, 299}, 342, 2, -0.406 / 0.225, (1 - 0.406) / 0.225},
		{"tf", []int{3, 160, 192}, 219, 1, -1, 1},
		{"caffe", []int{3, 224, 224}, 256, 0, -103.939, 255 - 103.939},
		{"caffe", []int{3, 224, 224}, 256, 2, -123.68, 255 - 123.68},
		{"mnist", []int{1, 28, 28}, 0, 0, -0.1307 / 0.3081, (1 - 0.1307) / 0.3081},
	} {
		p, err := Preset(test.name, test.shape)
		check(t, err)
		table := p.table(test.channel)
		if p.Photo.Resize != test.resize || math.Abs(float64(table[0])-test.black) > 1e-5 || math.Abs(float64(table[255])-test.white) > 1e-5 {
			t.Errorf("%s of %v: found resize %d, %v for black, %v for white in channel %d", test.name, test.shape, p.Photo.Resize, table[0], table[255], test.channel)
		}
		if p.Photo.BGR != (test.name == "caffe") {
			t.Errorf("%s: found BGR %v", test.name, p.Photo.BGR)
		}
	}
	_, err := Preset("keras", []int{3, 224, 224})
	wantErr(t, err, ErrArgument, `"keras"`, "torchvision, tf, caffe, mnist")
	for _, shape := range [][]int{nil, {3}, {1, 224, 224}, {3, 0, 1}} {
		_, err := Preset("tf", shape)
		wantErr(t, err, ErrArgument, "expected")
	}
	_, err = Preset("mnist", []int{3, 224, 224})
	wantErr(t, err, ErrArgument, "grey")
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
