package dataset

import (
	"slices"

	"github.com/pkg/errors"
)

// Numbered returns the images of s as a network with these classes, in the order of its outputs, takes
// them: each label is the number of the output of the same name, and Classes is classes. Names are
// compared in Unicode's form NFC. A network may know more classes than s has. Images of
// classes that it does not know are left out, and leftOut counts them by class; it is nil if there is no
// such class. An ErrClass says that no image remains, or that two outputs have one name.
func (s *Set) Numbered(classes []string) (numbered *Set, leftOut map[string]int, err error) {
	if err := s.Check(); err != nil {
		return nil, nil, err
	}
	outputs := canonicalNames(classes)
	if i := repeated(outputs); i >= 0 {
		return nil, nil, errors.Wrapf(ErrClass, "%s: the network has two outputs named %s, expected distinct names", printable(s.Name), printable(outputs[i]))
	}
	output := make([]int, len(s.Classes)) // by the number in s
	counts := s.Counts()
	for class, name := range canonicalNames(s.Classes) {
		if output[class] = slices.Index(outputs, name); output[class] < 0 {
			if leftOut == nil {
				leftOut = map[string]int{}
			}
			leftOut[s.Classes[class]] = counts[class]
		}
	}
	var keep []int
	for i, l := range s.Labels {
		if output[l] >= 0 {
			keep = append(keep, i)
		}
	}
	if keep == nil {
		return nil, leftOut, errors.Wrapf(ErrClass, "%s: found images of %s only, expected some of %s, which the network knows",
			printable(s.Name), someOf(s.Classes), someOf(classes))
	}
	numbered = s.subset(keep)
	numbered.Classes = slices.Clone(classes)
	for i, l := range numbered.Labels {
		numbered.Labels[i] = output[l]
	}
	return numbered, leftOut, nil
}
