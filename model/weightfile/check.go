package weightfile

import (
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Check returns nil when Write, or with partial WritePartial, would take the
// network, and otherwise their error.
func Check(n *model.Network, partial bool) error {
	return ourFile{Network: n}.check("network", partial)
}

func (c ourFile) check(file string, partial bool) error {
	if c.Network == nil {
		return fault(ErrModel, file, "found no network")
	}
	if err := c.checkText(file, ErrModel); err != nil {
		return err
	}
	if err := c.checkWeights(file, partial); err != nil {
		return err
	}
	return c.checkState(file)
}

// checkWeights checks names, shapes and numbers. Partial weights are held
// against the layers that have any.
func (c ourFile) checkWeights(file string, partial bool) error {
	if c.Weights == nil {
		return fault(ErrModel, file, "weights: found none")
	}
	if !partial {
		return errors.WithMessage(c.Weights.Check(c.Spec), file)
	}
	want, err := c.Spec.Parameters()
	if err != nil {
		return fault(model.ErrSpec, file, "%v", err)
	}
	present := map[string]bool{}          // layers
	known := map[string]model.Parameter{} // by weight
	for _, p := range want {
		known[p.Name] = p
		if c.Weights.Get(p.Name) != nil {
			present[p.Layer] = true
		}
	}
	if len(present) == 0 {
		return fault(model.ErrWeights, file, "weights: found none of this network's")
	}
	for _, p := range want {
		if present[p.Layer] && c.Weights.Get(p.Name) == nil {
			return fault(model.ErrWeights, file, "%s: found nothing, expected shape %v, since others of layer %s are there", p.Name, p.Shape, p.Layer)
		}
	}
	for _, name := range c.Weights.Names() {
		p, ok := known[name]
		if !ok {
			return fault(model.ErrWeights, file, "%.100q: not a weight of this network", name)
		}
		if err := p.Check(c.Weights.Get(name)); err != nil {
			return fault(model.ErrWeights, file, "%s: %v", name, err)
		}
	}
	return nil
}

func checkFinite(values []float32) error {
	for i, v := range values {
		if v-v != 0 {
			return errors.Errorf("number %d: found %v, expected a finite one", i, v)
		}
	}
	return nil
}

// checkState checks that state can be told from weights in the file, and that
// its numbers can be read back.
func (c ourFile) checkState(file string) error {
	for name, values := range c.state {
		full := statePrefix + name
		if c.Weights.Get(full) != nil || !utf8.ValidString(name) || len(values) == 0 {
			return fault(ErrModel, file, "state %.100q: found %d numbers, expected one or more, and a name in UTF-8 that with %q before it is no weight's", name, len(values), statePrefix)
		}
		if err := checkFinite(values); err != nil {
			return fault(ErrModel, file, "state %.100q: %v", name, err)
		}
	}
	return nil
}
