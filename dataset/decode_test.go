package dataset

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"golang.org/x/image/tiff"
)

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	check(t, png.Encode(&out, img))
	return out.Bytes()
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	check(t, jpeg.Encode(&out, img, &jpeg.Options{Quality: 95}))
	return out.Bytes()
}

// pngHeader returns a PNG file that says it has a size, and holds no pixels.
func pngHeader(w, h uint32, depth, colour byte) []byte {
	chunk := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	chunk = binary.BigEndian.AppendUint32(chunk, h)
	chunk = append(chunk, depth, colour, 0, 0, 0)
	out := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), 13)
	out = append(out, chunk...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
}

// jpegHeader returns a JPEG file that says it has a size, and holds no pixels. The frame is 0xc0 for
// a baseline image, 0xc2 for a progressive one; each sampling is that of a component.
func jpegHeader(w, h uint16, frame byte, samplings ...byte) []byte {
	out := []byte{0xff, 0xd8, 0xff, frame, 0, byte(8 + 3*len(samplings)), 8}
	out = binary.BigEndian.AppendUint16(out, h)
	out = binary.BigEndian.AppendUint16(out, w)
	out = append(out, byte(len(samplings)))
	for i, s := range samplings {
		out = append(out, byte(i+1), s, 0)
	}
	return append(out, 0xff, 0xda, 0, 2) // where the pixels would begin
}

func TestDecodeImage(t *testing.T) {
	src := image.NewRGBA(image.Rect(0, 0, 3, 2))
	src.Set(1, 1, color.RGBA{200, 100, 50, 255})
	for name, content := range map[string][]byte{"png": pngOf(t, src), "jpeg": jpegOf(t, src)} {
		img, err := DecodeImage(bytes.NewReader(content), "x.gif") // the name does not matter
		check(t, err)
		if img.Bounds() != src.Rect {
			t.Errorf("%s: found %v", name, img.Bounds())
		}
	}
}

func TestDecodeImageRefuses(t *testing.T) {
	whole := pngOf(t, image.NewGray(image.Rect(0, 0, 40, 40)))
	wholeJPEG := jpegOf(t, image.NewGray(image.Rect(0, 0, 40, 40)))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for _, c := range []struct {
		reason  string
		content []byte
		kind    error
		part    string
	}{
		{"empty", nil, ErrFormat, "first bytes"},
		{"a text", []byte("hello"), ErrFormat, "found 68 65 6c 6c, expected a PNG, JPEG, WebP, GIF, BMP or TIFF image"},
		{"GIF: cut", []byte("GIF89a..."), ErrFormat, "header"},
		{"WebP: cut", []byte("RIFF....WEBPVP8 "), ErrFormat, "header"},
		{"TIFF: cut", []byte("II*\x00\x08\x00\x00\x00"), ErrFormat, "header"},
		{"TIFF: of pixels that would be numbers", []byte("MM\x00*\x00\x00\x00\x08\xff\xff"), ErrFormat, "header"},
		{"BMP: cut", []byte("BM......"), ErrFormat, "header"},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), ErrFormat, "convert it, as by 'heif-convert photo.heic photo.jpg'"},
		{"TIFF: CMYK", tiffWith(t, 262, 5), ErrFormat, "color model: convert it, as by ImageMagick's 'magick photo.tif -colorspace sRGB -depth 8 photo.png'"},
		{"TIFF: numbers with a point", tiffWith(t, 339, 3), ErrFormat, "sample format: convert it"},
		{"TIFF: JPEG in it", tiffWith(t, 259, 7), ErrFormat, "compression value 7: convert it"},
		{"a film", []byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00"), ErrFormat, "first bytes"},
		{"PNG: header only", whole[:20], ErrFormat, "header"},
		{"PNG: truncated", whole[:len(whole)-20], ErrFormat, "PNG: "},
		{"PNG: flipped", flipped, ErrFormat, "PNG: "},
		{"PNG: 0 wide", pngHeader(0, 5, 8, 0), ErrFormat, ""},
		{"PNG: 101 MP grey", pngHeader(10100, 10000, 8, 0), ErrTooLarge, "10100×10000 pixels, expected a product of at most 100000000"},
		{"PNG: largest", pngHeader(1<<31-1, 1<<31-1, 1, 0), ErrFormat, ""},
		{"PNG: 80 MP of RGBA", pngHeader(8000, 10000, 8, 6), ErrTooLarge, "take 305 MiB, expected at most 256 MiB"},
		{"PNG: 40 MP of 16-bit RGBA", pngHeader(40000, 1000, 16, 6), ErrTooLarge, "MiB"},
		{"PNG: long and thin", pngHeader(1, 65536, 8, 0), ErrTooLarge, "sides of at most 65535"},
		{"JPEG: truncated", wholeJPEG[:len(wholeJPEG)/3], ErrFormat, ""},
		{"JPEG: 101 MP", jpegHeader(10100, 10000, 0xc0, 0x11), ErrTooLarge, "product"},
		{"JPEG: 90 MP at full colour", jpegHeader(9000, 10000, 0xc0, 0x11, 0x11, 0x11), ErrTooLarge, "MiB"},
		{"JPEG: 45 MP of CMYK", jpegHeader(9000, 5000, 0xc0, 0x11, 0x11, 0x11, 0x11), ErrTooLarge, "take 343 MiB"},
		{"JPEG: 24 MP progressive at full colour", jpegHeader(24000, 1000, 0xc2, 0x11, 0x11, 0x11), ErrTooLarge, "MiB"},
		{"JPEG: 24 MP progressive", jpegHeader(24000, 1000, 0xc2, 0x22, 0x11, 0x11), ErrFormat, "JPEG: "},
		{"JPEG: 90 MP", jpegHeader(9000, 10000, 0xc0, 0x22, 0x11, 0x11), ErrFormat, "JPEG: "},
	} {
		t.Run(c.reason, func(t *testing.T) {
			_, err := DecodeImage(bytes.NewReader(c.content), "a\nb.png")
			wantErr(t, err, c.kind, `"a\nb.png"`, c.part)
			if got := allocated(func() { _, _ = DecodeImage(bytes.NewReader(c.content), "") }); c.kind == ErrTooLarge && got > 1<<18 {
				t.Errorf("found %d bytes allocated", got)
			}
		})
	}
}

