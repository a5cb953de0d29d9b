package dataset

import (
	"testing"

	"github.com/pkg/errors"
)

func TestChanges(t *testing.T) {
	train, _, err := Open("sample", Options{})
	if err != nil {
		t.Fatal(err)
	}
	shift := Augmentation{Shift: true}
	for _, test := range []struct {
		changes Changes
		words   string
		times   int
		varying bool
	}{
		{Changes{}, "", 1, false}, {Changes{How: shift}, "shift", 1, true}, {Changes{shift, 3}, "shift in 3 copies", 4, false},
	} {
		got, err := test.changes.Of(train, 1)
		if err != nil {
			t.Fatal(err)
		}
		_, varying := got.(Varying)
		if got.Len() != test.times*train.Len() || varying != test.varying || test.changes.String() != test.words {
			t.Errorf("%+v: found %d images, varying %t, %q", test.changes, got.Len(), varying, test.changes)
		}
		if _, err := test.changes.Of(nil, 1); !errors.Is(err, ErrArgument) {
			t.Errorf("%+v of nothing: found %v, expected ErrArgument", test.changes, err)
		}
	}
	if _, err := (Changes{shift, -1}).Of(train, 1); !errors.Is(err, ErrArgument) {
		t.Errorf("found %v, expected ErrArgument", err)
	}
}
