package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"testing"
)

// smooth returns a picture whose colours change slowly, but for some noise, as a photo's.
func smooth(w, h int) *image.YCbCr {
	rng := rand.New(rand.NewPCG(1, 1))
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for y := range h {
		for x := range w {
			u, v := 9*float64(x)/float64(w), 7*float64(y)/float64(h)
			img.Y[img.YOffset(x, y)] = byte(128 + 90*math.Sin(u+v) + 8*rng.NormFloat64())
			img.Cb[img.COffset(x, y)] = byte(128 + 30*math.Sin(u-v))
			img.Cr[img.COffset(x, y)] = byte(128 + 30*math.Cos(u+2*v))
		}
	}
	return img
}

// veiled hides that an image is opaque.
type veiled struct{ image.Image }

// TestOpaque reads opaque images of each kind without white behind them, to the same bytes as with.
func TestOpaque(t *testing.T) {
	photo := smooth(61, 47)
	for _, to := range []draw.Image{image.NewRGBA(photo.Rect), image.NewNRGBA(photo.Rect), image.NewGray16(photo.Rect),
		image.NewRGBA64(photo.Rect), image.NewNRGBA64(photo.Rect), image.NewCMYK(photo.Rect),
		image.NewPaletted(photo.Rect, color.Palette{color.Black, color.White, color.RGBA{200, 30, 90, 255}})} {
		draw.Draw(to, to.Bounds(), photo, image.Point{}, draw.Src)
		f := Photo{Resize: 40, Interpolation: Bicubic, Std: PerChannel{1, 1, 1}}
		got, err := f.Pixels(to, 33, 35)
		check(t, err)
		want, err := f.Pixels(veiled{to}, 33, 35)
		check(t, err)
		if !newRowReader(to, 1).opaque || newRowReader(veiled{to}, 1).opaque {
			t.Errorf("%T: found it as opaque as when that is hidden", to)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%T: found other bytes than over white", to)
		}
	}
}

func BenchmarkResample(b *testing.B) {
	img := smooth(500, 375)
	photo := Photo{Resize: 256, Interpolation: Bilinear, Std: PerChannel{1, 1, 1}}
	for b.Loop() {
		if _, err := photo.Pixels(img, 224, 224); err != nil {
			b.Fatal(err)
		}
	}
}
