package foreign

import (
	"path"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// picker matches names against patterns and remembers which were of use.
type picker struct {
	patterns []string
	used     map[string]bool
}

func newPicker(patterns []string) (*picker, error) {
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return nil, errors.Wrapf(model.ErrWeights, "pattern %.100q: expected a name, or one with *, ? and [a-z]", p)
		}
	}
	return &picker{patterns, map[string]bool{}}, nil
}

// matches tries every pattern. path.Match does not let * match a slash, which
// is part of names here and no folder, so slashes are taken for another
// character on both sides.
func (p *picker) matches(name string) bool {
	found := false
	flat := func(s string) string { return strings.ReplaceAll(s, "/", "\x00") }
	for _, pattern := range p.patterns {
		if ok, _ := path.Match(flat(pattern), flat(name)); ok {
			p.used[pattern], found = true, true
		}
	}
	return found
}

// unused returns an error when a pattern matched nothing.
func (p *picker) unused() error {
	for _, pattern := range p.patterns {
		if !p.used[pattern] {
			return errors.Wrapf(model.ErrWeights, "pattern %.100q matches nothing", pattern)
		}
	}
	return nil
}
