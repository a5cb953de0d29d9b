package main

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// layerRates returns the factors on the learning rate, by layer, that
// --layer-lr gives as PATTERN=FACTOR. A pattern must match trained layers, no
// others, and none that another has matched.
func layerRates(texts []string, spec model.Spec, selection model.Selection) (map[string]float64, error) {
	trained, err := selection.Resolve(spec)
	if err != nil {
		return nil, err
	}
	factors := map[string]float64{}
	for _, text := range texts {
		pattern, value, _ := strings.Cut(text, "=")
		factor, err := strconv.ParseFloat(value, 64)
		if err != nil || !(factor > 0) || factor-factor != 0 {
			return nil, errors.Errorf("--layer-lr %q: found the factor %q, expected LAYER=FACTOR, as fc1=0.1, with a number above 0", text, value)
		}
		matched := false
		for _, layer := range spec.Weighted() {
			ok, err := path.Match(pattern, layer.Name)
			if err != nil {
				return nil, errors.Errorf("--layer-lr %q: found the pattern %q: %v", text, pattern, err)
			}
			if !ok {
				continue
			}
			matched = true
			if !slices.Contains(trained, layer.Name) {
				return nil, errors.Errorf("--layer-lr %q: %s is frozen and has no learning rate; trained: %s", text, layer.Name, strings.Join(trained, ", "))
			}
			if _, twice := factors[layer.Name]; twice {
				return nil, errors.Errorf("--layer-lr %q: another one has given %s its factor", text, layer.Name)
			}
			factors[layer.Name] = factor
		}
		if !matched {
			return nil, errors.Errorf("--layer-lr %q: no layer has the name %q; trained: %s", text, pattern, strings.Join(trained, ", "))
		}
	}
	return factors, nil
}

// newSolver returns the solver of a stage.
func (r retrainFlags) newSolver(t trainingFlags, factors map[string]float64) (*train.Solver, error) {
	solver, err := t.newSolver()
	if err != nil || len(factors) == 0 {
		return solver, err
	}
	layered := train.NewLayerRates(factors, func() *train.Solver {
		another, _ := t.newSolver() // as the one above
		return another
	})
	return layered, layered.Validate()
}

// printRates prints the learning rates of the trained layers that have their
// own.
func printRates(out *output, spec model.Spec, trained []string, rate float64, factors map[string]float64) {
	for _, layer := range spec.Weighted() {
		if factor, ok := factors[layer.Name]; ok && slices.Contains(trained, layer.Name+"/W") {
			out.text("%-8s learning rate %g", layer.Name, rate*factor)
		}
	}
}
