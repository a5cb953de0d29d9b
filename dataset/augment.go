package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"image"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// Bounds of what augmentation does to an image.
const (
	maxShift    = 2  // pixels, in each direction
	maxRotation = 10 // degrees, either way

	augmentVersion = 1 // goes up when other images come of the same numbers
)

// Augmentation says how images are changed at random. The zero value changes nothing.
type Augmentation struct {
	Shift  bool // by whole pixels, up to 2 in each direction
	Rotate bool // about the middle by up to 10 degrees, bilinear between pixels
}

// ParseAugmentation reads a list such as "shift,rotate". The error is an ErrArgument.
func ParseAugmentation(s string) (Augmentation, error) {
	var a Augmentation
	for item := range strings.SplitSeq(s, ",") {
		switch strings.TrimSpace(item) {
		case "shift":
			a.Shift = true
		case "rotate":
			a.Rotate = true
		default:
			return a, errors.Wrapf(ErrArgument, "augmentation: found %q, expected some of shift, rotate, separated by commas", item)
		}
	}
	return a, nil
}

// String returns the form that ParseAugmentation reads, "" for none.
func (a Augmentation) String() string {
	var names []string
	if a.Shift {
		names = append(names, "shift")
	}
	if a.Rotate {
		names = append(names, "rotate")
	}
	return strings.Join(names, ",")
}

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
}

// NewAugmented returns the images of s as they are in epoch 0, changed in the way given. Check tells
// whether there are any.
func NewAugmented(s *Set, how Augmentation, seed uint64) *Augmented {
	return &Augmented{set: s, how: how, seed: seed}
}

// StartEpoch goes to an epoch, from 0. No goroutine may gather meanwhile.
func (a *Augmented) StartEpoch(epoch int) { a.epoch = epoch }

// Len returns the number of images.
func (a *Augmented) Len() int { return a.set.Len() }

// ExampleShape returns the shape of one image, [C,H,W].
func (a *Augmented) ExampleShape() []int { return a.set.ExampleShape() }

// Label returns the class of image i.
func (a *Augmented) Label(i int) int { return a.set.Label(i) }

// Gather is Set.Gather of the changed images.
func (a *Augmented) Gather(dst []float32, indices []int) {
	changed := make([]byte, a.set.imageSize())
	a.set.gather(dst, indices, func(i int) []byte {
		a.how.apply(a.set, changed, i, a.seed, a.epoch)
		return changed
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
	return &Copies{set: s, how: how, seed: seed, copies: copies}, nil
}

// Len returns the number of images, changed ones too.
func (c *Copies) Len() int { return c.set.Len() * (c.copies + 1) }

// ExampleShape returns the shape of one image, [C,H,W].
func (c *Copies) ExampleShape() []int { return c.set.ExampleShape() }

// Label returns the class of image i.
func (c *Copies) Label(i int) int { return c.set.Label(i % c.set.Len()) }

// Gather is Set.Gather of images and their changed copies.
func (c *Copies) Gather(dst []float32, indices []int) {
	n, changed := c.set.Len(), make([]byte, c.set.imageSize())
	c.set.gather(dst, indices, func(i int) []byte {
		if i < n {
			return c.set.Image(i)
		}
		c.how.apply(c.set, changed, i%n, c.seed, i/n)
		return changed
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

// background returns the byte of what is beside an image.
func (s *Set) background() byte {
	if s.Prep.Polarity == DarkOnLight {
		return 255
	}
	return 0
}

// apply writes image i, changed as drawn for it in that epoch, to out, [C,H,W].
func (a Augmentation) apply(s *Set, out []byte, i int, seed uint64, epoch int) {
	var key [32]byte // of a source of random numbers for this image alone
	for at, v := range []uint64{seed, streamAugment, uint64(epoch), uint64(i)} {
		binary.LittleEndian.PutUint64(key[8*at:], v)
	}
	rng := rand.New(rand.NewChaCha8(key))
	var right, down, angle float64
	if a.Shift {
		right, down = float64(rng.IntN(2*maxShift+1)-maxShift), float64(rng.IntN(2*maxShift+1)-maxShift)
	}
	if a.Rotate {
		angle = (2*rng.Float64() - 1) * maxRotation * math.Pi / 180
	}
	warp(out, s.Image(i), s.Shape, s.background(), right, down, angle)
}

// warp writes an image, [C,H,W], turned about its middle by an angle in radians, clockwise, and
// then moved by so many pixels, to out. What comes in from outside is background.
func warp(out, pixels []byte, shape []int, background byte, right, down, angle float64) {
	h, w := shape[1], shape[2]
	sin, cos := math.Sincos(angle)
	x, y := float64(w)/2, float64(h)/2
	toOut := f64.Aff3{
		cos, -sin, x - cos*x + sin*y + right,
		sin, cos, y - sin*x - cos*y + down,
	}
	// The library is fastest on a grey source and an RGBA target.
	target := image.NewRGBA(image.Rect(0, 0, w, h))
	for plane := 0; plane < len(pixels); plane += h * w {
		for i := range target.Pix {
			target.Pix[i] = background
		}
		from := &image.Gray{Pix: pixels[plane : plane+h*w], Stride: w, Rect: target.Rect}
		draw.ApproxBiLinear.Transform(target, toOut, from, from.Rect, draw.Src, nil)
		for i := range h * w {
			out[plane+i] = target.Pix[4*i]
		}
	}
}
