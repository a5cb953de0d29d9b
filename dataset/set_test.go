package dataset

import (
	"slices"
	"sync"
	"testing"
)

var _ Examples = (*Set)(nil)

func TestNewSetRefuses(t *testing.T) {
	prep := MNISTPreprocessing()
	bad := prep
	bad.Std = 0
	for _, c := range []struct {
		reason  string
		shape   []int
		pixels  int
		labels  []int
		classes []string
		prep    Preprocessing
		kind    error
		part    string
	}{
		{"no images", []int{1, 2, 2}, 0, nil, []string{"a"}, prep, ErrFormat, "images"},
		{"two dimensions", []int{2, 2}, 4, []int{0}, []string{"a"}, prep, ErrFormat, "shape"},
		{"a dimension of 0", []int{1, 0, 2}, 0, []int{0}, []string{"a"}, prep, ErrFormat, "shape"},
		{"a negative dimension", []int{1, -2, -2}, 4, []int{0}, []string{"a"}, prep, ErrFormat, "shape"},
		{"a product that overflows", []int{1 << 31, 1 << 31, 4}, 4, []int{0}, []string{"a"}, prep, ErrFormat, "pixels"},
		{"too few pixels", []int{1, 2, 2}, 3, []int{0}, []string{"a"}, prep, ErrFormat, "pixels"},
		{"too many pixels", []int{1, 2, 2}, 5, []int{0}, []string{"a"}, prep, ErrFormat, "pixels"},
		{"a label too large", []int{1, 2, 2}, 8, []int{0, 1}, []string{"a"}, prep, ErrFormat, "label 1: found 1"},
		{"a negative label", []int{1, 2, 2}, 4, []int{-1}, []string{"a"}, prep, ErrFormat, "label 0: found -1"},
		{"no classes", []int{1, 2, 2}, 4, []int{0}, nil, prep, ErrFormat, "classes"},
		{"a class twice", []int{1, 2, 2}, 4, []int{0}, []string{"a", "a"}, prep, ErrFormat, "class 1: found the name a a second time"},
		{"a class of no name", []int{1, 2, 2}, 4, []int{0}, []string{""}, prep, ErrFormat, "class 0"},
		{"a name of two lines", []int{1, 2, 2}, 4, []int{0}, []string{"a\nb"}, prep, ErrFormat, "class 0"},
		{"no deviation", []int{1, 2, 2}, 4, []int{0}, []string{"a"}, bad, ErrArgument, "std"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			_, err := NewSet("some\nset", c.shape, make([]byte, c.pixels), c.labels, c.classes, c.prep)
			wantErr(t, err, c.kind, c.part, "found")
		})
	}
}

func TestGather(t *testing.T) {
	s := ramp(t, 30)
	part, err := s.Filter(Classes{"c"})
	check(t, err)
	table := s.Prep.table(0)
	dst := make([]float32, 3*4)
	part.Gather(dst, []int{9, 0, 9})
	for i, number := range []int{29, 2, 29} { // the tenth and the first c
		if want := table[number]; dst[4*i] != want || dst[4*i+1] != table[0] {
			t.Errorf("image %d: found %v, expected the first pixel to be %v", i, dst[4*i:4*i+4], want)
		}
	}
	s.Prep.Mean = 0
	s.Gather(dst[:4], []int{3})
	if want := s.Prep.table(0)[3]; dst[0] != want {
		t.Errorf("after another Prep: found %v, expected %v", dst[0], want)
	}
	part.Gather(nil, nil)
}

func TestGatherPanicsOnWrongLength(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("found no panic")
		}
	}()
	ramp(t, 3).Gather(make([]float32, 7), []int{0, 1})
}

func TestGatherConcurrently(t *testing.T) {
	s := ramp(t, 30)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			dst := make([]float32, 4)
			for i := range s.Len() {
				s.Gather(dst, []int{i})
			}
		})
	}
	wg.Wait()
}

func TestGatherAllocatesNoImages(t *testing.T) {
	s, indices, dst := ramp(t, 30), []int{1, 2, 3}, make([]float32, 12)
	if n := testing.AllocsPerRun(10, func() { s.Gather(dst, indices) }); n > 1 {
		t.Errorf("found %v allocations, expected at most that of the table", n)
	}
}

func TestHash(t *testing.T) {
	base := ramp(t, 30).Hash()
	if ramp(t, 30).Hash() != base {
		t.Error("equal sets hash differently")
	}
	for reason, spoil := range map[string]func(*Set){
		"a pixel":           func(s *Set) { s.Pixels[7]++ },
		"a label":           func(s *Set) { s.Labels[0] = 1 },
		"a class name":      func(s *Set) { s.Classes[1] = "x" },
		"another shape":     func(s *Set) { s.Shape = []int{1, 1, 4} },
		"moved name border": func(s *Set) { s.Classes = []string{"ab", "", "c"} },
		"another order":     func(s *Set) { *s = *s.subset([]int{1, 0}) },
	} {
		s := ramp(t, 30)
		spoil(s)
		if s.Hash() == base {
			t.Errorf("%s does not change the hash", reason)
		}
	}
	renamed := ramp(t, 30)
	renamed.Name, renamed.Prep = "other", Preprocessing{}
	if renamed.Hash() != base {
		t.Error("name or preprocessing change the hash")
	}
	all := slices.Repeat([]int{0}, 30)
	for i := range all {
		all[i] = i
	}
	if ramp(t, 30).subset(all).Hash() != base {
		t.Error("a part that is the whole hashes differently")
	}
}

func TestExampleShapeIsACopy(t *testing.T) {
	s := ramp(t, 3)
	s.ExampleShape()[0] = 9
	if s.Shape[0] != 1 {
		t.Error("the set's shape was changed")
	}
}
