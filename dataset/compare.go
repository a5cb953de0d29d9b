package dataset

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"image"
	"slices"

	"github.com/pkg/errors"
)

// compare warns of what makes an accuracy on the test images say less than it seems: classes without
// any, and test images that are training images too.
func compare(train, test *Set, opt Options) {
	var none []string
	for class, n := range test.Counts() {
		if n == 0 {
			none = append(none, test.Classes[class])
		}
	}
	if none != nil {
		opt.warn(errors.Errorf("%s: no test images of %s", printable(test.Name), someOf(none)))
	}
	copies, otherwise := train.copiesIn(test)
	if copies == 0 {
		return
	}
	labels := ""
	if otherwise > 0 {
		labels = fmt.Sprintf(", %d of them under another class", otherwise)
	}
	opt.warn(errors.Errorf("%s: %d of %d test images are exact copies of training images%s", printable(test.Name), copies, test.Len(), labels))
}

// copiesIn returns how many images of another set have the same bytes, or photos the same file, as one of
// s, and how many of these belong to another class there.
func (s *Set) copiesIn(other *Set) (copies, otherwise int) {
	seed := maphash.MakeSeed()
	places := make(map[uint64]int, s.Len()) // of images, by a hash
	for i := range s.Len() {
		places[maphash.Bytes(seed, s.content(i))] = i
	}
	for i := range other.Len() {
		at, is := places[maphash.Bytes(seed, other.content(i))]
		if !is || !bytes.Equal(s.content(at), other.content(i)) {
			continue
		}
		copies++
		if s.Classes[s.Label(at)] != other.Classes[other.Label(i)] {
			otherwise++
		}
	}
	return copies, otherwise
}

// checkBrightness warns of images that are not what MNIST's are, light on dark with bytes up to 255: the
// network would see nearly black ones, or the ground as ink.
func (s *Set) checkBrightness(opt Options) {
	strongest, inverted := byte(0), 0
	h, w := s.Shape[1], s.Shape[2]
	for i := range s.Len() {
		pixels := s.Image(i)
		strongest = max(strongest, slices.Max(pixels))
		if borderLevel(&image.Gray{Pix: pixels, Stride: w, Rect: image.Rect(0, 0, w, h)}) > 127 {
			inverted++
		}
	}
	switch {
	case strongest == 0:
		opt.warn(errors.Errorf("%s: all images are black", printable(s.Name)))
	case strongest == 1:
		opt.warn(errors.Errorf("%s: found pixels of only 0 and 1, expected 0 to 255: multiply them by 255, or the images are nearly black to a network", printable(s.Name)))
	case 2*inverted > s.Len():
		opt.warn(errors.Errorf("%s: the border of %d of %d images is light, expected light drawings on a dark ground: invert them", printable(s.Name), inverted, s.Len()))
	}
}
