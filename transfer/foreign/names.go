package foreign

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// group is the kernel and the bias of one layer in a file, as far as names
// tell. Either may be missing.
type group struct {
	stem         string // what the names have in common: "features.0"
	kernel, bias *weightfile.Tensor
}

var (
	positional = regexp.MustCompile(`^arr_[0-9]+$`)         // np.savez(path, *arrays)
	numbered   = regexp.MustCompile(`^([WwBb])_?([0-9]+)$`) // W1, b1
	separators = "./_"
)

// roles says what the first or the last part of a name stands for.
var roles = map[string]string{
	"weight": "kernel", "weights": "kernel", "kernel": "kernel", "W": "kernel", "w": "kernel",
	"bias": "bias", "biases": "bias", "b": "bias", "B": "bias",
}

// splitName returns the layer that a tensor's name speaks of, and whether it
// is its kernel or its bias: conv1.weight, conv1/kernel:0, W_conv1, b2. The
// role is empty when the name does not tell.
func splitName(name string) (stem, role string) {
	name = strings.TrimSuffix(name, ":0")
	if m := numbered.FindStringSubmatch(name); m != nil {
		return m[2], roles[m[1]]
	}
	if i := strings.LastIndexAny(name, separators); i > 0 && roles[name[i+1:]] != "" {
		return name[:i], roles[name[i+1:]]
	}
	if i := strings.IndexAny(name, separators); i > 0 && i < len(name)-1 && roles[name[:i]] != "" {
		return name[i+1:], roles[name[:i]]
	}
	return name, ""
}

// baseName returns the last part of a stem: "conv1" of "model/net.conv1".
func baseName(stem string) string {
	return stem[strings.LastIndexAny(stem, "./")+1:]
}

// groupTensors pairs kernels with biases by name. Arrays without names of
// their own, arr_0 and so on, are paired by their order: a kernel, its bias.
func groupTensors(tensors []*weightfile.Tensor) (groups []*group, ordered bool, err error) {
	if len(tensors) > 0 && !slices.ContainsFunc(tensors, func(t *weightfile.Tensor) bool { return !positional.MatchString(t.Name) }) {
		return groupPositional(tensors), true, nil
	}
	byStem := map[string]*group{}
	for _, t := range tensors {
		stem, role := splitName(t.Name)
		g := byStem[stem]
		if g == nil {
			g = &group{stem: stem}
			byStem[stem] = g
			groups = append(groups, g)
		}
		place := &g.kernel
		if role == "bias" || role == "" && len(t.Shape) < 2 {
			place = &g.bias
		}
		if *place != nil {
			return nil, false, errors.Wrapf(ErrAmbiguous, "found both %.100q and %.100q for one weight (ignore one)", (*place).Name, t.Name)
		}
		*place = t
	}
	return groups, false, nil
}

func groupPositional(tensors []*weightfile.Tensor) []*group {
	tensors = slices.Clone(tensors)
	slices.SortStableFunc(tensors, func(a, b *weightfile.Tensor) int { return compareNatural(a.Name, b.Name) })
	var groups []*group
	for _, t := range tensors {
		last := len(groups) - 1
		if len(t.Shape) == 1 && last >= 0 && groups[last].bias == nil {
			groups[last].bias = t
		} else {
			groups = append(groups, &group{stem: t.Name, kernel: t})
		}
	}
	return groups
}

var digits = regexp.MustCompile(`[0-9]+`)

// compareNatural orders names with the numbers in them by value: features.3
// before features.10.
func compareNatural(a, b string) int {
	na, nb := digits.FindAllString(a, -1), digits.FindAllString(b, -1)
	if digits.ReplaceAllString(a, "0") == digits.ReplaceAllString(b, "0") {
		for i := range na {
			x, _ := strconv.ParseUint(na[i], 10, 64) // beyond uint64: the largest, and then as text
			y, _ := strconv.ParseUint(nb[i], 10, 64)
			if x < y {
				return -1
			}
			if x > y {
				return 1
			}
		}
	}
	return strings.Compare(a, b)
}

// countUp reports whether the stems differ in nothing but numbers, so that
// their order means something. One stem alone needs no order; a stem without a
// number counts as number zero, as Keras names conv2d, conv2d_1, conv2d_2.
func countUp(groups []*group) bool {
	plain := func(g *group) string { return strings.TrimRight(digits.ReplaceAllString(g.stem, ""), "_") }
	return !slices.ContainsFunc(groups, func(g *group) bool { return plain(g) != plain(groups[0]) })
}
