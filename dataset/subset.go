package dataset

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
)

// Each use of randomness has a stream of its own, so that one seed given for all of them does not
// make them the same numbers.
const (
	streamLimit   = 0x6c696d6974 // "limit"
	streamSplit   = 0x73706c6974 // "split"
	streamBatches = 0x6261746368 // "batch"
	streamAugment = 0x617567     // "aug"
)

// Limit returns n images drawn by the seed, the same number of each class, n/len(Classes), and one
// more of the first classes for the remainder. They stay in the order of s, and a larger n with the
// same seed draws the same images and more. An ErrArgument says that n is below the number of
// classes, an ErrClass which class has too few images.
func (s *Set) Limit(n int, seed uint64) (*Set, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	k := len(s.Classes)
	if n < k {
		return nil, errors.Wrapf(ErrArgument, "%s: limit: found %d, expected at least one image for each of %d classes", printable(s.Name), n, k)
	}
	var keep []int
	for class, members := range s.shuffledMembers(seed, streamLimit) {
		want := n / k
		if class < n%k {
			want++
		}
		if len(members) < want {
			return nil, errors.Wrapf(ErrClass, "%s: limit %d: class %s: found %d images, expected at least %d",
				printable(s.Name), n, printable(s.Classes[class]), len(members), want)
		}
		keep = append(keep, members[:want]...)
	}
	slices.Sort(keep)
	return s.subset(keep), nil
}

// Split splits the set in two, drawn by the seed: validation gets that fraction (above 0, below 1)
// of each class, rounded, but at least one image of each class that has two, and never the last one.
// Both keep the order of s and all its Classes. It is an ErrArgument if a part would be empty.
func (s *Set) Split(fraction float64, seed uint64) (train, validation *Set, err error) {
	return s.SplitFirst(math.MaxInt, fraction, seed)
}

// SplitFirst is Split of the first classes alone: validation has images of these, train those of the
// others too.
func (s *Set) SplitFirst(classes int, fraction float64, seed uint64) (train, validation *Set, err error) {
	if err := s.Check(); err != nil {
		return nil, nil, err
	}
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, errors.Wrapf(ErrArgument, "%s: split: found the fraction %v, expected more than 0 and less than 1", printable(s.Name), fraction)
	}
	var keep, out []int
	for class, members := range s.shuffledMembers(seed, streamSplit) {
		if class >= classes {
			keep = append(keep, members...)
			continue
		}
		n := int(math.Round(float64(len(members)) * fraction))
		n = max(0, min(max(n, 1), len(members)-1))
		out = append(out, members[:n]...)
		keep = append(keep, members[n:]...)
	}
	if len(out) == 0 {
		return nil, nil, errors.Wrapf(ErrArgument, "%s: split: found no class with two images, expected one", printable(s.Name))
	}
	slices.Sort(keep)
	slices.Sort(out)
	return s.subset(keep), s.subset(out), nil
}

// shuffledMembers returns the images of each class in an order drawn by the seed.
func (s *Set) shuffledMembers(seed, stream uint64) [][]int {
	members := make([][]int, len(s.Classes))
	for i, l := range s.Labels {
		members[l] = append(members[l], i)
	}
	rng := rand.New(rand.NewPCG(seed, stream))
	for _, m := range members {
		rng.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
	}
	return members
}

// subset returns the images with these indices. It shares pixels and class names with s, and has
// labels of its own.
func (s *Set) subset(indices []int) *Set {
	sub := *s
	sub.ahead = &ahead{}
	sub.Labels = make([]int, len(indices))
	sub.index = make([]int32, len(indices))
	for to, from := range indices {
		sub.Labels[to] = s.Labels[from]
		if s.index == nil {
			sub.index[to] = int32(from)
		} else {
			sub.index[to] = s.index[from]
		}
	}
	return &sub
}
