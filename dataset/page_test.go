package dataset_test

import (
	"context"
	"image"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"golang.org/x/image/draw"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// classifier trains a small network on the sample and returns what it answers to images of MNIST's form.
func classifier(t *testing.T) func(pixels []byte) int {
	t.Helper()
	digits, _, err := dataset.Open("sample", dataset.Options{})
	check(t, err)
	spec := model.Spec{
		Input: []int{1, 28, 28},
		Layers: []model.Layer{
			{Name: "conv1", Kind: model.Conv{Out: 16, Kernel: model.Sides{5}, Stride: model.Sides{1}, Pad: model.Sides{2}}}, // [16,28,28]
			{Name: "relu1", Kind: model.ReLU{}},
			{Name: "pool1", Kind: model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{2}}},                            // [16,14,14]
			{Name: "conv2", Kind: model.Conv{Out: 32, Kernel: model.Sides{5}, Stride: model.Sides{1}, Pad: model.Sides{2}}}, // [32,14,14]
			{Name: "relu2", Kind: model.ReLU{}},
			{Name: "pool2", Kind: model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{2}}}, // [32,7,7]
			{Name: "fc1", Kind: model.Dense{Out: 64}},                                            // [64]
			{Name: "relu3", Kind: model.ReLU{}},
			{Name: "drop", Kind: model.Dropout{Rate: 0.25}},
			{Name: "fc2", Kind: model.Dense{Out: 10}}, // [10]
		},
	}
	n, err := model.New(spec, digits.Classes, digits.Prep, rand.New(rand.NewPCG(1, 2)))
	check(t, err)
	net, err := model.Build(n, model.All(), model.Batch(50))
	check(t, err)
	trainer, err := train.New(net, train.NewAdam(0.002), 1)
	check(t, err)
	defer trainer.Close()
	check(t, trainer.Fit(context.Background(), digits, train.Options{Epochs: 8, Schedule: train.CosineRate}))
	p, err := train.NewPredictor(n, 1)
	check(t, err)
	t.Cleanup(func() { p.Close() })
	return func(pixels []byte) int {
		q, err := p.Digit(dataset.Image28(pixels))
		check(t, err)
		return q.Class
	}
}

const pageSide = 600

// sheet is a page of 600 by 600 pixels in light values from 0 to 255 that are not rounded yet.
type sheet struct {
	light []float64
	rng   *rand.Rand
}

// newSheet lays a digit of that side in ink 102 darker on paper of 210.
func newSheet(digit *image.Gray, side, ink int, rng *rand.Rand) *sheet {
	s := &sheet{make([]float64, pageSide*pageSide), rng}
	mask := image.NewGray(image.Rect(0, 0, pageSide, pageSide))
	at := image.Pt(20+rng.IntN(pageSide-side-40+1), 20+rng.IntN(pageSide-side-40+1))
	draw.CatmullRom.Scale(mask, image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}, digit, digit.Rect, draw.Src, nil)
	for i, v := range mask.Pix {
		s.light[i] = 210 - float64(ink)*float64(v)/255
	}
	return s
}

func (s *sheet) fill(r image.Rectangle, light float64) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			s.light[y*pageSide+x] = light
		}
	}
}

// faint makes the ink 48 darker than the paper.
func (s *sheet) faint() {
	s.each(func(x, y int, v float64) float64 { return 210 - (210-v)*48/102 })
}

func (s *sheet) noise(deviation float64) {
	for i := range s.light {
		s.light[i] += s.rng.NormFloat64() * deviation
	}
}

func (s *sheet) each(f func(x, y int, light float64) float64) {
	for i, v := range s.light {
		s.light[i] = f(i%pageSide, i/pageSide, v)
	}
}

func (s *sheet) frame(inset, thick int, light float64) {
	a, b := inset, pageSide-inset
	s.fill(image.Rect(a, a, b, a+thick), light)
	s.fill(image.Rect(a, b-thick, b, b), light)
	s.fill(image.Rect(a, a, a+thick, b), light)
	s.fill(image.Rect(b-thick, a, b, b), light)
}

func (s *sheet) speck(w, h int, light float64) {
	x, y := s.rng.IntN(pageSide-w), s.rng.IntN(pageSide-h)
	s.fill(image.Rect(x, y, x+w, y+h), light)
}

func (s *sheet) ruled(every, thick int, darker float64, vertical bool) {
	from := s.rng.IntN(every)
	s.each(func(x, y int, v float64) float64 {
		if (y+from)%every < thick {
			return min(v, 210-darker)
		}
		if vertical && (x+from)%every < thick {
			return min(v, 210-darker)
		}
		return v
	})
}

func (s *sheet) slantedLines(every, thick int, darker, slope float64) {
	from := s.rng.IntN(every)
	s.each(func(x, y int, v float64) float64 {
		if math.Mod(float64(y+from)+slope*float64(x)+1000, float64(every)) < float64(thick) {
			return min(v, 210-darker)
		}
		return v
	})
}

