package dataset

import (
	"bytes"
	"fmt"
	"hash/maphash"

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

// copiesIn returns how many images of another set have the same bytes as one of s, and how many of
// these belong to another class there.
func (s *Set) copiesIn(other *Set) (copies, otherwise int) {
	seed := maphash.MakeSeed()
	places := make(map[uint64]int, s.Len()) // of images, by a hash
	for i := range s.Len() {
		places[maphash.Bytes(seed, s.Image(i))] = i
	}
	for i := range other.Len() {
		at, is := places[maphash.Bytes(seed, other.Image(i))]
		if !is || !bytes.Equal(s.Image(at), other.Image(i)) {
			continue
		}
		copies++
		if s.Classes[s.Label(at)] != other.Classes[other.Label(i)] {
			otherwise++
		}
	}
	return copies, otherwise
}
