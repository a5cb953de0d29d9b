package dataset

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// changedBy returns what an augmentation makes of an image in some epochs.
func changedBy(t *testing.T, s *Set, a Augmentation, epochs int) [][]byte {
	t.Helper()
	var all [][]byte
	for epoch := range epochs {
		pixels, err := a.apply(s, 0, 7, epoch)
		check(t, err)
		again, err := a.apply(s, 0, 7, epoch)
		check(t, err)
		if !bytes.Equal(pixels, again) {
			t.Fatalf("%v: found another image in the same epoch", a)
		}
		all = append(all, pixels)
	}
	return all
}

func TestFlip(t *testing.T) {
	s := noise(t, 1, []int{3, 5, 8}, DarkOnLight)
	mirrored := bytes.Clone(s.Image(0))
	for row := range slices.Chunk(mirrored, 8) {
		slices.Reverse(row)
	}
	flips := 0
	for _, pixels := range changedBy(t, s, Augmentation{Flip: true}, 200) {
		switch {
		case bytes.Equal(pixels, mirrored):
			flips++
		case !bytes.Equal(pixels, s.Image(0)):
			t.Fatal("found an image that is neither as it was nor mirrored")
		}
	}
	if flips < 70 || flips > 130 {
		t.Errorf("found %d of 200 mirrored, expected about half", flips)
	}
}

// A crop is a part of the image; a photo's part has the photo's resolution.
func TestCrop(t *testing.T) {
	ramp := image.NewNRGBA(image.Rect(0, 0, 250, 120)) // red says where from the left, green where from the top
	for y := range 120 {
		for x := range 250 {
			ramp.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(2 * y), 0, 255})
		}
	}
	dir := t.TempDir()
	for i, name := range []string{"a/1.png", "a/2.png", "b/3.png"} {
		writeFile(t, filepath.Join(dir, name), append(pngOf(t, ramp), byte(i)))
	}
	photos, _ := openPhotos(t, dir)
	pixels := make([]byte, 3*25*12)
	for y := range 12 {
		for x := range 25 {
			pixels[25*y+x], pixels[300+25*y+x] = uint8(10*x), uint8(20*y)
		}
	}
	held, err := NewSet("held", []int{3, 12, 25}, pixels, []int{0}, []string{"a"}, ImageNetPreprocessing(25, Bilinear))
	check(t, err)
	for name, s := range map[string]*Set{"photo": photos, "in memory": held} {
		h, w := s.Shape[1], s.Shape[2]
		proportions := float64(w) / float64(h)
		least, most, left, right := math.Inf(1), 0.0, 255, 0
		for _, p := range changedBy(t, s, Augmentation{Crop: true}, 200) {
			x0, x1, y0, y1 := int(p[0]), int(p[w-1]), int(p[h*w])/2, int(p[h*w+(h-1)*w])/2
			wide, high := float64(x1-x0)*float64(w)/float64(w-1), float64(y1-y0)*float64(h)/float64(h-1)
			area := wide * high / (250 * 120)
			least, most, left, right = min(least, area), max(most, area), min(left, x0), max(right, x1)
			if ratio := wide / high / proportions; high < 110 && wide < 240 && (ratio < 0.68 || ratio > 1.47) {
				t.Errorf("%s: found proportions of %.2f, expected 0.75 to 1.33", name, ratio)
			}
		}
		// Of a few pixels the area is known to some percent only.
		if least < 0.25 || least > 0.45 || left > 12 || right < 235 || most > 1.01 {
			t.Errorf("%s: found parts of %.2f to %.2f of the area, from %d to %d of 0 to 249", name, least, most, left, right)
		}
	}
}

func TestDrawnPart(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		size := image.Pt(1+rng.IntN(300), 1+rng.IntN(300))
		part := drawnPart(size, 0.5+rng.Float64(), rng)
		if part.Empty() || !part.In(image.Rectangle{Max: size}) {
			t.Fatalf("found the part %v of %v", part, size)
		}
	}
	for _, size := range []image.Point{{1, 1}, {1, 60000}, {60000, 1}} {
		if part := drawnPart(size, 1, rng); part.Empty() || !part.In(image.Rectangle{Max: size}) {
			t.Errorf("found the part %v of %v", part, size)
		}
	}
}

func TestColour(t *testing.T) {
	pixels := []byte{100, 100, 150, 150, 50, 50} // red, green, blue of two pixels alike
	for _, test := range []struct {
		name    string
		bgr     bool
		factors [3]float64
		want    []byte
	}{
		{"nothing", false, [3]float64{1, 1, 1}, []byte{100, 100, 150, 150, 50, 50}},
		{"brightness", false, [3]float64{1.2, 1, 1}, []byte{120, 120, 180, 180, 60, 60}},
		{"too bright", false, [3]float64{2, 1, 1}, []byte{200, 200, 255, 255, 100, 100}},
		{"no contrast", false, [3]float64{1, 0, 1}, []byte{124, 124, 124, 124, 124, 124}}, // 0.299·100 + 0.587·150 + 0.114·50
		{"no saturation", false, [3]float64{1, 1, 0}, []byte{124, 124, 124, 124, 124, 124}},
		{"no saturation, blue first", true, [3]float64{1, 1, 0}, []byte{114, 114, 114, 114, 114, 114}},
	} {
		got := bytes.Clone(pixels)
		recolour(got, 3, test.bgr, test.factors)
		if !bytes.Equal(got, test.want) {
			t.Errorf("%s: found %v, expected %v", test.name, got, test.want)
		}
	}
	s := noise(t, 1, []int{1, 4, 4}, LightOnDark)
	var distinct []string
	for _, p := range changedBy(t, s, Augmentation{Colour: true}, 20) {
		distinct = append(distinct, string(p))
	}
	if slices.Sort(distinct); len(slices.Compact(distinct)) < 18 {
		t.Error("found the same colours again and again")
	}
}

// Photos changed at random are the same on any number of threads, and differ from epoch to epoch.
func TestAugmentedPhotos(t *testing.T) {
	train, _ := openPhotos(t, photoFolder(t, 6, 60, 40))
	how, err := ParseAugmentation("crop, shift, rotate, flip, colour")
	check(t, err)
	const size = 3 * 20 * 20
	all := make([]int, train.Len())
	for i := range all {
		all[i] = i
	}
	gather := func(data Examples, indices []int) []float32 {
		x := make([]float32, len(indices)*size)
		check(t, Read(data, x, indices))
		return x
	}
	a := NewAugmented(train, how, 3)
	whole := gather(a, all)
	first := gather(a, all[:2]) // reads the next two ahead, of this epoch
	a.StartEpoch(1)
	next := gather(a, all[2:4])
	if !slices.Equal(first, whole[:2*size]) || slices.Equal(next, whole[2*size:4*size]) {
		t.Error("found photos of another epoch")
	}
	copies, err := NewCopies(train, how, 3, 2)
	check(t, err)
	n := train.Len()
	if got := gather(copies, []int{0, n + 2, n + 3}); !slices.Equal(got[:size], gather(train, []int{0})) || !slices.Equal(got[size:], next) {
		t.Error("found other copies than the photos as they are, and as in epoch 1")
	}
	other, err := NewCopies(train, Augmentation{Crop: true}, 3, 2)
	check(t, err)
	if other.Hash() == copies.Hash() {
		t.Error("found the same hash of other changes")
	}
}
