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
	pick func(weighted []string) ([]string, error)
}

// String returns the selection in words.
func (s Selection) String() string { return s.text }

// All selects every layer that has weights.
func All() Selection {
	return Selection{"all layers", func(weighted []string) ([]string, error) { return weighted, nil }}
}

// None selects nothing: the graph is for evaluation, without dropout.
func None() Selection {
	return Selection{"no layer", func([]string) ([]string, error) { return nil, nil }}
}

// Last selects the last n layers that have weights.
func Last(n int) Selection {
	text := "the last layer"
	if n != 1 {
		text = "the last " + strconv.Itoa(n) + " layers"
	}
	return Selection{text, func(weighted []string) ([]string, error) {
		if n < 1 || n > len(weighted) {
			return nil, errors.Wrapf(ErrSelection, "last %d: expected 1 to %d, the layers with weights: %s", n, len(weighted), strings.Join(weighted, ", "))
		}
		return weighted[len(weighted)-n:], nil
	}}
}

// Train selects the layers whose names match one of the patterns, in the
// syntax of path.Match: "fc2", "fc*".
func Train(patterns ...string) Selection {
	return Selection{strings.Join(patterns, ","), func(weighted []string) ([]string, error) {
		chosen := map[string]bool{}
		for _, pattern := range patterns {
			matched := false
			for _, name := range weighted {
				ok, err := path.Match(pattern, name)
				if err != nil {
					return nil, errors.Wrapf(ErrSelection, "pattern %q: %v", pattern, err)
				}
				if ok {
					chosen[name], matched = true, true
				}
			}
			if !matched {
				return nil, errors.Wrapf(ErrSelection, "pattern %q matches no layer with weights; there are: %s", pattern, strings.Join(weighted, ", "))
			}
		}
		if len(chosen) == 0 {
			return nil, errors.Wrapf(ErrSelection, "no pattern given; the layers with weights are: %s", strings.Join(weighted, ", "))
		}
		var names []string
		for _, name := range weighted {
			if chosen[name] {
				names = append(names, name)
			}
		}
		return names, nil
	}}
}

// Resolve returns the names of the selected layers, from input to output.
// A selection that matches nothing, or a layer without weights, is an error
// that lists the layers there are; its cause is ErrSelection.
func (s Selection) Resolve(spec Spec) ([]string, error) {
	if s.pick == nil {
		return nil, errors.Wrap(ErrSelection, "the zero Selection: use All, None, Last or Train")
	}
	var weighted []string
	for _, l := range spec.Weighted() {
		weighted = append(weighted, l.Name)
	}
	return s.pick(weighted)
}

// Cut returns the index of the layer where the head begins when the named
// layers are trained: the lowest trained layer, or the first of the dropout
// layers directly below it. Layers below the cut never change and never see
// training mode, so their output can be computed once.
func (s Spec) Cut(trained []string) int {
	cut := len(s.Layers)
	for i, l := range s.Layers {
		if slices.Contains(trained, l.Name) {
			cut = i
			break
		}
	}
	for cut > 0 && cut < len(s.Layers) && s.Layers[cut-1].Kind == Dropout {
		cut--
	}
	return cut
}
