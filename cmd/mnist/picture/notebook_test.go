package picture_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/train"
)

func decode(t *testing.T, data []byte, err error) image.Image {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// grey returns the brightness of the pixel at a place given in points.
func grey(img image.Image, x, y int) uint8 {
	return color.GrayModel.Convert(img.At(2*x, 2*y)).(color.Gray).Y
}

// TestDigits makes sure that each image stands where it should, ink dark
// whatever the set's polarity, with a caption below it.
func TestDigits(t *testing.T) {
	full, empty := bytes.Repeat([]byte{255}, 4), make([]byte, 4)
	for _, polarity := range []string{dataset.LightOnDark, dataset.DarkOnLight} {
		pixels := append(append([]byte(nil), full...), empty...)
		if polarity == dataset.DarkOnLight {
			pixels = append(append([]byte(nil), empty...), full...)
		}
		prep := dataset.MNISTPreprocessing()
		prep.Polarity = polarity
		set, err := dataset.NewSet("two", []int{1, 2, 2}, pixels, []int{0, 1}, []string{"ink", "none"}, prep)
		if err != nil {
			t.Fatal(err)
		}
		data, err := picture.Digits(set, []int{0, 1, 0}, nil, 2)
		img := decode(t, data, err)
		if got, want := img.Bounds().Size(), image.Pt(2*(8+2*64), 2*(8+2*80)); got != want {
			t.Fatalf("%s: found a picture of %v pixels, expected %v", polarity, got, want)
		}
		for _, c := range []struct {
			x, y int
			want uint8
		}{{36, 36, 0}, {100, 36, 255}, {36, 116, 0}, {100, 116, 255}, {4, 4, 255}} {
			if got := grey(img, c.x, c.y); got != c.want {
				t.Errorf("%s: found brightness %d at (%d,%d), expected %d", polarity, got, c.x, c.y, c.want)
			}
		}
		dark := 0
		for y := 66; y < 80; y++ {
			for x := 8; x < 64; x++ {
				if grey(img, x, y) < 128 {
					dark++
				}
			}
		}
		if dark == 0 {
			t.Errorf("%s: found no caption below the first image", polarity)
		}
	}
}

func TestDigitsErrors(t *testing.T) {
	set, _, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		reason   string
		indices  []int
		captions []string
		columns  int
	}{
		{"no image", nil, nil, 1},
		{"no column", []int{0}, nil, 0},
		{"a caption too few", []int{0, 1}, []string{"a"}, 1},
		{"index below", []int{-1}, nil, 1},
		{"index above", []int{set.Len()}, nil, 1},
	} {
		if _, err := picture.Digits(set, c.indices, c.captions, c.columns); err == nil {
			t.Errorf("%s: found no error", c.reason)
		}
	}
}

// TestTraining makes sure that training and validation are drawn in their own
// colours, and that one epoch, or no validation, is no trouble.
func TestTraining(t *testing.T) {
	if _, err := picture.Training(nil); err == nil {
		t.Error("no epochs: found no error")
	}
	validated := &train.Metrics{Examples: 10, Correct: 8, Loss: 0.4}
	for _, c := range []struct {
		reason     string
		epochs     []train.EpochReport
		validation bool
	}{
		{"two epochs", []train.EpochReport{{Epoch: 1, Examples: 10, Correct: 5, Loss: 1, Validation: validated}, {Epoch: 2, Examples: 10, Correct: 9, Loss: 0.5, Validation: validated}}, true},
		{"one epoch", []train.EpochReport{{Epoch: 1, Examples: 10, Correct: 5, Loss: 1, Validation: validated}}, true},
		{"no validation", []train.EpochReport{{Epoch: 1, Examples: 10, Correct: 10}, {Epoch: 2, Examples: 10, Correct: 10}}, false},
	} {
		data, err := picture.Training(c.epochs)
		img := decode(t, data, err)
		if got, want := img.Bounds().Size(), image.Pt(1200, 400); got != want {
			t.Errorf("%s: found a picture of %v pixels, expected %v", c.reason, got, want)
		}
		orange, blue := 0, 0
		for y := range 400 {
			for x := range 1200 {
				switch color.RGBAModel.Convert(img.At(x, y)) {
				case color.RGBA{244, 167, 66, 255}:
					orange++
				case color.RGBA{31, 78, 140, 255}:
					blue++
				}
			}
		}
		if orange == 0 || (blue > 0) != c.validation {
			t.Errorf("%s: found %d pixels of training and %d of validation", c.reason, orange, blue)
		}
	}
}
