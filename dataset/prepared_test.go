package dataset

import (
	"errors"
	"slices"
	"testing"
)

func TestPrepared(t *testing.T) {
	light := MNISTPreprocessing()
	dark := Preprocessing{Scale: 1, Mean: 0, Std: 1, Polarity: DarkOnLight}
	set, err := NewSet("set", []int{1, 1, 3}, []byte{0, 100, 255, 1, 2, 3}, []int{0, 1}, []string{"a", "b"}, light)
	if err != nil {
		t.Fatal(err)
	}
	numbers := func(s *Set) []float32 {
		out := make([]float32, 6)
		s.Gather(out, []int{0, 1})
		return out
	}
	negative, err := set.Prepared(dark)
	if err != nil {
		t.Fatal(err)
	}
	if found := numbers(negative); !slices.Equal(found, []float32{255, 155, 0, 254, 253, 252}) || negative.Prep != dark {
		t.Errorf("the other polarity: found %v and %+v", found, negative.Prep)
	}
	if set.Pixels[0] != 0 || set.Prep != light {
		t.Error("the set itself is changed")
	}
	back, err := negative.Prepared(light)
	if err != nil || !slices.Equal(numbers(back), numbers(set)) || back.Hash() != set.Hash() {
		t.Errorf("there and back: found %v (%v), expected %v", numbers(back), err, numbers(set))
	}
	same, err := set.Prepared(Preprocessing{Scale: 1, Std: 1, Polarity: LightOnDark})
	if err != nil || !slices.Equal(numbers(same), []float32{0, 100, 255, 1, 2, 3}) {
		t.Errorf("the same polarity: found %v and %v", numbers(same), err)
	}
	colours, err := NewSet("set", []int{3, 1, 1}, []byte{0, 100, 255}, []int{0}, []string{"a"}, light)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := colours.Prepared(dark); !errors.Is(err, ErrArgument) {
		t.Errorf("colours: found %v, expected ErrArgument", err)
	}
	if _, err := set.Prepared(Preprocessing{}); !errors.Is(err, ErrArgument) {
		t.Errorf("no preprocessing: found %v, expected ErrArgument", err)
	}
}
