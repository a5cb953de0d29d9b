package dataset

import (
	"slices"

	"github.com/pkg/errors"
)

// Relabel returns the set with its labels numbered as in classes, which must
// hold every class of s: the outputs of a network that knows more classes, or
// knows them in another order. An ErrClass names the classes that are not
// there.
func (s *Set) Relabel(classes []string) (*Set, error) {
	number := make([]int, len(s.Classes))
	var missing []string
	for old, name := range s.Classes {
		if number[old] = slices.Index(classes, name); number[old] < 0 {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return nil, errors.Wrapf(ErrClass, "%s: found class %s, expected only %s", printable(s.Name), someOf(missing), someOf(classes))
	}
	relabelled := *s
	relabelled.Classes = slices.Clone(classes)
	relabelled.Labels = make([]int, len(s.Labels))
	for i, l := range s.Labels {
		relabelled.Labels[i] = number[l]
	}
	return &relabelled, nil
}
