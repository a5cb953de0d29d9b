package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/pkg/errors"
)

const (
	sumLength = 6       // bytes of an image's sum; two images of a million share one once in 500 times
	maxSeen   = 100_000 // images that a Seen remembers one by one
)

// Seen remembers which images a training used, to tell whether a network is tested on what it was
// trained on. The zero value remembers nothing. It keeps six bytes per image, of at most 100,000
// images: of more it keeps those with the lowest sums, an even sample.
type Seen struct {
	Complete bool   `json:"complete"` // Sums has every image; otherwise none above the last one in it
	Sums     []byte `json:"sums"`     // first 6 bytes of SHA-256s, in ascending order, each once
}

// imageSum returns the SHA-256 of an image's sides, [C,H,W], and its stored bytes, or of a photo's file.
func (s *Set) imageSum(i int) [sha256.Size]byte {
	if s.files != nil {
		return s.files.sum(s.place(i))
	}
	image := s.Image(i)
	b := make([]byte, 0, 4*len(s.Shape)+len(image))
	for _, side := range s.Shape {
		b = binary.LittleEndian.AppendUint32(b, uint32(side))
	}
	return sha256.Sum256(append(b, image...))
}

// Seen returns what a training on the images of s used. Labels and preprocessing do not matter. It
// reads every pixel, as Hash does.
func (s *Set) Seen() Seen {
	seen := Seen{Complete: true}
	sums := make([][]byte, 0, min(s.Len(), maxSeen))
	for i := range s.Len() {
		sum := s.imageSum(i)
		if sums = append(sums, sum[:sumLength]); len(sums) == maxSeen { // of millions of images, all at once would take some hundred bytes each
			seen, sums = seen.with(sums), sums[:0]
		}
	}
	return seen.with(sums)
}

// with returns the lowest sums of s and further ones.
func (s Seen) with(sums [][]byte) Seen {
	for i := range s.Len() {
		sums = append(sums, s.sum(i))
	}
	return seenOf(sums, s.Complete)
}

// seenOf returns the Seen of sums in any order.
func seenOf(sums [][]byte, complete bool) Seen {
	slices.SortFunc(sums, bytes.Compare)
	sums = slices.CompactFunc(sums, bytes.Equal)
	return Seen{complete, bytes.Join(sums, nil)}.Lowest(maxSeen)
}

// Len returns the number of images that are remembered one by one.
func (s Seen) Len() int { return len(s.Sums) / sumLength }

func (s Seen) sum(i int) []byte { return s.Sums[i*sumLength : (i+1)*sumLength] }

// Lowest returns the n images with the lowest sums, or s if it has no more.
func (s Seen) Lowest(n int) Seen {
	n = max(n, 0)
	if s.Len() <= n {
		return s
	}
	return Seen{false, s.Sums[:n*sumLength]}
}

// covers reports whether s would have an image of this sum if it was used.
func (s Seen) covers(sum []byte) bool {
	n := s.Len()
	return s.Complete || n > 0 && bytes.Compare(sum, s.sum(n-1)) <= 0
}

// And returns the images of both: of a network's first training and of a retraining.
func (s Seen) And(t Seen) Seen {
	switch {
	case t.Len() == 0:
		return s
	case s.Len() == 0:
		return t
	}
	var sums [][]byte
	for _, part := range []Seen{s, t} {
		for i := range part.Len() {
			if sum := part.sum(i); s.covers(sum) && t.covers(sum) {
				sums = append(sums, sum)
			}
		}
	}
	return seenOf(sums, s.Complete && t.Complete)
}

// In returns how many images of a set were used, and of how many that is known: all of them, or an
// even sample if s is not Complete.
func (s Seen) In(set *Set) (used, of int) {
	for i := range set.Len() {
		sum := set.imageSum(i)
		if !s.covers(sum[:sumLength]) {
			continue
		}
		of++
		if _, found := sort.Find(s.Len(), func(j int) int { return bytes.Compare(sum[:sumLength], s.sum(j)) }); found {
			used++
		}
	}
	return used, of
}

// Validate returns an ErrArgument unless s is one that Set.Seen and And could have made.
func (s Seen) Validate() error {
	if len(s.Sums)%sumLength != 0 || s.Len() > maxSeen {
		return errors.Wrapf(ErrArgument, "images seen: sums: found %d bytes, expected %d for each of at most %d images", len(s.Sums), sumLength, maxSeen)
	}
	for i := range max(s.Len(), 1) - 1 {
		if bytes.Compare(s.sum(i), s.sum(i+1)) >= 0 {
			return errors.Wrapf(ErrArgument, "images seen: sum %d: found %x after %x, expected ascending order", i+1, s.sum(i+1), s.sum(i))
		}
	}
	return nil
}
