package command

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// layerRates returns the factors on the learning rate, by layer, that
// --layer-lr gives as PATTERN=FACTOR.
func layerRates(texts []string, spec model.Spec, selection model.Selection) (map[string]float64, error) {
	var rates []train.LayerRate
	for _, text := range texts {
		pattern, value, _ := strings.Cut(text, "=")
		factor, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, errors.Errorf("--layer-lr %q: found the factor %q, expected LAYER=FACTOR, as fc1=0.1, with a number above 0", text, value)
		}
		rates = append(rates, train.LayerRate{Pattern: pattern, Factor: factor})
	}
	factors, err := train.LayerFactors(spec, selection, rates...)
	return factors, errors.Wrap(err, "--layer-lr")
}

// among returns the factors of these layers, if the solver can take them.
func among(factors map[string]float64, layers []string, solver *train.Solver) (map[string]float64, error) {
	own := maps.Clone(factors)
	maps.DeleteFunc(own, func(layer string, _ float64) bool { return !slices.Contains(layers, layer) })
	as := *solver
	as.Factors = own
	return own, as.Validate()
}

// printRates prints the learning rates of the trained layers that have their
// own.
func printRates(out *output, trained []string, rate float64, factors map[string]float64) {
	for _, layer := range trained {
		if factor, ok := factors[layer]; ok {
			out.text("%-8s learning rate %g", layer, rate*factor)
		}
	}
}
