package dataset

import (
	"maps"
	"slices"
	"testing"
)

func TestNumbered(t *testing.T) {
	s := ramp(t, 6) // a b c a b c
	got, leftOut, err := s.Numbered([]string{"c", "x", "a", "b"})
	check(t, err)
	if want := []int{2, 3, 0, 2, 3, 0}; !slices.Equal(got.Labels, want) || !slices.Equal(numbers(got), numbers(s)) || leftOut != nil {
		t.Errorf("found labels %v of images %v, left out %v, expected %v", got.Labels, numbers(got), leftOut, want)
	}
	if !slices.Equal(got.Classes, []string{"c", "x", "a", "b"}) || !slices.Equal(s.Labels, []int{0, 1, 2, 0, 1, 2}) {
		t.Errorf("found the classes %v, and %v in the set itself", got.Classes, s.Labels)
	}
	same, _, err := s.Numbered(s.Classes)
	check(t, err)
	if same.Hash() != s.Hash() {
		t.Error("numbered as it is, the set became another one")
	}
}

func TestNumberedLeavesOut(t *testing.T) {
	s := ramp(t, 7) // a b c a b c a
	got, leftOut, err := s.Numbered([]string{"x", "b"})
	check(t, err)
	if !slices.Equal(numbers(got), []int{1, 4}) || !slices.Equal(got.Labels, []int{1, 1}) || !maps.Equal(leftOut, map[string]int{"a": 3, "c": 2}) {
		t.Errorf("found the images %v with the labels %v, left out %v", numbers(got), got.Labels, leftOut)
	}
	_, leftOut, err = s.Numbered([]string{"x", "y"})
	wantErr(t, err, ErrClass, "found images of a, b, c only", "some of x, y")
	if !maps.Equal(leftOut, map[string]int{"a": 3, "b": 2, "c": 2}) {
		t.Errorf("left out %v", leftOut)
	}
	_, _, err = s.Numbered([]string{"é", "a", "e\u0301"})
	wantErr(t, err, ErrClass, "two outputs named é")
}
