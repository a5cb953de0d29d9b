package dataset

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestParseAugmentation(t *testing.T) {
	for s, want := range map[string]Augmentation{
		"shift": {Shift: true}, "rotate": {Rotate: true}, "shift,rotate": {Shift: true, Rotate: true}, "rotate, shift": {Shift: true, Rotate: true},
		"crop,flip,colour": {Crop: true, Flip: true, Colour: true},
	} {
		got, err := ParseAugmentation(s)
		check(t, err)
		if got != want {
			t.Errorf("%s: found %v, expected %v", s, got, want)
		}
	}
	for _, s := range []string{"", "mirror", "shift,", "Shift"} {
		_, err := ParseAugmentation(s)
		wantErr(t, err, ErrArgument, "shift, rotate")
	}
}

func FuzzParseAugmentation(f *testing.F) {
	f.Add("shift,rotate")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAugmentation(s)
		if err != nil {
			wantErr(t, err, ErrArgument)
			return
		}
		if again, err := ParseAugmentation(a.String()); err != nil || again != a {
			t.Errorf("%q: found %v, and %v after writing and reading it: %v", s, a, again, err)
		}
	})
}

// noise is a set of n random images.
func noise(t *testing.T, n int, shape []int, polarity string) *Set {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	pixels := make([]byte, n*shape[0]*shape[1]*shape[2])
	for i := range pixels {
		pixels[i] = byte(1 + rng.IntN(254)) // never a background's 0 or 255
	}
	prep := Preprocessing{Scale: 1, Std: 1, Polarity: polarity} // numbers are bytes
	s, err := NewSet("noise", shape, pixels, make([]int, n), []string{"a"}, prep)
	check(t, err)
	return s
}

// gathered returns one image as training sees it.
func gathered(x Examples, i int) []float32 {
	size := 1
	for _, d := range x.ExampleShape() {
		size *= d
	}
	out := make([]float32, size)
	x.Gather(out, []int{i})
	return out
}

func TestNoAugmentation(t *testing.T) {
	s := noise(t, 3, []int{2, 5, 7}, LightOnDark)
	for i := range 3 {
		if !slices.Equal(gathered(NewAugmented(s, Augmentation{}, 1), i), gathered(s, i)) {
			t.Errorf("image %d has changed", i)
		}
	}
}

// TestShift compares images with all shifts there are.
func TestShift(t *testing.T) {
	shape := []int{3, 6, 9}
	for polarity, background := range map[string]float32{LightOnDark: 0, DarkOnLight: 255} {
		s := noise(t, 1, shape, polarity)
		plain := gathered(s, 0)
		a := NewAugmented(s, Augmentation{Shift: true}, 1)
		counts := map[[2]int]int{}
		for epoch := range 500 {
			a.StartEpoch(epoch)
			got := gathered(a, 0)
			for right := -2; right <= 2; right++ {
				for down := -2; down <= 2; down++ {
					if slices.Equal(got, shifted(plain, shape, right, down, background)) {
						counts[[2]int{right, down}]++
					}
				}
			}
		}
		total := 0
		for _, n := range counts {
			total += n
		}
		if total != 500 || len(counts) != 25 || slices.Max(slices.Collect(values(counts))) > 50 {
			t.Errorf("%s: of 500 images %d are shifted by %d different ways, expected 500 and 25, about 20 times each: %v", polarity, total, len(counts), counts)
		}
	}
}

func values(m map[[2]int]int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for _, n := range m {
			if !yield(n) {
				return
			}
		}
	}
}

func shifted(plain []float32, shape []int, right, down int, background float32) []float32 {
	h, w := shape[1], shape[2]
	out := make([]float32, len(plain))
	for i := range out {
		plane, y, x := i/(h*w), i/w%h-down, i%w-right
		if out[i] = background; y >= 0 && y < h && x >= 0 && x < w {
			out[i] = plain[plane*h*w+y*w+x]
		}
	}
	return out
}

