package foreign

import (
	"maps"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// ParseMap reads items such as "conv1/W=features.0.weight" for Options.Map.
func ParseMap(items []string) (map[string]string, error) {
	byWeight := map[string]string{}
	for _, item := range items {
		weight, tensor, ok := strings.Cut(item, "=")
		weight, tensor = strings.TrimSpace(weight), strings.TrimSpace(tensor)
		if !ok || weight == "" || tensor == "" {
			return nil, errors.Errorf("found %.100q, expected WEIGHT=TENSOR, as conv1/W=features.0.weight", item)
		}
		if _, twice := byWeight[weight]; twice {
			return nil, errors.Errorf("found %.100q twice", weight)
		}
		byWeight[weight] = tensor
	}
	return byWeight, nil
}

// applyMap returns a group for each layer that the map speaks of, and all
// groups, with the tensors the map names moved to those of their layers. What
// the map does not say of a layer comes from the group of what it does say.
func applyMap(t *weightfile.Tensors, layers []wanted, groups []*group, byWeight map[string]string) (map[string]*group, []*group, error) {
	mapped := map[string]*group{}
	seen := map[string]bool{}
	for _, weight := range slices.Sorted(maps.Keys(byWeight)) {
		layer, part, _ := strings.Cut(weight, "/")
		known := slices.ContainsFunc(layers, func(w wanted) bool { return w.layer == layer }) && (part == "W" || part == "b")
		tensor := t.Get(byWeight[weight])
		switch {
		case !known:
			return nil, nil, errors.Wrapf(model.ErrWeights, "map: %.100q is not a weight that is asked for", weight)
		case tensor == nil || tensor.Values == nil:
			return nil, nil, errors.Wrapf(model.ErrWeights, "map: %s: found no tensor %.100q of floating point; there are: %.300s", weight, byWeight[weight], strings.Join(t.Names(), ", "))
		case seen[tensor.Name]:
			return nil, nil, errors.Wrapf(model.ErrWeights, "map: %s: found %.100q for two weights", weight, tensor.Name)
		}
		seen[tensor.Name] = true
		home := slices.IndexFunc(groups, func(g *group) bool { return g.kernel == tensor || g.bias == tensor })
		g := mapped[layer]
		if g == nil {
			g = &group{stem: layer}
			if home >= 0 {
				*g = *groups[home]
			}
			mapped[layer] = g
		}
		if part == "W" {
			g.kernel = tensor
		} else {
			g.bias = tensor
		}
	}
	return mapped, without(groups, mapped), nil
}

// without returns the groups with the tensors of mapped ones taken out, and
// the mapped ones.
func without(groups []*group, mapped map[string]*group) []*group {
	used := map[*weightfile.Tensor]bool{}
	for _, g := range mapped {
		used[g.kernel], used[g.bias] = true, true
	}
	var left []*group
	for _, g := range groups {
		rest := *g
		if used[rest.kernel] {
			rest.kernel = nil
		}
		if used[rest.bias] {
			rest.bias = nil
		}
		if rest.kernel != nil || rest.bias != nil {
			left = append(left, &rest)
		}
	}
	return left
}
