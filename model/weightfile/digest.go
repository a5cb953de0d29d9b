package weightfile

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"maps"
	"math"
	"slices"
)

// digest returns the SHA-256, in hex, of what a model file says: each metadata
// pair but the digest itself, sorted by name, as name and text; then each
// tensor, sorted by name, as name and numbers. A name or text is its length in
// bytes and its bytes, numbers are their count and their bits; lengths, counts
// and bits are little-endian, of 8, 8 and 4 bytes. Safetensors has no checksum
// of its own, and one flipped bit of a weight would go unnoticed.
func digest(metadata map[string]string, tensors map[string][]float32) string {
	h := sha256.New()
	w := bufio.NewWriterSize(h, 1<<13)
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		if name != keySHA256 {
			writeText(w, name)
			writeText(w, metadata[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		writeText(w, name)
		writeLength(w, len(tensors[name]))
		writeFloats(w, tensors[name])
	}
	_ = w.Flush() // a hash takes everything
	return hex.EncodeToString(h.Sum(nil))
}

func writeText(w *bufio.Writer, s string) {
	writeLength(w, len(s))
	_, _ = w.WriteString(s)
}

func writeLength(w io.Writer, n int) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	_, _ = w.Write(b[:])
}

func writeFloats(w *bufio.Writer, values []float32) {
	var b [4]byte
	for _, v := range values {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
		_, _ = w.Write(b[:])
	}
}