// tiffWith returns a TIFF file with another value of one tag.
func tiffWith(t *testing.T, tag, value uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, tiff.Encode(&b, image.NewRGBA(image.Rect(0, 0, 4, 4)), nil))
	content := b.Bytes()
	le := binary.LittleEndian
	at := int(le.Uint32(content[4:]))
	entries := int(le.Uint16(content[at:]))
	for i := range entries { // of 12 bytes: tag, type, count, value
		if entry := content[at+2+12*i:]; le.Uint16(entry) == tag {
			le.PutUint32(entry[4:], 1)
			le.PutUint32(entry[8:], uint32(value))
			return content
		}
	}
	// The tag takes the place of the last, ExtraSamples.
	entry := content[at+2+12*(entries-1):]
	le.PutUint16(entry, tag)
	le.PutUint16(entry[2:], 3)
	le.PutUint32(entry[4:], 1)
	le.PutUint32(entry[8:], uint32(value))
	return content
}

func TestDecodeImageBoundsTheFile(t *testing.T) {
	endless := &repeating{start: pngHeader(10, 10, 8, 0)}
	_, err := DecodeImage(endless, "endless")
	wantErr(t, err, ErrTooLarge, "endless: length")
	if endless.read > MaxImageFile+1 {
		t.Errorf("found %d bytes read", endless.read)
	}
}

// repeating is a start and then zeros without end.
type repeating struct {
	start []byte
	read  int
}

func (r *repeating) Read(p []byte) (int, error) {
	clear(p)
	if r.read < len(r.start) {
		copy(p, r.start[r.read:])
	}
	r.read += len(p)
	return len(p), nil
}

