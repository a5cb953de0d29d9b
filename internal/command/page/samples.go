package page

import (
	"crypto/sha256"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
)

// Bounds on what is taught.
const (
	maxClasses  = 20
	maxDrawings = 30       // of a class
	maxPhotos   = 300      // of a class
	maxBytes    = 32 << 20 // of all photos of a session
	maxName     = 40       // letters of a class's name
)

// sample is one example of a class: a drawing or a photo.
type sample struct {
	digit dataset.Image28 // of a drawing
	photo *photo          // nil of a drawing
}

// photo is an image file as it came.
type photo struct {
	file  []byte
	sum   [sha256.Size]byte
	small []byte // [smallSide,smallSide,3]: what the network gets of it
}

// class is a class of the user's: a name and its samples.
type class struct {
	Name    string   `json:"name"`
	Samples []sample `json:"-"`
	Count   int      `json:"count"`
	Held    int      `json:"held"`             // of the samples, those that the next training holds out
	Pixels  []byte   `json:"pixels,omitempty"` // of drawings, [Count,28,28], for the page
}

// classes are in the order in which they were added, which is that of the logits.
type classes []class

// errClass is the cause of errors about a class or its samples.
var errClass = errors.New("samples")

// className returns the name as a class has it, and an error unless it can be
// shown and saved.
func className(name string) (string, error) {
	// Checked first: a name that is too long is not repeated in a message.
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

// with returns the classes with one more sample. An exact copy of a photo that the
// class already has is not added.
func (c classes) with(name string, s sample) (_ classes, copied bool, err error) {
	i := c.index(name)
	if i < 0 && len(c) == maxClasses {
		return nil, false, errors.Wrapf(errClass, "class %q: found %d classes before it, expected at most %d in all", name, len(c), maxClasses)
	}
	most, kind := maxDrawings, "drawings"
	if s.photo != nil {
		most, kind = maxPhotos, "photos"
		if at := c.copyOf(s.photo.sum); at >= 0 && at != i {
			return nil, false, errors.Wrapf(errClass, "class %q: the same photo is in class %q: an image can be of one class only", name, c[at].Name)
		} else if at >= 0 {
			return c, true, nil
		}
		if c.bytes()+s.photo.bytes() > maxBytes {
			return nil, false, errors.Wrapf(errClass, "found %d photos of %d MiB in all, expected no more than %d MiB: remove some", c.total(), c.bytes()>>20, maxBytes>>20)
		}
	}
	if i < 0 {
		return append(slices.Clone(c), class{Name: name, Samples: []sample{s}}), false, nil
	}
	if len(c[i].Samples) >= most {
		return nil, false, errors.Wrapf(errClass, "class %q: found %d %s in it, expected at most as many", name, most, kind)
	}
	c = slices.Clone(c)
	c[i].Samples = append(slices.Clip(c[i].Samples), s)
	return c, false, nil
}

// copyOf returns the class that has a photo of that sum, or -1.
func (c classes) copyOf(sum [sha256.Size]byte) int {
	return slices.IndexFunc(c, func(k class) bool {
		return slices.ContainsFunc(k.Samples, func(s sample) bool { return s.photo.sum == sum })
	})
}

// without returns the classes without the latest n samples of one. A class ends
// with its last sample.
func (c classes) without(name string, n int) (classes, error) {
	i := c.index(name)
	if i < 0 {
		return nil, errors.Wrapf(errClass, "class %q: found no such class", name)
	}
	c = slices.Clone(c)
	left := len(c[i].Samples) - n
	if left <= 0 {
		return slices.Delete(c, i, i+1), nil
	}
	c[i].Samples = c[i].Samples[:left]
	return c, nil
}

// shown returns the classes with what the page shows of them.
func (c classes) shown() classes {
	shown := append(classes{}, c...) // not null for the page
	for i, k := range c {
		shown[i].Count, shown[i].Held = len(k.Samples), k.held()
		for _, s := range k.Samples {
			if s.photo == nil {
				shown[i].Pixels = append(shown[i].Pixels, s.digit[:]...)
			}
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
		n += len(k.Samples)
	}
	return n
}

// bytes returns how many bytes a photo takes.
func (p *photo) bytes() int { return len(p.file) + len(p.small) }

// bytes returns how many bytes all photos take.
func (c classes) bytes() int {
	n := 0
	for _, k := range c {
		for _, s := range k.Samples {
			if s.photo != nil {
				n += s.photo.bytes()
			}
		}
	}
	return n
}
