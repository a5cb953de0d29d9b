package model_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/reference"
	"gorgonia.org/tensor"
)

// oddSpecs are networks that exercise what the seed network does not.
func oddSpecs() map[string]model.Spec {
	return map[string]model.Spec{
		"small": small(),
		"dense layers only, ReLU on the input": {Input: []int{7}, Layers: []model.Layer{
			{Name: "r0", Kind: model.ReLU{}}, {Name: "d1", Kind: model.Dense{Out: 9}}, {Name: "d2", Kind: model.Dense{Out: 4}},
		}},
		"one layer": {Input: []int{2, 3, 4}, Layers: []model.Layer{{Name: "d", Kind: model.Dense{Out: 3}}}},
		"not square, strides, pools that overlap, ReLU behind the pool": {Input: []int{2, 11, 14}, Layers: []model.Layer{
			{Name: "c1", Kind: model.Conv{Out: 5, Kernel: model.Sides{3}, Stride: model.Sides{2}, Pad: model.Sides{1}}}, // [5,6,7]
			{Name: "p1", Kind: model.MaxPool{Kernel: model.Sides{3}, Stride: model.Sides{2}}},                           // [5,2,3]
			{Name: "r1", Kind: model.ReLU{}},
			{Name: "c2", Kind: model.Conv{Out: 4, Kernel: model.Sides{1}, Stride: model.Sides{1}}}, // [4,2,3]
			{Name: "r2", Kind: model.ReLU{}},
			{Name: "r3", Kind: model.ReLU{}},
			{Name: "d1", Kind: model.Dense{Out: 6}},
		}},
		"pools without ReLU, of one, and that leave rows out": {Input: []int{1, 10, 9}, Layers: []model.Layer{
			{Name: "p0", Kind: model.MaxPool{Kernel: model.Sides{2}, Stride: model.Sides{1}}},      // [1,9,8]
			{Name: "c1", Kind: model.Conv{Out: 3, Kernel: model.Sides{2}, Stride: model.Sides{1}}}, // [3,8,7]
			{Name: "p1", Kind: model.MaxPool{Kernel: model.Sides{3}, Stride: model.Sides{3}}},      // [3,2,2]
			{Name: "p2", Kind: model.MaxPool{Kernel: model.Sides{1}, Stride: model.Sides{1}}},
			{Name: "drop", Kind: model.Dropout{Rate: 0.3}},
			{Name: "d1", Kind: model.Dense{Out: 8}},
			{Name: "r1", Kind: model.ReLU{}},
			{Name: "d2", Kind: model.Dense{Out: 2}},
		}},
	}
}

// TestAgainstGorgonia compares loss, logits and every gradient with the same
// network of Gorgonia's own operators in float64.
func TestAgainstGorgonia(t *testing.T) {
	specs := oddSpecs()
	specs["seed"] = model.DeepMNIST()
	const batch, tol = 4, 1e-5
	for _, name := range slices.Sorted(maps.Keys(specs)) {
		t.Run(name, func(t *testing.T) {
			spec := specs[name]
			w := mustInit(t, spec, 5)
			s := newStep(t, mustBuild(t, spec, w, model.All(), model.Batch(batch)))
			s.run(t, 6)
			ref := mustReference(t, s, batch)
			logits, err := ref.Logits()
			if err != nil {
				t.Fatal(err)
			}
			loss, err := reference.Values(ref.Loss.Value())
			if err != nil {
				t.Fatal(err)
			}
			check := func(what string, d float64) {
				t.Logf("largest difference: %s %.1e", what, d)
				if !(d <= tol) {
					t.Errorf("%s: the largest difference is %g, expected at most %g", what, d, tol)
				}
			}
			check("logits", difference(values(s.net.Logits()), logits, 1))
			check("loss", math.Abs(float64(s.loss.Value().Data().(float32))-loss[0]))
			for _, name := range w.Names() {
				want, err := ref.Gradient(name)
				if err != nil {
					t.Fatal(err)
				}
				check("gradient towards "+name, difference(values(s.grads[name]), want, 1e-3))
			}
		})
	}
}

// TestEvaluationAgainstGorgonia compares the logits of the graph for
// evaluation, where everything is a constant and dropout is not there.
func TestEvaluationAgainstGorgonia(t *testing.T) {
	for _, spec := range []model.Spec{model.DeepMNIST(), small()} {
		w := mustInit(t, spec, 8)
		net := mustBuild(t, spec, w, model.None(), model.Batch(3))
		fillImages(net.Images(), newRand(9))
		ref, err := reference.Build(spec, w, 3, tensor.Float64)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(ref.SetImages(net.Images()), ref.Run()); err != nil {
			t.Fatal(err)
		}
		want, err := ref.Logits()
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(evaluate(t, net), want, 1); !(d <= 1e-5) {
			t.Errorf("the largest difference is %g, expected at most 1e-5", d)
		}
	}
}

// mustReference runs the reference network on the step's batch.
func mustReference(t *testing.T, s *step, batch int) *reference.Net {
	t.Helper()
	ref, err := reference.Build(s.net.Spec(), s.net.Weights(), batch, tensor.Float64)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	must(ref.SetImages(s.net.Images()))
	must(ref.SetLabels(s.labels))
	for _, m := range s.net.Masks() {
		must(ref.SetMask(m.Layer, m.Values))
	}
	must(ref.Grad(s.net.TrainedWeights()...))
	must(ref.Run())
	return ref
}

// TestRestrictedGraph makes sure that a gradient restricted to the last layers is a
// smaller graph. That it has the same bits, package train's tests show.
func TestRestrictedGraph(t *testing.T) {
	w := mustInit(t, small(), 1)
	nodes := func(selection model.Selection) int {
		return len(newStep(t, mustBuild(t, small(), w, selection, model.Batch(2))).net.Scope().Graph().AllNodes())
	}
	last := 0
	for _, selection := range []model.Selection{model.Last(1), model.Last(2), model.All()} {
		n := nodes(selection)
		if n <= last {
			t.Errorf("%s: found %d nodes, expected more than %d", selection, n, last)
		}
		last = n
	}
}

// TestSmallBatch makes sure that the rows of a batch that is not full are
// computed as in a graph of their number.
func TestSmallBatch(t *testing.T) {
	w := mustInit(t, small(), 1)
	var results []string
	for _, capacity := range []int{3, 7} {
		s := newStep(t, mustBuild(t, small(), w, model.All(), model.Batch(capacity)))
		if err := s.net.Scope().SetRows(3); err != nil {
			t.Fatal(err)
		}
		fillImages(s.net.Images()[:3*64], newRand(1))
		copy(s.labels, []int{2, 0, 1})
		for _, m := range s.net.Masks() {
			fillMask(m.Values[:len(m.Values)/capacity*3], m.Rate, m.Layer)
		}
		run(t, s.vm)
		result := fmt.Sprint(s.loss.Value().Data(), values(s.net.Logits())[:9])
		for _, name := range w.Names() {
			result += fmt.Sprint(" ", name, values(s.grads[name]))
		}
		results = append(results, result)
	}
	if results[0] != results[1] {
		t.Errorf("found\n%s with a capacity of 7, expected\n%s", results[1], results[0])
	}
}
