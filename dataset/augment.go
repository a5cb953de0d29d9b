package dataset

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/pkg/errors"
)

// Varying is Examples that differ from one epoch to the next. Whoever trains on them says when one
// begins, or goes on; what a frozen network makes of them cannot be kept.
type Varying interface {
	Examples
	StartEpoch(epoch int) // from 0
}

// Augmented is a set whose images are changed anew in every epoch. What becomes of an image depends
// on the seed, the epoch and the place of the image in the set, and on nothing that went before: a
// training that is taken up again sees the same images. It is Varying.
type Augmented struct {
	set   *Set
	how   Augmentation
	seed  uint64
	epoch int
	ahead *ahead
}

// NewAugmented returns the images of s as they are in epoch 0, changed in the way given. Check tells
// whether there are any.
func NewAugmented(s *Set, how Augmentation, seed uint64) *Augmented {
	return &Augmented{set: s, how: how, seed: seed, ahead: &ahead{}}
}

// StartEpoch goes to an epoch, from 0. No goroutine may gather meanwhile.
func (a *Augmented) StartEpoch(epoch int) {
	if epoch != a.epoch {
		a.epoch, a.ahead = epoch, &ahead{}
	}
}

// Len returns the number of images.
func (a *Augmented) Len() int { return a.set.Len() }

// ExampleShape returns the shape of one image, [C,H,W].
func (a *Augmented) ExampleShape() []int { return a.set.ExampleShape() }

// Label returns the class of image i.
func (a *Augmented) Label(i int) int { return a.set.Label(i) }

// Gather is Set.Gather of the changed images.
func (a *Augmented) Gather(dst []float32, indices []int) {
	a.set.gather(dst, indices, a.ahead, a.Len(), func(i int) ([]byte, error) {
		return a.how.apply(a.set, i, a.seed, a.epoch)
	})
}

// Copies is a set and, after its images, changed ones of each, so many times over. These are those of
// the epochs 1 to copies of NewAugmented, but stay as they are in every epoch, so that what a frozen
// network makes of them can be kept.
type Copies struct {
	set    *Set
	how    Augmentation
	seed   uint64
	copies int
	ahead  *ahead
}

// NewCopies returns the images of s and copies changed ones of each, from 1. The error is an
// ErrArgument.
func NewCopies(s *Set, how Augmentation, seed uint64, copies int) (*Copies, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if most := maxImages/s.Len() - 1; copies < 1 || copies > most {
		return nil, errors.Wrapf(ErrArgument, "%s: augmented copies: found %d, expected 1 to %d", printable(s.Name), copies, most)
	}
	return &Copies{set: s, how: how, seed: seed, copies: copies, ahead: &ahead{}}, nil
}

// Len returns the number of images, changed ones too.
func (c *Copies) Len() int { return c.set.Len() * (c.copies + 1) }

// ExampleShape returns the shape of one image, [C,H,W].
func (c *Copies) ExampleShape() []int { return c.set.ExampleShape() }

// Label returns the class of image i.
func (c *Copies) Label(i int) int { return c.set.Label(i % c.set.Len()) }

// Gather is Set.Gather of images and their changed copies.
func (c *Copies) Gather(dst []float32, indices []int) {
	n := c.set.Len()
	c.set.gather(dst, indices, c.ahead, c.Len(), func(i int) ([]byte, error) {
		if i < n {
			return c.set.ReadImage(i)
		}
		return c.how.apply(c.set, i%n, c.seed, i/n)
	})
}

// Prep returns how bytes become a network's input.
func (c *Copies) Prep() Preprocessing { return c.set.Prep }

// Hash identifies the images: a SHA-256 over the set's and how the copies are made.
func (c *Copies) Hash() [sha256.Size]byte {
	h := sha256.New()
	sum := c.set.Hash()
	h.Write(sum[:])
	writeInts(h, []int{augmentVersion, int(c.set.background()), c.copies})
	h.Write(binary.LittleEndian.AppendUint64(nil, c.seed))
	h.Write([]byte(c.how.String()))
	return [sha256.Size]byte(h.Sum(nil))
}