// TestRotate compares a rotation with one computed here, point by point.
func TestRotate(t *testing.T) {
	const w, h, angle, right, down = 28, 24, 10 * math.Pi / 180, 2, -1
	s := noise(t, 1, []int{2, h, w}, LightOnDark)
	pixels, got := s.Image(0), make([]byte, 2*h*w)
	warp(got, pixels, s.Shape, 0, right, down, angle)
	compared := 0
	for i, v := range got {
		plane, y, x := i/(h*w), i/w%h, i%w
		// Where the point comes from: back by the shift, then by the angle about the middle.
		u, v0 := float64(x)+0.5-w/2.-right, float64(y)+0.5-h/2.-down
		fromX := math.Cos(angle)*u + math.Sin(angle)*v0 + w/2. - 0.5
		fromY := -math.Sin(angle)*u + math.Cos(angle)*v0 + h/2. - 0.5
		x0, y0 := int(math.Floor(fromX)), int(math.Floor(fromY))
		if x0 < -1 || y0 < -1 || x0 > w-1 || y0 > h-1 {
			if v != 0 {
				t.Fatalf("(%d,%d): found %d, expected the background", x, y, v)
			}
			continue
		}
		if x0 < 0 || y0 < 0 || x0 > w-2 || y0 > h-2 {
			continue // at the edge a library may do as it likes
		}
		at := func(x, y int) float64 { return float64(pixels[plane*h*w+y*w+x]) }
		fx, fy := fromX-float64(x0), fromY-float64(y0)
		want := (1-fy)*((1-fx)*at(x0, y0)+fx*at(x0+1, y0)) + fy*((1-fx)*at(x0, y0+1)+fx*at(x0+1, y0+1))
		if math.Abs(float64(v)-want) > 1.01 {
			t.Fatalf("(%d,%d): found %d, expected %.2f", x, y, v, want)
		}
		compared++
	}
	if compared < h*w {
		t.Errorf("compared %d points only", compared)
	}
}

// TestAugmentedIsAFunction makes sure that an image depends on seed, epoch and
// place alone.
func TestAugmentedIsAFunction(t *testing.T) {
	s := sampleTest(t)
	both := Augmentation{Shift: true, Rotate: true}
	a, b := NewAugmented(s, both, 1), NewAugmented(s, both, 1)
	a.StartEpoch(3)
	many := make([]float32, 3*784)
	a.Gather(many, []int{7, 300, 7})
	b.Gather(make([]float32, 784), []int{5}) // another history
	b.StartEpoch(3)
	if !slices.Equal(many[784:2*784], gathered(b, 300)) || !slices.Equal(many[:784], many[2*784:]) {
		t.Error("an image depends on what was gathered before")
	}
	third := gathered(b, 300)
	b.StartEpoch(4)
	other := NewAugmented(s, both, 2)
	other.StartEpoch(3)
	if slices.Equal(gathered(b, 300), third) || slices.Equal(gathered(other, 300), third) || slices.Equal(gathered(s, 300), third) {
		t.Error("another epoch, another seed or no change gave the same image")
	}
	if !slices.Equal(a.ExampleShape(), []int{1, 28, 28}) || a.Len() != s.Len() || a.Label(300) != s.Label(300) {
		t.Error("what is not changed is not that of the set")
	}
}

func TestCopies(t *testing.T) {
	s := sampleTest(t)
	both := Augmentation{Shift: true, Rotate: true}
	c, err := NewCopies(s, both, 1, 2)
	check(t, err)
	if n := s.Len(); c.Len() != 3*n || c.Label(2*n+9) != s.Label(9) || !slices.Equal(gathered(c, 9), gathered(s, 9)) {
		t.Error("the images are not those of the set, and their copies")
	}
	a := NewAugmented(s, both, 1)
	a.StartEpoch(2)
	if !slices.Equal(gathered(c, 2*s.Len()+9), gathered(a, 9)) {
		t.Error("copy 2 is not the image of epoch 2")
	}
	hashes := map[string]string{}
	dark := *s
	dark.Prep.Polarity = DarkOnLight
	for name, make := range map[string]func() (*Copies, error){
		"the same":       func() (*Copies, error) { return NewCopies(s, both, 1, 2) },
		"another seed":   func() (*Copies, error) { return NewCopies(s, both, 2, 2) },
		"more copies":    func() (*Copies, error) { return NewCopies(s, both, 1, 3) },
		"another change": func() (*Copies, error) { return NewCopies(s, Augmentation{Shift: true}, 1, 2) },
		"another ground": func() (*Copies, error) { return NewCopies(&dark, both, 1, 2) },
	} {
		c, err := make()
		check(t, err)
		sum := c.Hash()
		hashes[string(sum[:])] += name + " "
	}
	sum := c.Hash()
	if len(hashes) != 5 || strings.TrimSpace(hashes[string(sum[:])]) != "the same" {
		t.Errorf("found the same hash for different copies: %v", hashes)
	}
	for _, n := range []int{0, -1, maxImages / s.Len()} {
		_, err := NewCopies(s, both, 1, n)
		wantErr(t, err, ErrArgument, "augmented copies")
	}
}

func BenchmarkAugmented(b *testing.B) {
	s, _, err := openSample()
	check(b, err)
	a := NewAugmented(s, Augmentation{Shift: true, Rotate: true}, 1)
	indices, dst := make([]int, 64), make([]float32, 64*784)
	for i := range indices {
		indices[i] = i
	}
	for b.Loop() {
		a.Gather(dst, indices)
	}
}