func (s *sheet) image() *image.Gray {
	out := image.NewGray(image.Rect(0, 0, pageSide, pageSide))
	for i, v := range s.light {
		out.Pix[i] = uint8(min(255, max(0, math.Round(v))))
	}
	return out
}

// setting is what is done to a page before a drawing is looked for.
type setting struct {
	name string
	do   func(s *sheet)
}

// settings returns what pages are like that people hold before a camera.
func settings() []setting {
	lit := func(s *sheet) {
		s.each(func(x, y int, v float64) float64 { return v * (0.5 + 0.5*float64(x)/pageSide) })
	}
	vignette := func(s *sheet) {
		s.each(func(x, y int, v float64) float64 {
			dx, dy := float64(x-300)/300, float64(y-300)/300
			return v * (1 - 0.25*(dx*dx+dy*dy))
		})
	}
	shadow := func(soft float64) func(s *sheet) {
		return func(s *sheet) {
			s.each(func(x, y int, v float64) float64 {
				d := (float64(x) + 0.5*float64(y) - 420) / soft
				return v * (1 - 0.35/(1+math.Exp(-d)))
			})
		}
	}
	desk := func(w int) func(s *sheet) { return func(s *sheet) { s.fill(image.Rect(0, 0, w, pageSide), 60) } }
	return []setting{
		{"faint", func(s *sheet) { s.faint() }},
		{"faint, lit, noise 4", func(s *sheet) { s.faint(); lit(s); s.noise(4) }},
		{"faint, vignette", func(s *sheet) { s.faint(); vignette(s) }},
		{"noise 16", func(s *sheet) { s.noise(16) }},
		{"noise 25", func(s *sheet) { s.noise(25) }},
		{"salt and pepper 1%", func(s *sheet) {
			s.each(func(x, y int, v float64) float64 {
				switch u := s.rng.Float64(); {
				case u < 0.005:
					return 0
				case u < 0.01:
					return 255
				}
				return v
			})
		}},
		{"black frame 20", func(s *sheet) { s.frame(0, 20, 0) }},
		{"black frame 60", func(s *sheet) {
			s.each(func(x, y int, v float64) float64 {
				if x < 60 || y < 60 || x >= 540 || y >= 540 {
					return v * 0.001
				}
				return v
			})
		}},
		{"white frame 10", func(s *sheet) { s.frame(0, 10, 255) }},
		{"frame within", func(s *sheet) { s.frame(10, 2, 30) }},
		{"line at the left", func(s *sheet) { s.fill(image.Rect(0, 0, 2, pageSide), 0) }},
		{"speck 12x14", func(s *sheet) { s.speck(12, 14, 0) }},
		{"20 specks", func(s *sheet) {
			for range 20 {
				s.speck(2+s.rng.IntN(5), 2+s.rng.IntN(5), 30)
			}
		}},
		{"light specks", func(s *sheet) {
			for range 10 {
				s.speck(5, 5, 255)
			}
		}},
		{"noise, frame and speck", func(s *sheet) { s.frame(0, 1, 0); s.speck(4, 6, 0); s.noise(4) }},
		{"lit and noise 4", func(s *sheet) { lit(s); s.noise(4) }},
		{"vignette noise 8", func(s *sheet) { vignette(s); s.noise(8) }},
		{"soft shadow", shadow(30)},
		{"ruled noise 4", func(s *sheet) { s.ruled(40, 2, 60, false); s.noise(4) }},
		{"ruled slant", func(s *sheet) { s.slantedLines(40, 2, 80, 0.03) }},
		{"squared as dark", func(s *sheet) { s.ruled(30, 2, 102, true) }},
		{"desk slanted", func(s *sheet) {
			s.each(func(x, y int, v float64) float64 {
				if float64(x)+0.06*float64(y) < 40 {
					return 60
				}
				return v
			})
		}},
		{"desk three sides", func(s *sheet) {
			desk(20)(s)
			s.fill(image.Rect(0, 580, 600, 600), 60)
			s.fill(image.Rect(580, 0, 600, 600), 60)
		}},
		{"desk around, slanted", func(s *sheet) {
			s.each(func(x, y int, v float64) float64 {
				u, w := float64(x)+0.04*float64(y)-12, float64(y)-0.04*float64(x)+12
				if u < 20 || u > 580 || w < 20 || w > 580 {
					return 60
				}
				return v
			})
		}},
		{"desk lit noise", func(s *sheet) { lit(s); desk(20)(s); s.noise(4) }},
		{"ruled lit noise", func(s *sheet) { s.ruled(40, 2, 60, false); lit(s); s.noise(4) }},
	}
}

