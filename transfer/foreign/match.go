package foreign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// pair is a layer of the spec and where its weights come from.
type pair struct {
	want         wanted
	how          arrangement // of the kernel
	kernel, bias *weightfile.Tensor
}

// matcher finds the tensors of a file that a spec's layers take in one layout.
type matcher struct {
	layout  Layout
	layers  []wanted
	groups  []*group
	ordered bool              // groups have no names, only their order
	mapped  map[string]*group // by layer, from Options.Map
	taken   map[string]*group // by layer
}

// match returns a pair for each layer, in the layers' order. Layers go by what
// was said, then by name, and the rest by shape. The error names each thing
// wanted and found.
func (m *matcher) match() ([]pair, error) {
	m.taken = map[string]*group{}
	for layer, g := range m.mapped {
		m.taken[layer] = g
	}
	if err := m.byName(); err != nil {
		return nil, err
	}
	if err := m.byShape(); err != nil {
		return nil, err
	}
	var pairs []pair
	var wrong []string
	for _, w := range m.layers {
		p := pair{want: w, how: m.layout.arrange(w)}
		if g := m.taken[w.layer]; g != nil {
			p.kernel, p.bias = g.kernel, g.bias
		}
		wrong = append(wrong, misfit(w.layer+"/W", p.kernel, p.how.shape), misfit(w.layer+"/b", p.bias, w.bias))
		pairs = append(pairs, p)
	}
	wrong = slices.DeleteFunc(wrong, func(s string) bool { return s == "" })
	for _, g := range m.left() {
		wrong = append(wrong, fmt.Sprintf("no layer takes %s; it can be ignored", describe(g)))
	}
	if len(wrong) > 0 {
		return nil, errors.Wrapf(model.ErrWeights, "in %s layout: %s", m.layout, shorten(wrong))
	}
	return pairs, nil
}

// byName gives each layer the group that bears its name.
func (m *matcher) byName() error {
	for _, w := range m.layers {
		if m.taken[w.layer] != nil {
			continue
		}
		for _, g := range m.left() {
			if g.stem != w.layer && baseName(g.stem) != w.layer {
				continue
			}
			if other := m.taken[w.layer]; other != nil {
				return errors.Wrapf(ErrAmbiguous, "%s: found both %.100q and %.100q; map one of them, or ignore one", w.layer, other.stem, g.stem)
			}
			m.taken[w.layer] = g
		}
	}
	return nil
}

// byShape gives layers without a group those of their shape: the only one, or
// as many as there are such layers, in the order of the numbers in their names.
func (m *matcher) byShape() error {
	if m.ordered {
		open := m.open()
		for i, g := range m.left() {
			if i < len(open) {
				m.taken[open[i].layer] = g
			}
		}
		return nil
	}
	for _, w := range m.open() {
		if m.taken[w.layer] != nil {
			continue // with a layer of the same shape
		}
		sameShaped := slices.DeleteFunc(m.open(), func(o wanted) bool { return !sameShapes(m.layout, o, w) })
		fitting := slices.DeleteFunc(m.left(), func(g *group) bool { return !m.fits(g, w) })
		if len(fitting) == 0 {
			continue // match says what is missing
		}
		if len(fitting) != len(sameShaped) || !countUp(fitting) {
			return errors.Wrapf(ErrAmbiguous, "in %s layout: %d tensors fit %d layers (%s) by shape: %s; map %s/W to one of them, or ignore some",
				m.layout, len(fitting), len(sameShaped), w.layer, describeAll(fitting), w.layer)
		}
		slices.SortStableFunc(fitting, func(a, b *group) int { return compareNatural(a.stem, b.stem) })
		for i, o := range sameShaped {
			m.taken[o.layer] = fitting[i]
		}
	}
	return nil
}

// open returns the layers without a group.
func (m *matcher) open() []wanted {
	return slices.DeleteFunc(slices.Clone(m.layers), func(w wanted) bool { return m.taken[w.layer] != nil })
}

// left returns the groups that no layer has.
func (m *matcher) left() []*group {
	used := map[*group]bool{}
	for _, g := range m.taken {
		used[g] = true
	}
	return slices.DeleteFunc(slices.Clone(m.groups), func(g *group) bool { return used[g] })
}

func (m *matcher) fits(g *group, w wanted) bool {
	return misfit("", g.kernel, m.layout.arrange(w).shape) == "" && misfit("", g.bias, w.bias) == ""
}

func sameShapes(l Layout, a, b wanted) bool {
	return slices.Equal(l.arrange(a).shape, l.arrange(b).shape) && slices.Equal(a.bias, b.bias)
}

// misfit says what is wrong with a tensor for a weight, or nothing.
func misfit(weight string, t *weightfile.Tensor, shape []int) string {
	switch {
	case t == nil:
		return fmt.Sprintf("%s: found nothing, expected shape %v", weight, shape)
	case !slices.Equal(t.Shape, shape):
		return fmt.Sprintf("%s: found %s, expected shape %v", weight, describeTensor(t), shape)
	}
	return ""
}

func describeTensor(t *weightfile.Tensor) string { return fmt.Sprintf("%.100q %v", t.Name, t.Shape) }

func describe(g *group) string {
	var parts []string
	for _, t := range []*weightfile.Tensor{g.kernel, g.bias} {
		if t != nil {
			parts = append(parts, describeTensor(t))
		}
	}
	return strings.Join(parts, " and ")
}

func describeAll(groups []*group) string {
	var parts []string
	for _, g := range groups {
		parts = append(parts, describe(g))
	}
	return shorten(parts)
}

// shorten joins what is said about many things, of which the first few are
// enough.
func shorten(parts []string) string {
	const most = 12
	if extra := len(parts) - most; extra > 0 {
		parts = append(parts[:most:most], fmt.Sprintf("and %d more", extra))
	}
	return strings.Join(parts, "; ")
}
