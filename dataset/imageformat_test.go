package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"os"
	"path/filepath"
	"testing"
)

// Files of many kinds, made by Pillow, show the same picture: see photo_files.py.
func TestImageFormats(t *testing.T) {
	paths, err := filepath.Glob("../testdata/photos/*")
	check(t, err)
	if len(paths) != 20 {
		t.Errorf("found %d files, expected 20", len(paths))
	}
	f := Photo{Resize: 16, Interpolation: Bilinear, Std: PerChannel{1, 1, 1}}
	for _, path := range paths {
		name := filepath.Base(path)
		content, err := os.ReadFile(path)
		check(t, err)
		img, err := DecodeImage(bytes.NewReader(content), "x.png") // the name does not matter
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if size := img.Bounds().Size(); size != image.Pt(24, 16) {
			t.Errorf("%s: found %v, expected 24×16", name, size)
			continue
		}
		pixels, err := f.Pixels(img, 16, 16) // without four columns to either side
		check(t, err)
		blue := [3]int{40, 40, 200}
		switch name {
		case "clear.png", "clear.webp", "clear-lossy.webp", "animated.png", "animated.webp", "animated-lossy.webp":
			blue = [3]int{255, 255, 255} // nothing, over white
		}
		for _, at := range []struct {
			x, y int
			want [3]int
		}{{1, 3, [3]int{40, 160, 40}}, {2, 12, [3]int{200, 40, 40}}, {6, 3, [3]int{200, 40, 40}}, {13, 8, blue}} {
			if name == "grey.jpg" {
				grey := (299*at.want[0] + 587*at.want[1] + 114*at.want[2]) / 1000
				at.want = [3]int{grey, grey, grey}
			}
			for c, want := range at.want {
				if found := int(pixels[(c*16+at.y)*16+at.x]); found < want-25 || found > want+25 {
					t.Errorf("%s: at %d,%d found %d in channel %d, expected about %d", name, at.x, at.y, found, c, want)
				}
			}
		}
		for _, cut := range []int{len(content) / 3, len(content) / 2, 2 * len(content) / 3} {
			_, _ = DecodeImage(bytes.NewReader(content[:cut]), name) // must not panic
		}
	}
}

// A picture of an animation says its own size, which may be more than the whole's.
func TestAnimationIsHeldToItsCanvas(t *testing.T) {
	content, err := os.ReadFile("../testdata/photos/animated.webp")
	check(t, err)
	at := bytes.Index(content, []byte("ANMF"))
	large := bytes.Clone(content)
	copy(large[at+8+6:], []byte{0xff, 0x3f, 0, 0xff, 0x3f, 0}) // 16384×16384
	if got := allocated(func() {
		_, err := DecodeImage(bytes.NewReader(large), "a")
		wantErr(t, err, ErrFormat, "first picture: found it at (0,0)-(16384,16384), expected a part of (0,0)-(24,16)")
	}); got > 1<<20 {
		t.Errorf("found %d bytes allocated", got)
	}
	short := append(append([]byte("RIFF\x1e\x00\x00\x00WEBP"), content[12:30]...), "ANMF\x02\x00\x00\x00ab"...)
	_, err = DecodeImage(bytes.NewReader(short), "a")
	wantErr(t, err, ErrFormat, "first picture: found 2 bytes")
}

// The first picture of a GIF may be a part of the whole.
func TestGIFOnItsCanvas(t *testing.T) {
	part := image.NewPaletted(image.Rect(4, 2, 6, 4), color.Palette{color.RGBA{200, 0, 0, 255}})
	var b bytes.Buffer
	check(t, gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{part}, Delay: []int{0}, Config: image.Config{Width: 10, Height: 8}}))
	img, err := DecodeImage(&b, "a")
	check(t, err)
	if _, _, _, a := img.At(0, 0).RGBA(); img.Bounds() != image.Rect(0, 0, 10, 8) || a != 0 {
		t.Errorf("found %v, and alpha %d beside the picture", img.Bounds(), a)
	}
	if r, _, _, _ := img.At(5, 3).RGBA(); r>>8 != 200 {
		t.Errorf("found red %d within the picture, expected 200", r>>8)
	}
}
