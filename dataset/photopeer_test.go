package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
)

// somePhotos returns n photos of many sizes: parts of photos of others.
func somePhotos(t *testing.T, n int) []image.Image {
	folder := peer.Data(t, "photos")
	var whole []image.Image
	small := 0
	check(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.EqualFold(filepath.Ext(path), ".jpg") {
			return err
		}
		if filepath.Base(filepath.Dir(path)) != "single" {
			if small++; small > 10 {
				return nil
			}
		}
		content, err := os.ReadFile(path)
		check(t, err)
		img, err := DecodeImage(bytes.NewReader(content), path)
		whole = append(whole, img)
		return err
	}))
	rng := rand.New(rand.NewPCG(3, 4))
	photos := make([]image.Image, n)
	for i := range photos {
		from := whole[i%len(whole)]
		size := from.Bounds().Size()
		w, h := size.X, size.Y
		if i >= len(whole) {
			w, h = 1+rng.IntN(w), 1+rng.IntN(h)
		}
		part := image.NewRGBA(image.Rect(0, 0, w, h))
		draw.Draw(part, part.Rect, from, image.Pt(rng.IntN(size.X-w+1), rng.IntN(size.Y-h+1)), draw.Src)
		photos[i] = part
	}
	return photos
}

// TestPhotosAsTorchvision compares the bytes of 50 photos, and of images with
// hard edges, with those of torchvision's transforms, which are Pillow's.
func TestPhotosAsTorchvision(t *testing.T) {
	python := peer.Python(t, "torchvision", "PIL")
	photos := somePhotos(t, 50)
	for _, size := range [][2]int{{301, 97}, {61, 200}, {17, 20}, {64, 64}, {1, 300}} {
		photos = append(photos, painted(size[0], size[1]))
	}
	folder := t.TempDir()
	files := map[string][]string{}
	for i, img := range photos {
		var b bytes.Buffer
		check(t, (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img))
		files["png"] = append(files["png"], filepath.Join(folder, fmt.Sprint(i, ".png")))
		writeFile(t, files["png"][i], b.Bytes())
		if i < 50 { // the colours of the others change from pixel to pixel, which JPEG does not keep
			b.Reset()
			check(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}))
			files["jpeg"] = append(files["jpeg"], filepath.Join(folder, fmt.Sprint(i, ".jpg")))
			writeFile(t, files["jpeg"][i], b.Bytes())
		}
	}
	tests := []struct {
		as    string // for the peer
		photo Photo
		side  int
	}{
		{"256:224:bilinear", Photo{Resize: 256, Interpolation: Bilinear}, 224},
		{"256:224:bicubic", Photo{Resize: 256, Interpolation: Bicubic}, 224},
		{"75:64:bicubic", Photo{Resize: 75, Interpolation: Bicubic}, 64},
		{"80x80:71:bilinear", Photo{Resize: 80, Squash: true, Interpolation: Bilinear}, 71},
	}
	var preparations []string
	for _, test := range tests {
		preparations = append(preparations, test.as)
	}
	for _, format := range []struct {
		name        string
		mean, worst float64 // differences of a file
	}{{"png", 0, 0}, {"jpeg", 1, 255}} {
		out := filepath.Join(folder, format.name)
		peer.RunPython(t, python, "photo_peer.py", append([]string{out, strings.Join(preparations, ",")}, files[format.name]...)...)
		want, err := os.ReadFile(out)
		check(t, err)
		var images []image.Image
		for _, path := range files[format.name] {
			content, err := os.ReadFile(path)
			check(t, err)
			img, err := DecodeImage(bytes.NewReader(content), path)
			check(t, err)
			images = append(images, img)
		}
		for _, test := range tests {
			test.photo.Std = PerChannel{1, 1, 1}
			var mean, worst float64
			for _, img := range images {
				pixels, err := test.photo.Pixels(img, test.side, test.side)
				check(t, err)
				for i, v := range pixels {
					d := math.Abs(float64(v) - float64(want[i]))
					mean, worst = mean+d/float64(len(pixels)*len(images)), max(worst, d)
				}
				want = want[len(pixels):]
			}
			line := fmt.Sprintf("%d %s files, %v, %d×%d: differences of %.4f of 255 on average, %g at most",
				len(images), format.name, test.photo, test.side, test.side, mean, worst)
			t.Log(line)
			if mean > format.mean || worst > format.worst {
				t.Errorf("%s; expected %g and %g", line, format.mean, format.worst)
			}
		}
	}
}
