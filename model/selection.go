package model

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// ErrSelection is the cause of errors about a Selection that does not fit the
// network.
var ErrSelection = errors.New("invalid selection of layers")

// Selection says which layers are trained. It is a value, chosen before the
// graph is built: it decides which weights enter the graph as variables and
// which as constants.
type Selection struct {
	text string
	pick func(c candidates) ([]string, error)
}

// candidates are the layers that can be trained, from input to output.
type candidates struct {
	names []string
	// main are the indices in names of the convolutions and dense layers, each
	// followed by those that go with it, such as its batch normalisation.
	main []int
}

// String returns the selection in words.
func (s Selection) String() string { return s.text }

// All selects every layer that has weights.
func All() Selection {
	return Selection{"all layers", func(c candidates) ([]string, error) { return c.names, nil }}
}

// None selects nothing: the graph is for evaluation, without dropout.
func None() Selection {
	return Selection{"no layer", func(candidates) ([]string, error) { return nil, nil }}
}

// Last selects the last n convolutions and dense layers, and with each the
// batch normalisation or PReLU that follows it.
func Last(n int) Selection {
	text := "the last layer"
	if n != 1 {
		text = "the last " + strconv.Itoa(n) + " layers"
	}
	return Selection{text, func(c candidates) ([]string, error) {
		if n < 1 || n > len(c.main) {
			return nil, errors.Wrapf(ErrSelection, "last %d: expected 1 to %d, the layers with weights: %s", n, len(c.main), c.list())
		}
		if n == len(c.main) {
			return c.names, nil
		}
		return c.names[c.main[len(c.main)-n]:], nil
	}}
}

// Layers selects the layers whose names match one of the patterns, in the
// syntax of path.Match: "fc2", "fc*". A batch normalisation or PReLU is selected
// when its own name matches.
func Layers(patterns ...string) Selection {
	return Selection{strings.Join(patterns, ","), func(c candidates) ([]string, error) {
		chosen := map[string]bool{}
		for _, pattern := range patterns {
			matched := false
			for _, name := range c.names {
				ok, err := path.Match(pattern, name)
				if err != nil {
					return nil, errors.Wrapf(ErrSelection, "pattern %q: %v", pattern, err)
				}
				if ok {
					chosen[name], matched = true, true
				}
			}
			if !matched {
				return nil, errors.Wrapf(ErrSelection, "pattern %q matches no layer with weights; there are: %s", pattern, c.list())
			}
		}
		if len(chosen) == 0 {
			return nil, errors.Wrapf(ErrSelection, "no pattern given; the layers with weights are: %s", c.list())
		}
		return slices.DeleteFunc(slices.Clone(c.names), func(name string) bool { return !chosen[name] }), nil
	}}
}

// list returns the names for an error, shortened where there are many.
func (c candidates) list() string {
	const most = 40
	if extra := len(c.names) - most; extra > 0 {
		return strings.Join(c.names[:most/2], ", ") + ", … " + strings.Join(c.names[len(c.names)-most/2:], ", ")
	}
	return strings.Join(c.names, ", ")
}

// Resolve returns the names of the selected layers, from input to output.
// A selection that matches nothing, or a layer without weights, is an error
// that lists the layers there are; its cause is ErrSelection.
func (s Selection) Resolve(spec Spec) ([]string, error) {
	if s.pick == nil {
		return nil, errors.Wrap(ErrSelection, "the zero Selection: use All, None, Last or Layers")
	}
	w, err := spec.wire()
	if err != nil {
		return nil, err
	}
	var c candidates
	main := w.mainLayers(spec)
	for i, l := range spec.Layers {
		if slices.Contains(main, i) {
			c.main = append(c.main, len(c.names))
		}
		if w.trainable(i) {
			c.names = append(c.names, l.Name)
		}
	}
	return s.pick(c)
}