func TestDecodeImageSaysWhatReadingSaid(t *testing.T) {
	want := errors.New("pulled out")
	_, err := DecodeImage(failing{want}, "disk")
	wantErr(t, err, want, "disk: pulled out")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// tiffOf returns a TIFF structure that holds an orientation, as a SHORT (3) or a LONG (4).
func tiffOf(order binary.AppendByteOrder, kind uint16, orientation uint32) []byte {
	mark := []byte("MM")
	if order.String() == binary.LittleEndian.String() {
		mark = []byte("II")
	}
	tiff := order.AppendUint32(order.AppendUint16(mark, 42), 8)
	tiff = order.AppendUint16(tiff, 1) // entries
	tiff = order.AppendUint16(order.AppendUint16(tiff, 0x0112), kind)
	tiff = order.AppendUint32(tiff, 1) // values
	if kind == 3 {
		tiff = order.AppendUint16(order.AppendUint16(tiff, uint16(orientation)), 0)
	} else {
		tiff = order.AppendUint32(tiff, orientation)
	}
	return order.AppendUint32(tiff, 0)
}

// jpegWithEXIF puts a TIFF structure into a JPEG file.
func jpegWithEXIF(content, tiff []byte) []byte {
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := append(bytes.Clone(content[:2]), 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(2+len(segment)))
	return append(append(out, segment...), content[2:]...)
}

// pngWithEXIF puts a TIFF structure into a PNG file, before its chunk of that name.
func pngWithEXIF(content, tiff []byte, before string) []byte {
	at := bytes.Index(content, []byte(before)) - 4
	chunk := append([]byte("eXIf"), tiff...)
	out := binary.BigEndian.AppendUint32(bytes.Clone(content[:at]), uint32(len(tiff)))
	out = append(out, chunk...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
	return append(out, content[at:]...)
}

// TestOrientation lays a picture down as each EXIF orientation says, and holds it to be upright again.
func TestOrientation(t *testing.T) {
	// Row by row the nine corners, edges and the middle of the upright picture, 48 wide and 32 high,
	// each a block of one grey.
	upright := func(x, y int) uint8 { return uint8(20 * (1 + x/16 + 3*(y/16))) }
	const w, h = 48, 32
	for orientation, stored := range map[uint32]func(x, y int) (int, int){ // the upright pixel stored at (x,y)
		1: func(x, y int) (int, int) { return x, y },
		2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return w - 1 - y, x }, // the stored rows run down from the right side
		7: func(x, y int) (int, int) { return w - 1 - y, h - 1 - x },
		8: func(x, y int) (int, int) { return y, h - 1 - x },
	} {
		size := image.Rect(0, 0, w, h)
		if orientation >= 5 {
			size = image.Rect(0, 0, h, w)
		}
		img := image.NewGray(size)
		for y := range size.Dy() {
			for x := range size.Dx() {
				ux, uy := stored(x, y)
				img.SetGray(x, y, color.Gray{Y: upright(ux, uy)})
			}
		}
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			short, long := tiffOf(order, 3, orientation), tiffOf(order, 4, orientation)
			for kind, content := range map[string][]byte{
				"JPEG, SHORT":             jpegWithEXIF(jpegOf(t, img), short),
				"JPEG, LONG":              jpegWithEXIF(jpegOf(t, img), long),
				"PNG, before the pixels":  pngWithEXIF(pngOf(t, img), short, "IDAT"),
				"PNG, after the pixels":   pngWithEXIF(pngOf(t, img), short, "IEND"),
				"PNG, LONG":               pngWithEXIF(pngOf(t, img), long, "IDAT"),
				"PNG, with JPEG's header": pngWithEXIF(pngOf(t, img), append([]byte("Exif\x00\x00"), short...), "IDAT"),
			} {
				got, err := DecodeImage(bytes.NewReader(content), "x")
				check(t, err)
				grey, err := toGrey(got)
				check(t, err)
				if grey.Rect != image.Rect(0, 0, w, h) {
					t.Errorf("orientation %d, %v, %s: found %v", orientation, order, kind, grey.Rect)
					continue
				}
				for y := 8; y < h; y += 16 {
					for x := 8; x < w; x += 16 {
						at := color.GrayModel.Convert(got.At(x, y)).(color.Gray).Y
						if v := grey.GrayAt(x, y).Y; v != at || v < upright(x, y)-4 || v > upright(x, y)+4 {
							t.Errorf("orientation %d, %v, %s: at %d,%d found %d and %d, expected about %d", orientation, order, kind, x, y, v, at, upright(x, y))
						}
					}
				}
			}
		}
	}
}

