package train

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// LayerRate gives the layers that match Pattern, in the syntax of path.Match,
// a learning rate of their own: Factor times the solver's.
type LayerRate struct {
	Pattern string
	Factor  float64 // above 0
}

// ParseLayerRates reads some PATTERN=FACTOR, as fc1=0.1 or conv*=0.01.
func ParseLayerRates(texts ...string) ([]LayerRate, error) {
	var rates []LayerRate
	for _, text := range texts {
		pattern, value, _ := strings.Cut(text, "=")
		factor, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, errors.Errorf("layer rate %q: found the factor %q, expected LAYER=FACTOR, as fc1=0.1, with a number above 0", text, value)
		}
		rates = append(rates, LayerRate{pattern, factor})
	}
	return rates, nil
}

// LayerFactors returns Solver.Factors for the layers that selection trains. A
// pattern must match trained layers, no others, and none that another has
// matched.
func LayerFactors(spec model.Spec, selection model.Selection, rates ...LayerRate) (map[string]float64, error) {
	trained, err := selection.Resolve(spec)
	if err != nil {
		return nil, err
	}
	all, err := model.All().Resolve(spec)
	if err != nil {
		return nil, err
	}
	factors := map[string]float64{}
	for _, rate := range rates {
		if f := rate.Factor; !(f > 0) || f-f != 0 {
			return nil, errors.Errorf("layer rate %q: found the factor %v, expected a number above 0", rate.Pattern, f)
		}
		matched := false
		for _, layer := range all {
			ok, err := path.Match(rate.Pattern, layer)
			if err != nil {
				return nil, errors.Errorf("layer rate %q: %v", rate.Pattern, err)
			}
			if !ok {
				continue
			}
			matched = true
			if !slices.Contains(trained, layer) {
				return nil, errors.Errorf("layer rate %q: %s is frozen and has no learning rate; trained: %s", rate.Pattern, layer, strings.Join(trained, ", "))
			}
			if _, twice := factors[layer]; twice {
				return nil, errors.Errorf("layer rate %q: another one has given %s its factor", rate.Pattern, layer)
			}
			factors[layer] = rate.Factor
		}
		if !matched {
			return nil, errors.Errorf("layer rate %q: no layer has such a name; trained: %s", rate.Pattern, strings.Join(trained, ", "))
		}
	}
	return factors, nil
}
