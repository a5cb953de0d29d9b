package dataset

import (
	"maps"
	"math"
	"slices"
	"testing"
)

func TestLimitIsBalancedNestedAndSeeded(t *testing.T) {
	s := ramp(t, 60)
	small, err := s.Limit(20, 7)
	check(t, err)
	if got := small.Counts(); !slices.Equal(got, []int{7, 7, 6}) {
		t.Errorf("found %v images a class, expected the remainder in the first ones: 7 7 6", got)
	}
	again, err := s.Limit(20, 7)
	check(t, err)
	if !slices.Equal(numbers(small), numbers(again)) {
		t.Error("the same seed drew other images")
	}
	other, err := s.Limit(20, 8)
	check(t, err)
	if slices.Equal(numbers(small), numbers(other)) {
		t.Error("another seed drew the same images")
	}
	if !slices.IsSorted(numbers(small)) {
		t.Error("the order of the set was not kept")
	}
	large, err := s.Limit(40, 7)
	check(t, err)
	for _, n := range numbers(small) {
		if !slices.Contains(numbers(large), n) {
			t.Errorf("image %d is in the draw of 20, and not in that of 40", n)
		}
	}
	for i, n := range numbers(small) {
		if small.Label(i) != n%3 {
			t.Errorf("image %d: found label %d, expected %d", n, small.Label(i), n%3)
		}
	}
}

func TestLimitRefuses(t *testing.T) {
	s := ramp(t, 10) // 4, 3 and 3 of a class
	for _, n := range []int{-1, 0, 2} {
		_, err := s.Limit(n, 1)
		wantErr(t, err, ErrArgument, "ramp", "limit")
	}
	_, err := s.Limit(11, 1)
	wantErr(t, err, ErrClass, "class b", "found 3", "expected at least 4")
	_, err = s.Limit(math.MaxInt, 1)
	wantErr(t, err, ErrClass)
	whole, err := s.Limit(10, 1)
	check(t, err)
	if whole.Hash() != s.Hash() {
		t.Error("a limit of all images is not the set")
	}
}

func TestSplitIsStratifiedAndWhole(t *testing.T) {
	s := ramp(t, 100) // 34, 33 and 33 of a class
	train, validation, err := s.Split(0.2, 5)
	check(t, err)
	if got := validation.Counts(); !slices.Equal(got, []int{7, 7, 7}) {
		t.Errorf("found %v validation images a class, expected 7 7 7", got)
	}
	both := append(numbers(train), numbers(validation)...)
	slices.Sort(both)
	if !slices.Equal(both, numbers(s)) {
		t.Error("the parts together are not the set")
	}
	again, _, err := s.Split(0.2, 5)
	check(t, err)
	other, _, err := s.Split(0.2, 6)
	check(t, err)
	if again.Hash() != train.Hash() || other.Hash() == train.Hash() {
		t.Error("the seed does not decide the split")
	}
}

func TestSplitOfFewImages(t *testing.T) {
	for _, c := range []struct {
		images     int
		fraction   float64
		validation []int
	}{
		{4, 0.01, []int{1, 0, 0}}, // 2, 1 and 1 of a class
		{4, 0.99, []int{1, 0, 0}},
		{6, 0.5, []int{1, 1, 1}},
	} {
		train, validation, err := ramp(t, c.images).Split(c.fraction, 1)
		check(t, err)
		if got := validation.Counts(); !slices.Equal(got, c.validation) {
			t.Errorf("%d images, fraction %v: found %v, expected %v", c.images, c.fraction, got, c.validation)
		}
		if slices.Contains(train.Counts(), 0) {
			t.Errorf("%d images, fraction %v: a class lost its last training image", c.images, c.fraction)
		}
	}
	_, _, err := ramp(t, 3).Split(0.5, 1)
	wantErr(t, err, ErrArgument, "two images")
}

func TestSplitRefuses(t *testing.T) {
	for _, f := range []float64{-1, 0, 1, 2, math.NaN(), math.Inf(1)} {
		_, _, err := ramp(t, 30).Split(f, 1)
		wantErr(t, err, ErrArgument, "fraction")
	}
}

func TestPartsShareAndStack(t *testing.T) {
	s := ramp(t, 90)
	part, err := s.Filter(Classes{"b", "c"})
	check(t, err)
	part, err = part.Limit(20, 3)
	check(t, err)
	train, validation, err := part.Split(0.5, 3)
	check(t, err)
	if &train.Pixels[0] != &s.Pixels[0] || &validation.Pixels[0] != &s.Pixels[0] {
		t.Error("the pixels were copied")
	}
	seen := map[int]bool{}
	for _, half := range []*Set{train, validation} {
		for i, n := range numbers(half) {
			seen[n] = true
			if name := half.Classes[half.Label(i)]; name != s.Classes[n%3] {
				t.Errorf("image %d: found class %s, expected %s", n, name, s.Classes[n%3])
			}
		}
	}
	if len(seen) != 20 {
		t.Errorf("found %d images in the halves, expected 20: %v", len(seen), slices.Sorted(maps.Keys(seen)))
	}
	train.Labels[0] = 1 - train.Labels[0]
	if got := s.Counts(); !slices.Equal(got, []int{30, 30, 30}) {
		t.Error("a part shares its labels with the whole")
	}
}
