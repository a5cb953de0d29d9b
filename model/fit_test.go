package model_test

import (
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// TestFitPolarity: a network gets grey images as those that trained it, whatever
// theirs are.
func TestFitPolarity(t *testing.T) {
	n := &model.Network{Spec: model.Spec{Input: []int{1, 1, 2}}, Classes: []string{"a", "b"}, Prep: dataset.MNISTPreprocessing()}
	prep := n.Prep
	prep.Polarity = dataset.DarkOnLight
	grey, err := dataset.NewSet("grey", []int{1, 1, 2}, []byte{255, 250, 0, 255}, []int{1, 0}, []string{"b", "a"}, prep)
	if err != nil {
		t.Fatal(err)
	}
	fitted, leftOut, err := n.Fit(grey)
	if err != nil || len(leftOut) > 0 || fitted.Prep != n.Prep || string(fitted.Image(0)) != "\x00\x05" || fitted.Label(0) != 0 {
		t.Errorf("found %+v, %v left out, %v, expected the negatives, a before b", fitted, leftOut, err)
	}
	coloured, err := dataset.NewSet("coloured", []int{3, 1, 2}, make([]byte, 6), []int{0}, []string{"a"}, prep)
	if err != nil {
		t.Fatal(err)
	}
	n.Spec.Input = []int{3, 1, 2}
	if _, _, err := n.Fit(coloured); !errors.Is(err, model.ErrData) {
		t.Errorf("coloured images of another polarity: found the error %v, expected ErrData", err)
	}
}

// TestFitAll: a training that goes on takes the network's classes in whatever
// order, and no others.
func TestFitAll(t *testing.T) {
	n := &model.Network{Spec: model.Spec{Input: []int{1, 1, 1}}, Classes: []string{"a", "b"}, Prep: dataset.MNISTPreprocessing()}
	for _, test := range []struct {
		classes []string
		says    string // "" where they fit
	}{
		{[]string{"b", "a"}, ""},
		{[]string{"a", "c"}, "does not know c, only a, b"},
		{[]string{"c", "d"}, "does not know c, d"},
		{[]string{"a", "b", "c"}, "2 classes"},
	} {
		set, err := dataset.NewSet("set", []int{1, 1, 1}, []byte{7, 8}, []int{0, 1}, test.classes, n.Prep)
		if err != nil {
			t.Fatal(err)
		}
		fitted, err := n.FitAll(set)
		switch {
		case test.says == "" && (err != nil || fitted.Label(0) != 1 || fitted.Label(1) != 0):
			t.Errorf("%v: found %+v, %v, expected b and a by the network's numbers", test.classes, fitted, err)
		case test.says != "" && (!errors.Is(err, model.ErrData) || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%v: found the error %v, expected an ErrData that says %q", test.classes, err, test.says)
		}
	}
	if _, err := (*model.Network)(nil).FitAll(nil); !errors.Is(err, model.ErrNetwork) {
		t.Errorf("found %v, expected ErrNetwork", err)
	}
	if _, err := n.FitAll(nil); !errors.Is(err, model.ErrData) {
		t.Errorf("found %v, expected ErrData", err)
	}
}

// TestFresh: a fresh network has the classes and the input of the data, and is
// the same for the same seed.
func TestFresh(t *testing.T) {
	data, _, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if data, err = data.Filter(dataset.Classes{"3", "5", "8"}); err != nil {
		t.Fatal(err)
	}
	a, err := model.Fresh(model.DeepMNIST(), data, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := model.Fresh(model.DeepMNIST(), data, 1)
	c, _ := model.Fresh(model.DeepMNIST(), data, 2)
	if a.Spec.Classes() != 3 || a.Prep != data.Prep || a.Seen.Len() == 0 {
		t.Errorf("found %d classes, %+v, %d images seen, expected those of the data", a.Spec.Classes(), a.Prep, a.Seen.Len())
	}
	if h := a.Weights.Hash("fc2/W"); h != b.Weights.Hash("fc2/W") || h == c.Weights.Hash("fc2/W") {
		t.Error("expected the same weights of the same seed, and others of another")
	}
	one, err := data.Filter(dataset.Classes{"3"})
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []*dataset.Set{one, nil} {
		if _, err := model.Fresh(model.DeepMNIST(), data, 1); !errors.Is(err, model.ErrData) {
			t.Errorf("found %v, expected ErrData", err)
		}
	}
}
