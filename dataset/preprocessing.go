package dataset

import (
	"math"

	"github.com/pkg/errors"
)

// The two polarities of an image: which of ink and background is the larger number.
const (
	LightOnDark = "light-on-dark" // as MNIST stores its digits: 0 is background, 255 is ink
	DarkOnLight = "dark-on-light" // as on paper
)

// Preprocessing says how a stored byte v (0..255) becomes a network's input: x = (v*Scale -
// Mean)/Std, with a mean and a deviation of each channel for photos. It belongs to a network: weights
// trained on data prepared one way give wrong answers, and no error, on data prepared another way.
// Two can be compared with ==.
type Preprocessing struct {
	Scale    float64 `json:"scale"`    // applied to the byte, > 0
	Mean     float64 `json:"mean"`     // subtracted, in units of scaled bytes
	Std      float64 `json:"std"`      // divided by, > 0, in units of scaled bytes
	Polarity string  `json:"polarity"` // LightOnDark or DarkOnLight
	Photo    Photo   `json:"photo,omitzero"`
}

// MNISTPreprocessing scales bytes to 0..1 and standardises them with the mean and the standard
// deviation of MNIST's training images.
func MNISTPreprocessing() Preprocessing {
	return Preprocessing{Scale: 1.0 / 255, Mean: 0.1307, Std: 0.3081, Polarity: LightOnDark}
}

// Validate returns an ErrArgument that names the first field out of its range.
func (p Preprocessing) Validate() error {
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	switch {
	case !finite(p.Scale) || p.Scale <= 0:
		return errors.Wrapf(ErrArgument, "preprocessing: scale: found %v, expected a finite number above 0", p.Scale)
	case !finite(p.Mean):
		return errors.Wrapf(ErrArgument, "preprocessing: mean: found %v, expected a finite number", p.Mean)
	case !finite(p.Std) || p.Std <= 0:
		return errors.Wrapf(ErrArgument, "preprocessing: std: found %v, expected a finite number above 0", p.Std)
	case p.Polarity != LightOnDark && p.Polarity != DarkOnLight:
		return errors.Wrapf(ErrArgument, "preprocessing: polarity: found %q, expected %q or %q", p.Polarity, LightOnDark, DarkOnLight)
	case p.IsPhoto() && (p.Mean != 0 || p.Std != 1 || p.Polarity != DarkOnLight):
		return errors.Wrapf(ErrArgument, "preprocessing: found mean %v, std %v, polarity %q beside those of photos, expected 0, 1, %q", p.Mean, p.Std, p.Polarity, DarkOnLight)
	case p.IsPhoto():
		return p.Photo.validate()
	}
	return nil
}

// table returns the input that each of the 256 bytes of a channel becomes.
func (p Preprocessing) table(channel int) *[256]float32 {
	mean, std := p.Mean, p.Std
	if p.IsPhoto() {
		mean, std = p.Photo.Mean[channel], p.Photo.Std[channel]
	}
	var t [256]float32
	for v := range t {
		t[v] = float32((float64(v)*p.Scale - mean) / std)
	}
	return &t
}
