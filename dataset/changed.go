package dataset

import "fmt"

// Changes says how training images are augmented. The zero value leaves them as they are.
type Changes struct {
	How    Augmentation
	Copies int // augmented copies beside each image; 0: the image itself is changed in every epoch
}

// String says it in words: "shift", "shift,rotate in 5 copies", "" for nothing.
func (c Changes) String() string {
	if c.Copies > 0 {
		return fmt.Sprintf("%s in %d copies", c.How, c.Copies)
	}
	return c.How.String()
}

// Of returns the images of s so changed: s itself, NewAugmented or NewCopies.
func (c Changes) Of(s *Set, seed uint64) (Examples, error) {
	switch {
	case c.Copies != 0:
		return NewCopies(s, c.How, seed, c.Copies)
	case c.How != (Augmentation{}):
		return NewAugmented(s, c.How, seed), s.Check()
	}
	return s, s.Check()
}
