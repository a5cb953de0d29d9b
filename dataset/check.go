package dataset

import (
	"reflect"

	"github.com/pkg/errors"
)

// Check returns nil when the set fits together, as one of Open and of NewSet does: see NewSet. A nil
// set is an ErrArgument.
func (s *Set) Check() error {
	if s == nil {
		return errors.Wrap(ErrArgument, "found no set of images, expected one of Open or NewSet")
	}
	shown := printable(s.Name)
	if len(s.Labels) == 0 || len(s.Labels) > maxImages {
		return errors.Wrapf(ErrFormat, "%s: images: found %d, expected 1 to %d", shown, len(s.Labels), maxImages)
	}
	if len(s.Shape) != 3 {
		return errors.Wrapf(ErrFormat, "%s: shape: found %v, expected [channels height width]", shown, s.Shape)
	}
	// Dividing what is there, rather than multiplying what is claimed, cannot overflow.
	images, exact := len(s.Pixels), true
	if s.files != nil {
		images = s.files.len() * s.imageSize()
	}
	for _, d := range s.Shape {
		if d <= 0 {
			return errors.Wrapf(ErrFormat, "%s: shape: found %v, expected dimensions above 0", shown, s.Shape)
		}
		exact = exact && images%d == 0
		images /= d
	}
	fits := images == len(s.Labels)
	if s.index != nil { // of a store of more images
		fits = len(s.index) == len(s.Labels)
		for _, i := range s.index {
			fits = fits && int(i) < images
		}
	}
	if !exact || !fits {
		return errors.Wrapf(ErrFormat, "%s: pixels: found %d bytes, expected %d images of %v", shown, len(s.Pixels), len(s.Labels), s.Shape)
	}
	if err := checkClassNames(s.Classes); err != nil {
		return errors.WithMessage(err, shown)
	}
	for i, l := range s.Labels {
		if l < 0 || l >= len(s.Classes) {
			return errors.Wrapf(ErrFormat, "%s: label %d: found %d, expected 0 to %d", shown, i, l, len(s.Classes)-1)
		}
	}
	if err := s.Prep.Validate(); err != nil {
		return errors.WithMessage(err, shown)
	}
	return errors.WithMessage(s.Prep.CheckShape(s.Shape), shown)
}

// Check returns Set.Check of the images that are changed.
func (a *Augmented) Check() error {
	if a == nil {
		return errors.Wrap(ErrArgument, "found no augmented images, expected those of NewAugmented")
	}
	return a.set.Check()
}

// Check returns Set.Check of the images that are copied.
func (c *Copies) Check() error {
	if c == nil {
		return errors.Wrap(ErrArgument, "found no augmented copies, expected those of NewCopies")
	}
	return c.set.Check()
}

// isNil reports whether v is nil, or a nil pointer in an interface.
func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil()
}
