package model_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
)

func TestSelection(t *testing.T) {
	for _, test := range []struct {
		selection model.Selection
		words     string
		want      string
		cut       int // in the seed network, index of a layer
	}{
		{model.Last(1), "the last layer", "fc2", 8}, // with the dropout below it
		{model.Last(2), "the last 2 layers", "fc1 fc2", 6},
		{model.Last(4), "the last 4 layers", "conv1 conv2 fc1 fc2", 0},
		{model.All(), "all layers", "conv1 conv2 fc1 fc2", 0},
		{model.None(), "no layer", "", 10},
		{model.Layers("fc2"), "fc2", "fc2", 8},
		{model.Layers("fc*"), "fc*", "fc1 fc2", 6},
		{model.Layers("fc2", "conv1"), "fc2,conv1", "conv1 fc2", 0},
		{model.Layers("*1", "fc1"), "*1,fc1", "conv1 fc1", 0},
		{model.Layers("conv2"), "conv2", "conv2", 3},
		{model.Layers("[cf]*2"), "[cf]*2", "conv2 fc2", 3},
	} {
		got, err := test.selection.Resolve(model.DeepMNIST())
		if err != nil || !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("%s: found %q and error %v, expected %q", test.words, got, err, test.want)
		}
		if s := test.selection.String(); s != test.words {
			t.Errorf("found the words %q, expected %q", s, test.words)
		}
		if cut := len(cutOf(t, model.DeepMNIST(), got...).Trunk); cut != test.cut {
			t.Errorf("%s: found the cut at layer %d, expected %d", test.words, cut, test.cut)
		}
	}
}

// TestSelectionErrors makes sure that a selection which selects nothing is an
// error that lists the layers there are.
func TestSelectionErrors(t *testing.T) {
	const layers = "conv1, conv2, fc1, fc2"
	for _, test := range []struct {
		reason    string
		selection model.Selection
		says      []string
	}{
		{"no layer", model.Last(0), []string{"last 0", "1 to 4", layers}},
		{"below 0", model.Last(-1), []string{"last -1", layers}},
		{"more than there are", model.Last(5), []string{"last 5", layers}},
		{"no pattern", model.Layers(), []string{"no pattern", layers}},
		{"an empty pattern", model.Layers(""), []string{`""`, layers}},
		{"no such layer", model.Layers("fc3"), []string{`"fc3"`, layers}},
		{"one of two matches nothing", model.Layers("fc1", "classifier*"), []string{`"classifier*"`, layers}},
		{"a layer without weights", model.Layers("relu1"), []string{`"relu1"`, "no layer with weights", layers}},
		{"a weight's name", model.Layers("fc1/W"), []string{`"fc1/W"`, layers}},
		{"a broken pattern", model.Layers("fc["), []string{`"fc["`, "syntax"}},
		{"the zero value", model.Selection{}, []string{"zero Selection"}},
	} {
		_, err := test.selection.Resolve(model.DeepMNIST())
		wantError(t, test.reason, err, model.ErrSelection, test.says...)
		_, err = model.Build(smallnet.Of(small(), mustInit(t, small(), 1)), test.selection)
		wantError(t, test.reason+", in Build", err, model.ErrSelection)
	}
}

// TestCutTakesDropoutAlong makes sure that all dropout directly below the
// lowest trained layer belongs to the head, and no other layer does.
func TestCutTakesDropoutAlong(t *testing.T) {
	spec := small()
	spec.Layers = slices.Insert(spec.Layers, 6, model.Layer{Name: "drop3", Kind: model.Dropout{Rate: 0.1}})
	for trained, want := range map[string]int{"fc2": 6, "fc1": 3, "conv1": 0} {
		if cut := len(cutOf(t, spec, trained).Trunk); cut != want {
			t.Errorf("%s trained: found the cut at layer %d, expected %d", trained, cut, want)
		}
	}
}

func cutOf(t *testing.T, spec model.Spec, trained ...string) model.Cut {
	t.Helper()
	cut, err := spec.Cut(trained)
	if err != nil {
		t.Fatal(err)
	}
	return cut
}
