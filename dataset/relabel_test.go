package dataset

import (
	"slices"
	"testing"
)

func TestRelabel(t *testing.T) {
	s := ramp(t, 6) // a b c a b c
	got, err := s.Relabel([]string{"c", "x", "a", "b"})
	check(t, err)
	if want := []int{2, 3, 0, 2, 3, 0}; !slices.Equal(got.Labels, want) || !slices.Equal(numbers(got), numbers(s)) {
		t.Errorf("found labels %v of images %v, expected %v", got.Labels, numbers(got), want)
	}
	if !slices.Equal(s.Labels, []int{0, 1, 2, 0, 1, 2}) {
		t.Errorf("the set itself was relabelled: %v", s.Labels)
	}
	_, err = s.Relabel([]string{"a", "x"})
	wantErr(t, err, ErrClass, "found class b, c", "expected only a, x")
}