// TestFindOnPages lays digits on pages on which an extreme value is none of the
// drawing's, and lets a network read what was found.
func TestFindOnPages(t *testing.T) {
	answer := classifier(t)
	_, test, err := dataset.Open("sample", dataset.Options{})
	check(t, err)
	var chosen []int // those that the network reads as they are: five of each digit, one of each first
	for k := range 5 {
		for digit := range 10 {
			seen := 0
			for i := range test.Len() {
				if test.Label(i) == digit && answer(test.Image(i)) == digit {
					if seen == k {
						chosen = append(chosen, i)
					}
					seen++
				}
			}
		}
	}
	if len(chosen) != 50 {
		t.Fatalf("found %d digits that the network reads, expected 50", len(chosen))
	}
	right := func(c setting, side int, of []int) int {
		rng := rand.New(rand.NewPCG(7, 8))
		n := 0
		for _, i := range of {
			digit := &image.Gray{Pix: test.Image(i), Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
			s := newSheet(digit, side, 102, rng)
			c.do(s)
			if got, err := dataset.Digit(s.image()); err == nil && answer(got[:]) == test.Label(i) {
				n++
			}
		}
		return n
	}
	for _, c := range []setting{
		{"clean", func(s *sheet) {}},
		{"noise of deviation 4", func(s *sheet) { s.noise(4) }},
		{"a black frame of one pixel", func(s *sheet) { s.frame(0, 1, 0) }},
		{"a speck of 4×6", func(s *sheet) { s.speck(4, 6, 0) }},
	} {
		of := chosen
		if testing.Short() {
			of = of[:10]
		}
		n := right(c, 280, of)
		t.Logf("%s: %d of %d", c.name, n, len(of))
		if 50*n < 47*len(of) {
			t.Errorf("%s: found %d of %d right, expected 47 of 50 or more", c.name, n, len(of))
		}
	}
	if testing.Short() {
		return
	}
	for _, c := range settings() {
		if n := right(c, 280, chosen[:10]); n < 9 {
			t.Errorf("%s: found %d of 10 right, expected 9 or more", c.name, n)
		}
	}
}

// TestFindNotes has what is doubtful about a drawing said.
func TestFindNotes(t *testing.T) {
	page := func(ink image.Rectangle) image.Image {
		img := image.NewGray(image.Rect(0, 0, 200, 100))
		for i := range img.Pix {
			img.Pix[i] = 220
		}
		draw.Draw(img, ink, image.Black, image.Point{}, draw.Src)
		return img
	}
	cross := page(image.Rect(97, 0, 103, 100)).(*image.Gray)
	draw.Draw(cross, image.Rect(0, 47, 200, 53), image.Black, image.Point{}, draw.Src)
	for name, c := range map[string]struct {
		img  image.Image
		want string
	}{
		"a bar on a page":       {page(image.Rect(90, 20, 110, 80)), ""},
		"a cross to its edges":  {cross, "fills the whole image"},
		"a desk and no drawing": {page(image.Rect(0, 0, 30, 100)), "along the image's edge"},
		"holes far away":        {withHoles(), "far from each other"},
		"a soft shadow":         {softShadow(), "may be a shadow"},
	} {
		d, err := dataset.Find(c.img)
		check(t, err)
		if (c.want == "") != (d.Note == "") || !strings.Contains(d.Note, c.want) {
			t.Errorf("%s: found the note %q, expected %q", name, d.Note, c.want)
		}
	}
}

// withHoles is a page with a bar and the two holes of a file's paper.
func withHoles() image.Image {
	img := image.NewGray(image.Rect(0, 0, 400, 400))
	for i := range img.Pix {
		img.Pix[i] = 220
	}
	for _, ink := range []image.Rectangle{image.Rect(190, 170, 200, 230), image.Rect(10, 80, 30, 100), image.Rect(10, 300, 30, 320)} {
		draw.Draw(img, ink, image.Black, image.Point{}, draw.Src)
	}
	return img
}

// softShadow is paper with a shadow in the middle, 70 darker, whose edge is soft.
func softShadow() image.Image {
	img := image.NewGray(image.Rect(0, 0, pageSide, pageSide))
	for i := range img.Pix {
		x, y := i%pageSide, i/pageSide
		away := math.Hypot(float64(x-300), float64(y-300)) - 150
		img.Pix[i] = uint8(220 - 70/(1+math.Exp(away/25)))
	}
	return img
}

// TestFindAnySize: whatever the size and the values, there is a drawing or an error.
func TestFindAnySize(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, size := range []image.Point{{1, 1}, {1, 2}, {2, 1000}, {3, 3}, {8, 8}, {28, 28}, {63, 65}, {64, 64}, {300, 7}, {1500, 900}} {
		for _, levels := range []int{1, 2, 256} {
			img := image.NewGray(image.Rectangle{Max: size})
			for i := range img.Pix {
				img.Pix[i] = uint8(rng.IntN(levels) * 255 / max(1, levels-1))
			}
			if d, err := dataset.Find(img); err == nil && d.Image == (dataset.Image28{}) {
				t.Errorf("%v of %d levels: found an empty drawing and no error", size, levels)
			}
		}
	}
}
