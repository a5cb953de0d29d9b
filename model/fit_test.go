package model_test

import (
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
