package model_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// TestNil hands nil to all that takes a pointer, a function or an interface.
func TestNil(t *testing.T) {
	w := mustInit(t, small(), 1)
	var none *model.Weights
	unset := w.Clone()
	unset.Set("fc2/W", nil)
	strange := w.Clone()
	strange.Set("fc3/W", nil)
	build := func(w *model.Weights, opts ...model.Option) error {
		_, err := model.Build(smallnet.Of(small(), w), model.All(), opts...)
		return err
	}
	_, noSource := model.Init(small(), nil)
	for _, test := range []struct {
		reason string
		err    error
		cause  error // nil: no sentinel
	}{
		{"Build, no weights", build(none), model.ErrWeights},
		{"Build, zero weights", build(&model.Weights{}), model.ErrWeights},
		{"Build, no tensor", build(unset), model.ErrWeights},
		{"Build, no option", build(w, nil), nil},
		{"Check, no weights", none.Check(small()), model.ErrWeights},
		{"Check, no tensor of an unknown name", strange.Check(small()), model.ErrWeights},
		{"Check, a copy of it", strange.Clone().Check(small()), model.ErrWeights},
		{"Check, a copy of nothing", none.Clone().Check(small()), model.ErrWeights},
		{"Init, no source", noSource, nil},
		{"Reinit, no source", model.Reinit(small(), w, []string{"fc2"}, nil), nil},
		{"Reinit, no weights", model.Reinit(small(), none, []string{"fc2"}, newRand(1)), model.ErrWeights},
	} {
		if test.err == nil || test.cause != nil && !errors.Is(test.err, test.cause) {
			t.Errorf("%s: found error %v, expected one of cause %v", test.reason, test.err, test.cause)
		}
	}
	if none.Names() != nil || none.Get("fc1/W") != nil || none.Hash("fc1/W") != w.Hash("fc9/W") {
		t.Error("no weights: found something in them")
	}
	zero := &model.Weights{}
	for _, name := range w.Names() {
		zero.Set(name, w.Get(name))
	}
	if err := zero.Check(small()); err != nil {
		t.Errorf("zero weights that were filled: %v", err)
	}
}

// TestCheckWeights sets a weight after Build: the graph keeps the old tensor,
// and says so.
func TestCheckWeights(t *testing.T) {
	for _, name := range []string{"conv1/W", "fc2/W"} {
		w := mustInit(t, small(), 1)
		net := mustBuild(t, small(), w, model.Last(1))
		if err := net.CheckWeights(); err != nil {
			t.Fatal(err)
		}
		old := w.Get(name)
		w.SetValues(name, old.Shape(), append([]float32(nil), old.Float32s()...))
		if err := net.CheckWeights(); !errors.Is(err, model.ErrWeights) {
			t.Errorf("%s: found error %v, expected ErrWeights", name, err)
		}
		w.Set(name, old)
		if err := net.CheckWeights(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
