package dataset

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"iter"
)

// upright turns an image as the EXIF data of its file says: a telephone held upright stores its
// pictures lying on their side, and says so there. exif yields the TIFF structures found.
func upright(img image.Image, exif iter.Seq[[]byte]) image.Image {
	for tiff := range exif {
		o := exifOrientation(tiff)
		if std, ok := img.(image.RGBA64Image); ok && o > 1 {
			return turned{std, o}
		}
	}
	return img
}

// exifMark begins EXIF data in a JPEG file. PNG files have none by the standard, but some do.
var exifMark = []byte("Exif\x00\x00")

// jpegEXIF yields the EXIF data of a JPEG file.
func jpegEXIF(content []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for marker, segment := range jpegSegments(content) {
			if tiff, is := bytes.CutPrefix(segment, exifMark); marker == 0xe1 && is && !yield(tiff) {
				return
			}
		}
	}
}

// pngEXIF yields the EXIF data of a PNG file: the content of its eXIf chunks, before or after the
// pixels.
func pngEXIF(content []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		const head, sum = 8, 4 // bytes of a chunk before and after its data
		rest := content[min(8, len(content)):]
		for len(rest) >= head+sum {
			length := int64(binary.BigEndian.Uint32(rest))
			if length > int64(len(rest)-head-sum) {
				return
			}
			data := rest[head : head+length]
			if string(rest[4:head]) == "eXIf" && !yield(bytes.TrimPrefix(data, exifMark)) {
				return
			}
			rest = rest[head+length+sum:]
		}
	}
}

// exifOrientation returns the orientation 1 to 8 of a TIFF structure, or 1
// where there is none.
func exifOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:2]) {
	case "II":
		order = binary.LittleEndian
	case "MM":
		order = binary.BigEndian
	default:
		return 1
	}
	start := int64(order.Uint32(tiff[4:])) // of the first directory: a count, then 12 bytes an entry
	if start+2 > int64(len(tiff)) {
		return 1
	}
	entries := tiff[start+2:]
	for range order.Uint16(tiff[start:]) {
		if len(entries) < 12 {
			break
		}
		const orientation, short, long = 0x0112, 3, 4
		if order.Uint16(entries) == orientation {
			var o uint32
			switch order.Uint16(entries[2:]) {
			case short:
				o = uint32(order.Uint16(entries[8:]))
			case long: // against the standard, but some programs write it
				o = order.Uint32(entries[8:])
			}
			if o >= 1 && o <= 8 {
				return int(o)
			}
		}
		entries = entries[12:]
	}
	return 1
}

// turned is an image seen with an EXIF orientation of 2 to 8.
type turned struct {
	image.RGBA64Image
	orientation int
}

// Bounds returns the rectangle from (0,0), lying where the image stands from orientation 5 on.
func (t turned) Bounds() image.Rectangle {
	return image.Rectangle{Max: across(t.orientation, t.RGBA64Image.Bounds().Size())}
}

// At returns the colour of the stored pixel that belongs at (x,y).
func (t turned) At(x, y int) color.Color { return t.RGBA64Image.At(t.stored(x, y)) }

// RGBA64At is At without an allocation.
func (t turned) RGBA64At(x, y int) color.RGBA64 { return t.RGBA64Image.RGBA64At(t.stored(x, y)) }

func (t turned) stored(x, y int) (int, int) {
	b := t.RGBA64Image.Bounds()
	x, y = storedAt(t.orientation, b.Size(), x, y)
	return b.Min.X + x, b.Min.Y + y
}

// across returns the size of an image seen with an orientation, or the stored size of one seen so.
func across(orientation int, size image.Point) image.Point {
	if orientation >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	return size
}

// storedAt returns where the pixel is stored that is seen at (x,y), in an image of that stored size.
func storedAt(orientation int, size image.Point, x, y int) (int, int) {
	right, bottom := size.X-1, size.Y-1
	switch orientation {
	case 2:
		x = right - x
	case 3:
		x, y = right-x, bottom-y
	case 4:
		y = bottom - y
	case 5:
		x, y = y, x
	case 6:
		x, y = y, bottom-x
	case 7:
		x, y = right-y, bottom-x
	case 8:
		x, y = right-y, x
	}
	return x, y
}

// storedWithin returns where a part of the image is stored.
func storedWithin(orientation int, size image.Point, part image.Rectangle) image.Rectangle {
	x0, y0 := storedAt(orientation, size, part.Min.X, part.Min.Y)
	x1, y1 := storedAt(orientation, size, part.Max.X-1, part.Max.Y-1)
	return image.Rect(min(x0, x1), min(y0, y1), max(x0, x1)+1, max(y0, y1)+1)
}
