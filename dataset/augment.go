package dataset

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/pkg/errors"
)

// Varying is Examples that differ from one epoch to the next. The training calls StartEpoch when an
// epoch begins or is resumed. Features of such examples cannot be cached.
type Varying interface {
	Examples
	StartEpoch(epoch int) // from 0
}

// Augmented is a set whose images are changed at random in every epoch. The change depends only on
// the seed, the epoch and the index of the image: a resumed training sees the same images. It is
// Varying.
type Augmented struct {
	set   *Set
	how   Augmentation
	seed  uint64
	epoch int
	ahead *ahead
}

// NewAugmented returns the images of s as they are in epoch 0, augmented as how says. Check tells
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
	epoch := a.epoch // what is read ahead may outlast it
	a.set.gather(dst, indices, a.ahead, a.Len(), func(i int) ([]byte, error) {
		return a.how.apply(a.set, i, a.seed, epoch)
	})
}

// Copies is a set followed by n augmented copies of each image: those of epochs 1 to n of
// NewAugmented. They are the same in every epoch, so that their features can be cached.
type Copies struct {
	set    *Set
	how    Augmentation
	seed   uint64
	copies int
	ahead  *ahead
}

// NewCopies returns the images of s and that many augmented copies of each, at least 1. The error
// is an ErrArgument.
func NewCopies(s *Set, how Augmentation, seed uint64, copies int) (*Copies, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if most := maxImages/s.Len() - 1; copies < 1 || copies > most {
		return nil, errors.Wrapf(ErrArgument, "%s: augmented copies: found %d, expected 1 to %d", printable(s.Name), copies, most)
	}
	return &Copies{set: s, how: how, seed: seed, copies: copies, ahead: &ahead{}}, nil
}

// Len returns the number of images, copies included.
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
