package dataset

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
)

// Bounds of what augmentation does to an image.
const (
	maxShift    = 2    // pixels, in each direction
	maxRotation = 10   // degrees, either way
	minCrop     = 0.35 // of the area
	maxColour   = 0.2  // by which a factor differs from 1

	augmentVersion = 1 // goes up when other images come of the same numbers
)

// Augmentation says how images are changed at random, in this order. The zero value changes nothing.
type Augmentation struct {
	// Crop takes a part of 35 to 100 % of the area, whose proportions are the network's times 3/4 to 4/3,
	// and resizes it to the whole. Of a photo it is a part of the photo, in its full resolution.
	Crop   bool
	Shift  bool // by whole pixels, up to 2 in each direction
	Rotate bool // about the middle by up to 10 degrees, bilinear between pixels
	Flip   bool // left becomes right, every other time
	Colour bool // brightness, contrast and saturation, each by a factor of 0.8 to 1.2
}

// switches are the names of what an augmentation does.
func (a *Augmentation) switches() []struct {
	name string
	on   *bool
} {
	return []struct {
		name string
		on   *bool
	}{{"crop", &a.Crop}, {"shift", &a.Shift}, {"rotate", &a.Rotate}, {"flip", &a.Flip}, {"colour", &a.Colour}}
}

// ParseAugmentation reads a list such as "crop,flip" of crop, shift, rotate, flip and colour. The error
// is an ErrArgument.
func ParseAugmentation(s string) (Augmentation, error) {
	var a Augmentation
items:
	for item := range strings.SplitSeq(s, ",") {
		for _, known := range a.switches() {
			if known.name == strings.TrimSpace(item) {
				*known.on = true
				continue items
			}
		}
		return a, errors.Wrapf(ErrArgument, "augmentation: found %q, expected some of crop, shift, rotate, flip, colour, separated by commas", item)
	}
	return a, nil
}

// String returns the form that ParseAugmentation reads, "" for none.
func (a Augmentation) String() string {
	var names []string
	for _, known := range a.switches() {
		if *known.on {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, ",")
}

// apply returns image i, [C,H,W], changed as drawn for it in that epoch.
func (a Augmentation) apply(s *Set, i int, seed uint64, epoch int) ([]byte, error) {
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
	flip := a.Flip && rng.IntN(2) == 1
	factors := [3]float64{1, 1, 1}
	if a.Colour {
		for f := range factors {
			factors[f] += (2*rng.Float64() - 1) * maxColour
		}
	}
	var pixels []byte
	var err error
	if a.Crop {
		pixels, err = s.cropped(i, rng)
	} else {
		pixels, err = s.ReadImage(i)
	}
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(pixels))
	if a.Shift || a.Rotate {
		warp(out, pixels, s.Shape, s.background(), right, down, angle)
	} else {
		copy(out, pixels)
	}
	if flip {
		reverseRows(out, s.Shape[2])
	}
	if a.Colour {
		recolour(out, s.Shape[0], s.Prep.Photo.BGR, factors)
	}
	return out, nil
}
