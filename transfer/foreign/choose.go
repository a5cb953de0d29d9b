package foreign

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// recognise returns the layout, how it is known, and what each layer takes.
// All layouts are tried. If just one fits, it is that; if several do, and they
// come to the same numbers, any is right; otherwise the names decide.
func recognise(m matcher, said Layout, tensors []*weightfile.Tensor) (Layout, string, []pair, error) {
	if said != "" {
		m.layout = said
		pairs, err := m.match()
		return said, "as told", pairs, err
	}
	fitting := map[Layout][]pair{}
	failed := map[Layout]error{}
	for _, l := range Layouts() {
		m.layout = l
		if pairs, err := m.match(); err == nil {
			fitting[l] = pairs
		} else {
			failed[l] = err
		}
	}
	named := layoutOfNames(tensors)
	if len(fitting) == 0 {
		return "", "", nil, closest(failed, named)
	}
	layouts := slices.Sorted(maps.Keys(fitting))
	layout, reason := layouts[0], "the only one that the shapes fit"
	if _, ok := fitting[named]; ok {
		layout = named
	}
	switch {
	case len(fitting) == 1:
	case sameNumbers(fitting):
		reason = "others come to the same for these layers"
	case layout == named:
		reason = "the shapes fit others too, the names are of this one"
	default:
		return "", "", nil, errors.Wrapf(ErrAmbiguous, "the shapes fit the layouts %v, and the names do not tell; choose the layout", layouts)
	}
	return layout, reason, fitting[layout], nil
}

// closest returns the error of the layout that the names are of, otherwise the
// shortest, which has the least to complain of.
func closest(failed map[Layout]error, named Layout) error {
	best, ok := failed[named]
	for _, l := range Layouts() {
		if !ok && (best == nil || len(failed[l].Error()) < len(best.Error())) {
			best = failed[l]
		}
	}
	return best
}

// sameNumbers reports whether all layouts take the same tensors in the same
// way.
func sameNumbers(fitting map[Layout][]pair) bool {
	var first []pair
	for _, pairs := range fitting {
		if first == nil {
			first = pairs
		}
		if !reflect.DeepEqual(first, pairs) {
			return false
		}
	}
	return true
}

// layoutOfNames returns the layout whose names all the tensors bear, or "".
func layoutOfNames(tensors []*weightfile.Tensor) Layout {
	endings := map[Layout][]string{Ours: {"/W", "/b"}, PyTorch: {".weight", ".bias"}, TensorFlow: {"/kernel", "/bias", "/kernel:0", "/bias:0"}}
	for _, l := range Layouts() {
		foreign := func(t *weightfile.Tensor) bool {
			return !slices.ContainsFunc(endings[l], func(e string) bool { return strings.HasSuffix(t.Name, e) })
		}
		if len(tensors) > 0 && !slices.ContainsFunc(tensors, foreign) {
			return l
		}
	}
	return ""
}
