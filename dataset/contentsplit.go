package dataset

import (
	"cmp"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// splitByContent parts images of files in two by the first 64 bits of a hash of each file's content:
// those below that share of all hashes are the test. Neither names nor other files nor a seed decide,
// so that a file stays where it is when others come, go or are renamed, and copies stay together. Only
// a class that would have no image on one side gives that side the image whose hash is nearest to it,
// with its copies; a class of one content stays in the training half, unless there are copies to give.
func (s *Set) splitByContent(hashes []uint64, share float64) (train, test *Set, err error) {
	members := make([][]int, len(s.Classes))
	for i, l := range s.Labels {
		members[l] = append(members[l], i)
	}
	var keep, out []int
	for _, m := range members {
		slices.SortStableFunc(m, func(i, j int) int { return cmp.Compare(hashes[i], hashes[j]) })
		n := belowShare(m, hashes, share)
		out, keep = append(out, m[:n]...), append(keep, m[n:]...)
	}
	if len(out) == 0 {
		return nil, nil, errors.Wrapf(ErrArgument, "%s: split: found no class with two images, expected one", printable(s.Name))
	}
	slices.Sort(keep)
	slices.Sort(out)
	return s.subset(keep), s.subset(out), nil
}

// belowShare returns how many images of a class, in ascending order of their hashes, are the test.
func belowShare(members []int, hashes []uint64, share float64) int {
	if len(members) < 2 {
		return 0
	}
	limit := uint64(share * math.MaxUint64)
	first, last := hashes[members[0]], hashes[members[len(members)-1]]
	n := 0
	switch {
	case first == last: // copies of one image, and nothing else
		return 1
	case first >= limit:
		limit = first + 1
	case last < limit:
		limit = last
	}
	for n < len(members) && hashes[members[n]] < limit {
		n++
	}
	return n
}