func TestOrientationOfBadEXIF(t *testing.T) {
	for _, tiff := range []string{
		"", "II*\x00", "XX*\x00\x08\x00\x00\x00", "II*\x00\xff\xff\xff\xff", "II*\x00\x08\x00\x00\x00",
		"II*\x00\x08\x00\x00\x00\xff\xff", "II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x09\x00\x00\x00",
		"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x02\x00\x01\x00\x00\x00\x06\x00\x00\x00", // ASCII
		string(tiffOf(binary.BigEndian, 4, 1<<16+6)), string(tiffOf(binary.LittleEndian, 4, 1<<16+6)),
	} {
		if got := exifOrientation([]byte(tiff)); got != 1 {
			t.Errorf("%q: found %d", tiff, got)
		}
	}
}

// TestOrientationOfBadPNG cuts a file with EXIF data at every byte, and lies about a chunk's length.
func TestOrientationOfBadPNG(t *testing.T) {
	whole := pngWithEXIF(pngOf(t, image.NewGray(image.Rect(0, 0, 4, 4))), tiffOf(binary.BigEndian, 3, 6), "IDAT")
	count := func(content []byte) (n int) {
		for tiff := range pngEXIF(content) {
			if exifOrientation(tiff) == 6 {
				n++
			}
		}
		return n
	}
	at := bytes.Index(whole, []byte("IDAT")) - 4 // where the chunk with EXIF data ends
	for n := range whole {
		want := 0
		if n >= at {
			want = 1
		}
		if got := count(whole[:n]); got != want {
			t.Errorf("%d bytes: found %d, expected %d", n, got, want)
		}
	}
	for _, length := range []uint32{1<<32 - 1, 1 << 31, uint32(len(whole))} {
		lying := bytes.Clone(whole)
		binary.BigEndian.PutUint32(lying[8:], length)
		if got := count(lying); got != 0 {
			t.Errorf("a chunk of %d bytes: found %d", length, got)
		}
	}
}

func FuzzDecodeImage(f *testing.F) {
	img := image.NewNRGBA(image.Rect(0, 0, 9, 7))
	img.Set(3, 3, color.NRGBA{10, 20, 30, 200})
	paletted := image.NewPaletted(img.Rect, color.Palette{color.White, color.Black, color.Transparent})
	for _, content := range [][]byte{
		pngOf(f, img), pngOf(f, paletted), pngOf(f, image.NewGray16(img.Rect)), jpegOf(f, img), pngOf(f, img)[:40],
		jpegWithEXIF(jpegOf(f, img), tiffOf(binary.LittleEndian, 3, 6)), jpegWithEXIF(jpegOf(f, img), tiffOf(binary.BigEndian, 4, 8)),
		pngWithEXIF(pngOf(f, img), tiffOf(binary.BigEndian, 3, 5), "IDAT"), pngWithEXIF(pngOf(f, img), nil, "IEND"),
		pngHeader(1<<16, 1<<16, 16, 6),
		jpegHeader(60000, 60000, 0xc2, 0x11, 0x11, 0x11), jpegHeader(8, 8, 0xc0, 0), []byte("\xff\xd8\xff\xe1\x00"), nil,
	} {
		f.Add(content)
	}
	kinds, err := filepath.Glob("../testdata/photos/*")
	check(f, err)
	for _, path := range kinds {
		content, err := os.ReadFile(path)
		check(f, err)
		f.Add(content)
	}
	small := Photo{Resize: 8, Interpolation: Bicubic, Std: PerChannel{1, 1, 1}}
	f.Fuzz(func(t *testing.T, content []byte) {
		img, err := DecodeImage(bytes.NewReader(content), "fuzz")
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				wantErr(t, err, ErrTooLarge)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("error of several lines: %q", err)
			}
			return
		}
		_, err = small.Pixels(img, 8, 8)
		check(t, err)
		digit, err := Digit(img)
		if err != nil {
			wantErr(t, err, ErrBlank)
			return
		}
		if digit == (Image28{}) {
			t.Fatal("found a blank digit and no error")
		}
	})
}
