package dataset

import (
	"bytes"
	"encoding/binary"
	"image"
	"iter"

	"github.com/pkg/errors"
	"golang.org/x/image/webp"
)

// A WebP file is a RIFF file: a header, and chunks of a name, a length and as many bytes.
// (https://developers.google.com/speed/webp/docs/riff_container)
const (
	webPHeader      = 12 // bytes
	webPChunkHeader = 8
	webPFrameHeader = 16
)

func isWebP(content []byte) bool {
	return len(content) >= webPHeader && string(content[:4]) == "RIFF" && string(content[8:12]) == "WEBP"
}

// chunks yields the chunks of a WebP file, or of a picture of an animation.
func chunks(content []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(content) >= webPChunkHeader {
			name, length := string(content[:4]), int64(binary.LittleEndian.Uint32(content[4:]))
			content = content[webPChunkHeader:]
			if length > int64(len(content)) || !yield(name, content[:length]) {
				return
			}
			content = content[min(length+length%2, int64(len(content))):]
		}
	}
}

// webPEXIF yields the EXIF data of a WebP file.
func webPEXIF(content []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for name, data := range chunks(content[webPHeader:]) {
			if name == "EXIF" && !yield(bytes.TrimPrefix(data, exifMark)) {
				return
			}
		}
	}
}

// decodeWebP returns the image, or the first picture of an animation on its canvas, which the library
// does not read.
func decodeWebP(content []byte) (image.Image, error) {
	for name, frame := range chunks(content[webPHeader:]) {
		if name == "ANMF" {
			return firstWebPFrame(content, frame)
		}
	}
	return webp.Decode(bytes.NewReader(content))
}

func firstWebPFrame(content, frame []byte) (image.Image, error) {
	config, err := webp.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	if len(frame) < webPFrameHeader {
		return nil, errors.Errorf("first picture: found %d bytes, expected %d or more", len(frame), webPFrameHeader)
	}
	uint24 := func(at int) int { return int(frame[at]) | int(frame[at+1])<<8 | int(frame[at+2])<<16 }
	at := image.Pt(2*uint24(0), 2*uint24(3))
	place := image.Rectangle{at, at.Add(image.Pt(uint24(6)+1, uint24(9)+1))}
	canvas := image.Rect(0, 0, config.Width, config.Height)
	if !place.In(canvas) {
		return nil, errors.Errorf("first picture: found it at %v, expected a part of %v", place, canvas)
	}
	img, err := webp.Decode(bytes.NewReader(asWebP(frame)))
	if err != nil {
		return nil, err
	}
	return onCanvas(img, place, canvas), nil
}

// asWebP makes a file of a picture of an animation. Its header has the picture's size, which the library
// holds what it unpacks against.
func asWebP(frame []byte) []byte {
	const hasAlpha = 1 << 4
	size := make([]byte, 10)
	copy(size[4:], frame[6:12])
	var body []byte
	for name, data := range chunks(frame[webPFrameHeader:]) {
		if name == "ALPH" {
			size[0] = hasAlpha
		}
		body = appendChunk(body, name, data)
	}
	body = append(appendChunk([]byte("WEBP"), "VP8X", size), body...)
	return appendChunk(nil, "RIFF", body)
}

func appendChunk(to []byte, name string, data []byte) []byte {
	to = binary.LittleEndian.AppendUint32(append(to, name...), uint32(len(data)))
	to = append(to, data...)
	if len(data)%2 == 1 {
		to = append(to, 0)
	}
	return to
}
