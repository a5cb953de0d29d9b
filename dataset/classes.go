package dataset

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// Classes is a list of label names, as ParseClasses reads it from "0-4" or "cat,dog".
type Classes []string

// maxClasses bounds how many classes a set or a list of them has.
const maxClasses = 10000

// ParseClasses reads names and ranges of numbers separated by commas: "0-4", "5,7,9", "0-4,7",
// "cat,dog". A dash is a range only between two numbers, so "t-shirt" is a name. Names are brought to
// Unicode's form NFC; spaces around them are dropped, and a name that holds a comma cannot be given.
// A name that is empty or does not fit a line, a class given twice, a range that runs backwards or
// over 10,000 classes is an ErrClass.
func ParseClasses(s string) (Classes, error) {
	var list Classes
	seen := map[string]bool{}
	for item := range strings.SplitSeq(s, ",") {
		item = strings.TrimSpace(item)
		names, err := parseItem(item)
		if err != nil {
			return nil, err
		}
		if len(list)+len(names) > maxClasses {
			return nil, errors.Wrapf(ErrClass, "classes: %s brings them over %d", printable(item), maxClasses)
		}
		for _, name := range names {
			if seen[name] {
				return nil, errors.Wrapf(ErrClass, "classes: %s is given twice", printable(name))
			}
			seen[name] = true
		}
		list = append(list, names...)
	}
	return list, nil
}

// parseItem returns the classes of one name or one range.
func parseItem(item string) (Classes, error) {
	if item == "" {
		return nil, errors.Wrap(ErrClass, `classes: found an empty name, expected such as "0-4", "5,7,9" or "cat,dog"`)
	}
	item, err := ClassName(item)
	if err != nil {
		return nil, err
	}
	first, last, dash := strings.Cut(item, "-")
	first, last = strings.TrimSpace(first), strings.TrimSpace(last)
	if !dash || !isDigits(first) || !isDigits(last) {
		return Classes{item}, nil
	}
	shown := printable(item)
	from, err1 := parseNumber(first)
	to, err2 := parseNumber(last)
	switch {
	case err1 != nil || err2 != nil:
		return nil, errors.Wrapf(ErrClass, "classes: range %s: expected two whole numbers from 0 without leading zeros", shown)
	case from > to:
		return nil, errors.Wrapf(ErrClass, "classes: range %s runs backwards, expected %d-%d", shown, to, from)
	case to-from >= maxClasses:
		return nil, errors.Wrapf(ErrClass, "classes: range %s: expected at most %d classes", shown, maxClasses)
	}
	var names Classes
	for n := from; n <= to; n++ {
		names = append(names, strconv.Itoa(n))
	}
	return names, nil
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// parseNumber reads a number only in the form that Itoa writes: "01" is a name, not the number 1.
func parseNumber(s string) (int, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err == nil && strconv.Itoa(int(n)) != s {
		err = strconv.ErrSyntax
	}
	return int(n), err
}

// checkClassNames returns an ErrFormat unless there are names, and each of them once. What they are
// made of is not its matter: a network's file may state names that no folder can have.
func checkClassNames(names []string) error {
	if len(names) == 0 || len(names) > maxClasses {
		return errors.Wrapf(ErrFormat, "classes: found %d, expected 1 to %d", len(names), maxClasses)
	}
	if i := repeated(canonicalNames(names)); i >= 0 {
		return errors.Wrapf(ErrFormat, "class %d: found the name %s a second time, expected distinct ones", i, printable(names[i]))
	}
	return nil
}

// Filter returns the images of these classes, with labels renumbered from 0 in the order that the
// classes have in s, whatever their order in c. The new Classes holds their names, so it is the
// mapping back. Names are compared in Unicode's form NFC. An ErrClass names the classes that s lacks
// and lists those it has.
func (s *Set) Filter(c Classes) (*Set, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if len(c) == 0 {
		return nil, errors.Wrapf(ErrClass, "%s: found no classes to keep, expected some of %s", printable(s.Name), someOf(s.Classes))
	}
	wanted, own := canonicalNames(c), canonicalNames(s.Classes)
	if i := repeated(wanted); i >= 0 {
		return nil, errors.Wrapf(ErrClass, "%s: %s is given twice", printable(s.Name), printable(c[i]))
	}
	if missing := slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return slices.Contains(own, name) }); len(missing) > 0 {
		return nil, errors.Wrapf(ErrClass, "%s: there is no class %s, expected some of %s",
			printable(s.Name), someOf(missing), someOf(s.Classes))
	}
	renumbered := make([]int, len(s.Classes)) // new label by old one, -1 for those left out
	var names []string
	for old, name := range own {
		renumbered[old] = -1
		if slices.Contains(wanted, name) {
			renumbered[old] = len(names)
			names = append(names, s.Classes[old])
		}
	}
	var keep []int
	for i, l := range s.Labels {
		if renumbered[l] >= 0 {
			keep = append(keep, i)
		}
	}
	if keep == nil {
		return nil, errors.Wrapf(ErrClass, "%s: class %s: found no images", printable(s.Name), someOf(names))
	}
	kept := s.subset(keep)
	kept.Classes = names
	for i, l := range kept.Labels {
		kept.Labels[i] = renumbered[l]
	}
	return kept, nil
}

// String lists the classes for a message, the first twenty of them.
func (c Classes) String() string { return someOf(c) }

// someOf lists names for a message, the first twenty of them.
func someOf(names []string) string {
	const most = 20
	shown := make([]string, 0, most)
	for _, name := range names[:min(len(names), most)] {
		shown = append(shown, printable(name))
	}
	list := strings.Join(shown, ", ")
	if more := len(names) - most; more > 0 {
		list += " and " + strconv.Itoa(more) + " more"
	}
	return list
}
