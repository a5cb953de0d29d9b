package dataset

import "encoding/binary"

// jpegBytesPerPixel returns what decoding takes: a byte for each sample, of which there are fewer
// than three a pixel where colour is stored coarser than light, in a progressive JPEG another four for
// its coefficient, and four a pixel for an image in CMYK.
func jpegBytesPerPixel(content []byte) float64 {
	const most = 4*5 + 4 // for four components
	for marker, segment := range jpegSegments(content) {
		progressive := marker == 0xc2
		if !progressive && marker != 0xc0 && marker != 0xc1 {
			continue
		}
		if len(segment) < 6 || len(segment) < 6+3*int(segment[5]) {
			return most
		}
		var samples, widest, highest int
		for i := range int(segment[5]) {
			w, h := int(segment[7+3*i]>>4), int(segment[7+3*i]&15)
			samples, widest, highest = samples+w*h, max(widest, w), max(highest, h)
		}
		if samples == 0 {
			return most
		}
		perPixel := float64(samples) / float64(widest*highest)
		if progressive {
			perPixel *= 5
		}
		if segment[5] == 4 {
			perPixel += 4
		}
		return perPixel
	}
	return most
}

// jpegSegments yields the marker and the content of each segment of a JPEG file before its pixels.
func jpegSegments(content []byte) func(yield func(marker byte, segment []byte) bool) {
	return func(yield func(byte, []byte) bool) {
		for rest := content[min(2, len(content)):]; len(rest) >= 4 && rest[0] == 0xff; {
			marker := rest[1]
			if marker == 0xff { // padding
				rest = rest[1:]
				continue
			}
			length := int(binary.BigEndian.Uint16(rest[2:]))
			if marker == 0xda || length < 2 || len(rest) < 2+length {
				return
			}
			if !yield(marker, rest[4:2+length]) {
				return
			}
			rest = rest[2+length:]
		}
	}
}
