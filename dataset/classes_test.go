package dataset

import (
	"slices"
	"strings"
	"testing"
)

func TestParseClasses(t *testing.T) {
	for _, c := range []struct {
		text string
		want Classes
	}{
		{"0-4", Classes{"0", "1", "2", "3", "4"}},
		{"5,7,9", Classes{"5", "7", "9"}},
		{"0-2,7", Classes{"0", "1", "2", "7"}},
		{" 5 - 6 , 9 ", Classes{"5", "6", "9"}},
		{"3-3", Classes{"3"}},
		{"9-10", Classes{"9", "10"}},
		{"cat,dog", Classes{"cat", "dog"}},
		{"t-shirt", Classes{"t-shirt"}},
		{"a-1,1-b", Classes{"a-1", "1-b"}},
		{"01", Classes{"01"}},
		{"-3", Classes{"-3"}},
		{"1-2-3", Classes{"1-2-3"}},
		{"cafe\u0301", Classes{"café"}},
		{"👩\u200d🔬,می\u200cخواهم,New\u00a0York", Classes{"👩\u200d🔬", "می\u200cخواهم", "New\u00a0York"}},
	} {
		got, err := ParseClasses(c.text)
		check(t, err)
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: found %q, expected %q", c.text, got, c.want)
		}
	}
}

func TestParseClassesRefuses(t *testing.T) {
	for _, c := range []struct{ text, part string }{
		{"", "empty"},
		{"1,", "empty"},
		{",", "empty"},
		{"4-0", "expected 0-4"},
		{"1,1", "1 is given twice"},
		{"0-4,2", "2 is given twice"},
		{"0-10000", "at most 10000"},
		{"0-9999,a", "over 10000"},
		{"00-04", "leading zeros"},
		{"0-2147483647", "at most 10000"},
		{"0-99999999999999999999", "whole numbers"},
		{"a\nb", `"a\nb", expected printable characters`},
		{"caf\xe9", "UTF-8"},
		{"\u200d", "printable"},
		{"a\u202eb", "one line"},
		{"café,cafe\u0301", "café is given twice"},
		{strings.Repeat("0-9999,", 3), "over 10000"},
	} {
		_, err := ParseClasses(c.text)
		wantErr(t, err, ErrClass, c.part)
	}
}

func TestFilter(t *testing.T) {
	s := ramp(t, 9)
	for _, c := range []struct {
		keep    Classes
		classes []string
		images  []int
		labels  []int
	}{
		{Classes{"c", "a"}, []string{"a", "c"}, []int{0, 2, 3, 5, 6, 8}, []int{0, 1, 0, 1, 0, 1}},
		{Classes{"b"}, []string{"b"}, []int{1, 4, 7}, []int{0, 0, 0}},
		{Classes{"a", "b", "c"}, []string{"a", "b", "c"}, numbers(s), s.Labels},
	} {
		got, err := s.Filter(c.keep)
		check(t, err)
		if !slices.Equal(got.Classes, c.classes) || !slices.Equal(numbers(got), c.images) || !slices.Equal(got.Labels, c.labels) {
			t.Errorf("%v: found classes %v, images %v, labels %v", c.keep, got.Classes, numbers(got), got.Labels)
		}
	}
}

func TestFilterRefuses(t *testing.T) {
	s := ramp(t, 9)
	_, err := s.Filter(nil)
	wantErr(t, err, ErrClass, "a, b, c")
	_, err = s.Filter(Classes{"a", "cat", "dog"})
	wantErr(t, err, ErrClass, "no class cat, dog", "some of a, b, c")
	_, err = s.Filter(Classes{"é", "e\u0301"})
	wantErr(t, err, ErrClass, "twice")
	_, err = s.Filter(Classes{"a", "a"})
	wantErr(t, err, ErrClass, "twice")
	_, err = s.subset([]int{0, 1}).Filter(Classes{"c"})
	wantErr(t, err, ErrClass, "found no images")

	many, err := ParseClasses("0-99")
	check(t, err)
	_, err = s.Filter(many)
	wantErr(t, err, ErrClass, "18, 19 and 80 more")
}

func FuzzParseClasses(f *testing.F) {
	for _, seed := range []string{"0-4", "5,7,9", "0-4,7", "cat,dog", "", ",", "-", "4-0", "1,1", "00-1", "0-99999999999", "\xff", "a\nb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		classes, err := ParseClasses(text)
		if err != nil {
			wantErr(t, err, ErrClass)
			return
		}
		if len(classes) == 0 || len(classes) > maxClasses {
			t.Fatalf("found %d classes", len(classes))
		}
		sorted := slices.Sorted(slices.Values(classes))
		if len(slices.Compact(sorted)) != len(classes) || sorted[0] == "" {
			t.Fatalf("found a class twice or empty in %q", classes)
		}
		again, err := ParseClasses(strings.Join(classes, ","))
		check(t, err)
		if !slices.Equal(again, classes) {
			t.Fatalf("found %q, which reads as %q", classes, again)
		}
	})
}
