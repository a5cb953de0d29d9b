package dataset

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"testing"

	"golang.org/x/image/draw"
)

// picture returns image i of a set as a grey image that shares its bytes.
func picture(s *Set, i int) *image.Gray {
	return &image.Gray{Pix: s.Image(i), Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
}

func sampleTest(t *testing.T) *Set {
	t.Helper()
	_, test, err := Open("sample", Options{})
	check(t, err)
	return test
}

// TestDigitLeavesMNISTAlone passes all of MNIST's 70,000 images through, and their inverses.
func TestDigitLeavesMNISTAlone(t *testing.T) {
	train, test := realMNIST(t)
	step := 1
	if testing.Short() || raceDetector {
		step = 50
	}
	for _, s := range []*Set{train, test} {
		for i := 0; i < s.Len(); i += step {
			src := picture(s, i)
			digit, err := Digit(src)
			check(t, err)
			if !bytes.Equal(digit[:], src.Pix) {
				t.Fatalf("%s: image %d was changed", s.Name, i)
			}
			inverse := image.NewGray(src.Rect)
			for j, v := range src.Pix {
				inverse.Pix[j] = 255 - v
			}
			digit, err = Digit(inverse)
			check(t, err)
			if !bytes.Equal(digit[:], src.Pix) {
				t.Fatalf("%s: the inverse of image %d did not come out as the image", s.Name, i)
			}
		}
	}
}

// TestDigitThroughFiles writes images as PNG files of several kinds and reads them back.
func TestDigitThroughFiles(t *testing.T) {
	s := sampleTest(t)
	for i := 0; i < s.Len(); i += 25 {
		src := picture(s, i)
		ink := image.NewNRGBA(src.Rect) // black ink on nothing
		light := image.NewNRGBA(src.Rect)
		paletted := image.NewPaletted(src.Rect, nil)
		for v := range 256 {
			paletted.Palette = append(paletted.Palette, color.Gray{Y: uint8(v)})
		}
		copy(paletted.Pix, src.Pix)
		deep := image.NewGray16(src.Rect)
		for y := range 28 {
			for x := range 28 {
				v := src.GrayAt(x, y).Y
				ink.SetNRGBA(x, y, color.NRGBA{0, 0, 0, v})
				light.SetNRGBA(x, y, color.NRGBA{255, 255, 255, v})
				deep.SetGray16(x, y, color.Gray16{Y: uint16(v) * 0x101})
			}
		}
		for kind, img := range map[string]image.Image{
			"grey": src, "black ink on nothing": ink, "white ink on nothing": light, "a palette": paletted, "16 bits": deep,
		} {
			back, err := DecodeImage(bytes.NewReader(pngOf(t, img)), kind)
			check(t, err)
			digit, err := Digit(back)
			check(t, err)
			if !bytes.Equal(digit[:], src.Pix) {
				t.Fatalf("image %d as %s was changed", i, kind)
			}
		}
	}
}

// form measures what MNIST's form promises.
func form(digit Image28) (longer int, x, y float64, strongest byte) {
	img := &image.Gray{Pix: digit[:], Stride: digitSide, Rect: image.Rect(0, 0, digitSide, digitSide)}
	box := inkBox(img)
	x, y = centreOfMass(img)
	for _, v := range digit {
		strongest = max(strongest, v)
	}
	return max(box.Dx(), box.Dy()), x, y, strongest
}

func TestDigitHasMNISTsForm(t *testing.T) {
	for reason, ink := range map[string]image.Rectangle{
		"a bar":           image.Rect(20, 10, 24, 90),
		"a flat bar":      image.Rect(5, 50, 95, 53),
		"a square":        image.Rect(2, 2, 40, 40),
		"a dot":           image.Rect(70, 30, 71, 31),
		"almost all":      image.Rect(1, 1, 99, 99),
		"touching a side": image.Rect(0, 40, 50, 60),
	} {
		for _, colours := range [][2]color.Gray{{{Y: 0}, {Y: 255}}, {{Y: 255}, {Y: 0}}, {{Y: 90}, {Y: 130}}, {{Y: 200}, {Y: 120}}} {
			img := image.NewGray(image.Rect(0, 0, 100, 100))
			draw.Draw(img, img.Rect, image.NewUniform(colours[0]), image.Point{}, draw.Src)
			draw.Draw(img, ink, image.NewUniform(colours[1]), image.Point{}, draw.Src)
			digit, err := Digit(img)
			check(t, err)
			longer, x, y, strongest := form(digit)
			if longer != inkSide || math.Abs(x-inkCentre) > 0.5 || math.Abs(y-inkCentre) > 0.5 || strongest != 255 {
				t.Errorf("%s of %v: found the longer side %d, centre %.2f %.2f, strongest ink %d", reason, colours, longer, x, y, strongest)
			}
		}
	}
}

// TestDigitKeepsProportionsAndIgnoresPlace checks a bar of 10 by 40 wherever it lies.
func TestDigitKeepsProportionsAndIgnoresPlace(t *testing.T) {
	var first Image28
	for i, at := range []image.Point{{10, 10}, {80, 50}, {40, 3}} {
		img := image.NewGray(image.Rect(7, -3, 207, 197)) // bounds need not begin at 0
		draw.Draw(img, image.Rect(0, 0, 10, 40).Add(at).Add(img.Rect.Min), image.White, image.Point{}, draw.Src)
		digit, err := Digit(img)
		check(t, err)
		if i == 0 {
			first = digit
			ink := 0
			for _, v := range digit {
				if v > 127 {
					ink++
				}
			}
			if ink != 5*20 {
				t.Errorf("found %d pixels of ink, expected 5 by 20", ink)
			}
		}
		if digit != first {
			t.Errorf("the bar at %v came out differently", at)
		}
	}
}

func TestDigitSubImageIsLikeACopy(t *testing.T) {
	s := sampleTest(t)
	for _, whole := range []interface {
		draw.Image
		SubImage(image.Rectangle) image.Image
	}{image.NewGray(image.Rect(0, 0, 60, 60)), image.NewNRGBA(image.Rect(0, 0, 60, 60))} {
		draw.Draw(whole, whole.Bounds(), image.NewUniform(color.Gray{Y: 77}), image.Point{}, draw.Src)
		part := image.Rect(20, 11, 48, 39)
		draw.Draw(whole, part, picture(s, 0), image.Point{}, draw.Src)
		digit, err := Digit(whole.SubImage(part))
		check(t, err)
		if !bytes.Equal(digit[:], s.Image(0)) {
			t.Errorf("%T: a part of a larger image was changed", whole)
		}
	}
}

func TestDigitLeavesItsInputAlone(t *testing.T) {
	s := sampleTest(t)
	src := picture(s, 0)
	before := bytes.Clone(src.Pix)
	_, err := Digit(src)
	check(t, err)
	if !bytes.Equal(src.Pix, before) {
		t.Error("the image was changed")
	}
}

func TestDigitRefuses(t *testing.T) {
	faint := image.NewGray(image.Rect(0, 0, 50, 50))
	faint.Pix[1200] = faintest - 1
	specks := image.NewGray(image.Rect(0, 0, 1500, 1500))
	specks.Pix[0], specks.Pix[len(specks.Pix)-1] = 255, 255
	for _, c := range []struct {
		reason string
		img    image.Image
		kind   error
		part   string
	}{
		{"none", nil, ErrArgument, "found none"},
		{"no pixels", image.NewGray(image.Rectangle{}), ErrFormat, "0×0"},
		{"black", image.NewGray(image.Rect(0, 0, 28, 28)), ErrBlank, "found"},
		{"nothing at all", image.NewNRGBA(image.Rect(0, 0, 28, 28)), ErrBlank, ""},
		{"one pixel", image.NewUniform(color.White), ErrTooLarge, ""}, // in truth two billion a side
		{"one real pixel", image.NewGray(image.Rect(0, 0, 1, 1)), ErrBlank, ""},
		{"faint", faint, ErrBlank, "differs from the background by 31 of 255, expected 32"},
		{"specks far apart", specks, ErrBlank, "specks"},
		{"too many pixels", unreal{image.Rect(0, 0, 60000, 60000)}, ErrTooLarge, "60000×60000"},
		{"too long", unreal{image.Rect(0, 0, 1, 70000)}, ErrTooLarge, "sides"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			_, err := Digit(c.img)
			wantErr(t, err, c.kind, c.part)
		})
	}
}

// unreal is an image of any size that takes no memory.
type unreal struct{ rect image.Rectangle }

func (u unreal) ColorModel() color.Model { return color.GrayModel }
func (u unreal) Bounds() image.Rectangle { return u.rect }
func (u unreal) At(x, y int) color.Color { return color.White }

// TestDigitMemory bounds what all passes over an image of the worst proportions allocate together.
func TestDigitMemory(t *testing.T) {
	for _, size := range []image.Point{{1, 65535}, {65535, 1}, {65535, 100}, {100, 65535}} {
		img := image.NewGray(image.Rectangle{Max: size})
		for i := range img.Pix {
			if i*4 > len(img.Pix) && i*4 < 3*len(img.Pix) {
				img.Pix[i] = 255
			}
		}
		got := allocated(func() { _, _ = Digit(img) })
		if limit := int64(len(img.Pix)) + 128<<20; got > limit {
			t.Errorf("%v: found %d bytes allocated, expected at most %d", size, got, limit)
		}
	}
}
