package model

import (
	"encoding/json"

	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
)

// Sides is a number for each side: [h,w] of a kernel, a stride or a dilation,
// [top,left,bottom,right] of a padding. One number stands for all of them,
// Sides{5}; in JSON it is a plain number. Nil is the kind's default.
type Sides []int

// IsZero reports whether there is nothing to write: no numbers, or only zeros.
func (s Sides) IsZero() bool {
	for _, n := range s {
		if n != 0 {
			return false
		}
	}
	return true
}

// MarshalJSON writes one number where all sides are equal, otherwise the list.
func (s Sides) MarshalJSON() ([]byte, error) {
	switch {
	case !s.square():
		return json.Marshal([]int(s))
	case len(s) == 0:
		return []byte("0"), nil
	}
	return json.Marshal(s[0])
}

// UnmarshalJSON reads a number or a list of numbers.
func (s *Sides) UnmarshalJSON(text []byte) error {
	var one int
	if json.Unmarshal(text, &one) == nil {
		*s = Sides{one}
		return nil
	}
	var list []int
	if err := json.Unmarshal(text, &list); err != nil || len(list) == 0 {
		return errors.Errorf("found %.60s, expected a whole number or a list of them", text)
	}
	*s = list
	return nil
}

// square reports whether all sides are equal.
func (s Sides) square() bool {
	for _, n := range s {
		if n != s[0] {
			return false
		}
	}
	return true
}

// pair returns height and width, or the default for both.
func (s Sides) pair(byDefault int) graphop.Pair {
	switch len(s) {
	case 0:
		return graphop.Both(byDefault)
	case 1:
		return graphop.Both(s[0])
	}
	return graphop.Pair{s[0], s[1]}
}

// around returns top, left, bottom and right.
func (s Sides) around() graphop.Pads {
	switch len(s) {
	case 0:
		return graphop.Pads{}
	case 1:
		return graphop.Around(s[0])
	}
	return graphop.Pads{s[0], s[1], s[2], s[3]}
}

// maxSide bounds every side that a spec may ask for, so that no sum or product
// of a few of them overflows.
const maxSide = 1 << 20

// check returns an error unless s has 1 or n numbers, or none where that is
// allowed, each from least to maxSide.
func (s Sides) check(field string, n, least int, optional bool) error {
	if len(s) == 0 && optional {
		return nil
	}
	if len(s) != 1 && len(s) != n {
		return errors.Errorf("found %s %v, expected one number or %d", field, []int(s), n)
	}
	for _, side := range s {
		if side < least || side > maxSide {
			return errors.Errorf("found %s %v, expected from %d to %d", field, []int(s), least, maxSide)
		}
	}
	return nil
}
