package page

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// Bounds on what is taught.
const (
	maxClasses  = 20
	maxDrawings = 30 // of a class
	maxName     = 40 // letters of a class's name
)

// class is a class of one's own: a name, and the drawings of it.
type class struct {
	Name   string            `json:"name"`
	Images []dataset.Image28 `json:"-"`
	Count  int               `json:"count"`
	Pixels []byte            `json:"pixels"` // [Count,28,28], for the page
}

// classes are in the order in which they were begun: that of the logits.
type classes []class

// errClass is the cause of errors about a class or its drawings.
var errClass = errors.New("drawings")

// className returns the name as a class has it, and an error unless it can be
// shown and saved.
func className(name string) (string, error) {
	// Counted first: what is too long is not repeated in a message.
	if n := utf8.RuneCountInString(strings.TrimSpace(name)); n < 1 || n > maxName {
		return "", errors.Wrapf(errClass, "class: found a name of %d letters, expected 1 to %d", n, maxName)
	}
	name, err := dataset.ClassName(name)
	if err != nil {
		return "", errors.Wrap(errClass, err.Error())
	}
	return name, nil
}

func (c classes) index(name string) int {
	return slices.IndexFunc(c, func(k class) bool { return k.Name == name })
}

// with returns the classes with one drawing more.
func (c classes) with(name string, digit dataset.Image28) (classes, error) {
	i := c.index(name)
	if i < 0 {
		if len(c) == maxClasses {
			return nil, errors.Wrapf(errClass, "class %q: found %d classes before it, expected at most %d in all", name, len(c), maxClasses)
		}
		return append(slices.Clone(c), class{Name: name, Images: []dataset.Image28{digit}}), nil
	}
	if len(c[i].Images) == maxDrawings {
		return nil, errors.Wrapf(errClass, "class %q: found %d drawings in it, expected at most as many", name, maxDrawings)
	}
	c = slices.Clone(c)
	c[i].Images = append(slices.Clip(c[i].Images), digit)
	return c, nil
}

// without returns the classes without the latest drawing of one, or without
// the whole class. A class ends with its only drawing.
func (c classes) without(name string, whole bool) (classes, error) {
	i := c.index(name)
	if i < 0 {
		return nil, errors.Wrapf(errClass, "class %q: found no such class", name)
	}
	if whole || len(c[i].Images) == 1 {
		return slices.Delete(slices.Clone(c), i, i+1), nil
	}
	c = slices.Clone(c)
	c[i].Images = c[i].Images[:len(c[i].Images)-1]
	return c, nil
}

// shown returns the classes with the pixels of their drawings.
func (c classes) shown() classes {
	shown := append(classes{}, c...) // not null for the page
	for i, k := range c {
		shown[i].Count, shown[i].Pixels = len(k.Images), make([]byte, 0, len(k.Images)*len(dataset.Image28{}))
		for _, digit := range k.Images {
			shown[i].Pixels = append(shown[i].Pixels, digit[:]...)
		}
	}
	return shown
}

func (c classes) names() []string {
	names := make([]string, len(c))
	for i, k := range c {
		names[i] = k.Name
	}
	return names
}

func (c classes) total() int {
	n := 0
	for _, k := range c {
		n += len(k.Images)
	}
	return n
}

// set returns the drawings as examples: each as drawn, then copies-1 times a
// little altered, since a handful of drawings shows too little of what else a
// hand may do.
func (c classes) set(copies int, prep dataset.Preprocessing, seed uint64) (*dataset.Set, error) {
	rng := rand.New(rand.NewPCG(seed, alterStream))
	var pixels []byte
	var labels []int
	for label, k := range c {
		for _, digit := range k.Images {
			for n := range copies {
				altered := digit
				if n > 0 {
					altered = alter(digit, rng)
				}
				pixels, labels = append(pixels, altered.Bytes(prep.Polarity)...), append(labels, label)
			}
		}
	}
	return dataset.NewSet("drawings", slices.Clone(digitShape), pixels, labels, c.names(), prep)
}

// alterStream keeps the random numbers of the alterations apart from all others
// drawn from the same seed.
const alterStream = 0xa17e

// How far a copy of a drawing is altered. dataset.Digit has taken away size and
// place already: a larger shift than of a pixel does not come up.
const (
	mostTurn  = 12 * math.Pi / 180
	mostSlant = 0.15
	mostShift = 1.0 // pixels
	leastSize = 0.9
)

// alter turns, slants, shrinks and shifts a drawing by random amounts.
func alter(digit dataset.Image28, rng *rand.Rand) dataset.Image28 {
	within := func(most float64) float64 { return most * (2*rng.Float64() - 1) }
	sin, cos := math.Sincos(within(mostTurn))
	slant := within(mostSlant)
	size := leastSize + (1-leastSize)*rng.Float64()
	a, b, d, e := size*cos, size*(slant*cos-sin), size*sin, size*(slant*sin+cos)
	const centre = 14
	across, down := centre-a*centre-b*centre+within(mostShift), centre-d*centre-e*centre+within(mostShift)
	from := &image.Gray{Pix: digit[:], Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
	to := image.NewGray(from.Rect)
	draw.BiLinear.Transform(to, f64.Aff3{a, b, across, d, e, down}, from, from.Rect, draw.Src, nil)
	return dataset.Image28(to.Pix)
}
