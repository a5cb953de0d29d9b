package foreign

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// parts are the names that frameworks give the parts of a layer, in the order
// of Layouts: ours, PyTorch's, TensorFlow's.
var parts = map[string][3]string{
	"W":        {"/W", ".weight", "/kernel"},
	"b":        {"/b", ".bias", "/bias"},
	"scale":    {"/scale", ".weight", "/gamma"},
	"bias":     {"/bias", ".bias", "/beta"},
	"mean":     {"/mean", ".running_mean", "/moving_mean"},
	"variance": {"/variance", ".running_var", "/moving_variance"},
	"slope":    {"/slope", ".weight", "/alpha"},
}

// nameOf returns the name that a weight has in this layout.
func (l Layout) nameOf(p model.Parameter) (string, error) {
	names, ok := parts[p.Part]
	if !ok {
		return "", errors.Wrapf(model.ErrSpec, "%s: such weights are not read from, nor written in, other layouts", p.Name)
	}
	return p.Layer + names[slices.Index(Layouts(), l)], nil
}

// place is a weight, and where and how it lies in a file.
type place struct {
	weight model.Parameter
	name   string
	how    arrangement
}

// places returns where the weights of a spec lie in files of this layout, in
// the spec's order.
func (l Layout) places(spec model.Spec) ([]place, error) {
	parameters, err := spec.Parameters()
	if err != nil {
		return nil, err
	}
	images, err := flattened(spec)
	if err != nil {
		return nil, err
	}
	all := make([]place, len(parameters))
	for i, p := range parameters {
		all[i] = place{weight: p, how: arrangement{shape: p.Shape, view: p.Shape}}
		if all[i].name, err = l.nameOf(p); err != nil {
			return nil, err
		}
		if p.Part == "W" {
			all[i].how = l.arrange(wanted{layer: p.Layer, kernel: p.Shape, image: images[p.Layer]})
		}
	}
	return all, nil
}

// flattened returns the images [C,H,W] that dense layers flatten, by layer: those
// they read themselves, or through layers that change no number.
func flattened(spec model.Spec) (map[string][]int, error) {
	shapes, err := spec.Shapes()
	if err != nil {
		return nil, err
	}
	images := map[string][]int{}
	shape := map[string][]int{model.Images: spec.Input}
	flat := map[string][]int{} // the image that a vector holds, by the layer it comes from
	for i, l := range spec.Layers {
		shape[l.Name] = shapes[i]
		in := spec.InputsOf(i)[0]
		image := flat[in]
		if len(shape[in]) == 3 {
			image = shape[in]
		}
		switch l.Kind.(type) {
		case model.Flatten, model.Dropout:
			flat[l.Name] = image
		case model.Dense:
			images[l.Name] = image
		}
	}
	return images, nil
}

// matchedByShape reports whether a spec's layers all have one kernel and one
// bias: then tensors whose names tell nothing can be matched by shape and order.
func matchedByShape(spec model.Spec) (bool, error) {
	parameters, err := spec.Parameters()
	if err != nil {
		return false, err
	}
	for len(parameters) > 0 {
		if len(parameters) < 2 || parameters[0].Part != "W" || parameters[1].Part != "b" || parameters[1].Layer != parameters[0].Layer {
			return false, nil
		}
		parameters = parameters[2:]
	}
	return true, nil
}

// passedOver are tensors that count the batches of a training, which no network
// needs.
var passedOver = regexp.MustCompile(`(^|\.)num_batches_tracked$`)

// olderDenseNet is how DenseNet's layers were called before PyTorch 0.4.1:
// denselayer1.norm.1 is norm1 now.
var olderDenseNet = regexp.MustCompile(`^(.*denselayer[0-9]+\.(?:norm|relu|conv))\.([12])(\..*)$`)

// importNamed makes weights of tensors that bear the names of spec's layers.
func importNamed(t *weightfile.Tensors, spec model.Spec, opt Options) (*model.Weights, Report, error) {
	byName := map[string]*weightfile.Tensor{}
	ignored := []string{}
	pick, err := newPicker(opt.Ignore)
	if err != nil {
		return nil, Report{}, err
	}
	for i := range t.List {
		e := &t.List[i]
		if pick.matches(e.Name) || passedOver.MatchString(e.Name) {
			ignored = append(ignored, e.Name)
			continue
		}
		name := olderDenseNet.ReplaceAllString(e.Name, "$1$2$3")
		if other := byName[name]; other != nil {
			return nil, Report{}, errors.Wrapf(ErrAmbiguous, "found both %.100q and %.100q for one weight; ignore one", other.Name, e.Name)
		}
		byName[name] = e
	}
	if err := pick.unused(); err != nil {
		return nil, Report{}, errors.Wrap(err, "ignore")
	}
	layouts, reason := byEndings(byName), "the names"
	if opt.Layout != "" {
		layouts, reason = []Layout{opt.Layout}, "as told"
	}
	var best *named
	for _, l := range layouts {
		n, err := l.named(byName, spec, opt)
		if err != nil {
			return nil, Report{}, err
		}
		if best == nil || len(n.wrong) < len(best.wrong) {
			best = n
		}
	}
	if len(best.wrong) > 0 {
		return nil, Report{}, errors.Wrapf(model.ErrWeights, "in %s layout: %s", best.report.Layout, shorten(best.wrong))
	}
	best.report.Reason, best.report.Ignored = reason, ignored
	if err := doubled(best.weights, &best.report, opt.FoldDoubleBias); err != nil {
		return nil, Report{}, err
	}
	return best.weights, best.report, nil
}

// byEndings returns the layouts, first the one that more names end like.
func byEndings(byName map[string]*weightfile.Tensor) []Layout {
	layouts := Layouts()
	count := map[Layout]int{}
	for name := range byName {
		for _, endings := range parts {
			for i, l := range layouts {
				if strings.HasSuffix(name, endings[i]) {
					count[l]++
				}
			}
		}
	}
	slices.SortStableFunc(layouts, func(a, b Layout) int { return count[b] - count[a] })
	return layouts
}

// named is what one layout makes of named tensors.
type named struct {
	weights *model.Weights
	report  Report
	wrong   []string // what is missing, does not fit, or has no taker
}

// named takes the tensors that the layers, or those that opt.Layers matches, have
// in this layout.
func (l Layout) named(byName map[string]*weightfile.Tensor, spec model.Spec, opt Options) (*named, error) {
	places, err := l.places(spec)
	if err != nil {
		return nil, err
	}
	layers, err := newPicker(opt.Layers)
	if err != nil {
		return nil, err
	}
	n := &named{weights: model.NewWeights(), report: Report{Layout: l, Missing: []string{}}}
	taken := map[string]bool{}
	for _, p := range places {
		if len(opt.Layers) > 0 && !layers.matches(p.weight.Layer) {
			n.report.Missing = append(n.report.Missing, p.weight.Name)
			continue
		}
		name := p.name
		if theirs, ok := opt.Names[p.weight.Layer]; ok {
			name = theirs + strings.TrimPrefix(name, p.weight.Layer)
		}
		if other, ok := opt.Map[p.weight.Name]; ok {
			name = other
		}
		e := byName[name]
		switch {
		case e == nil:
			n.wrong = append(n.wrong, fmt.Sprintf("%s: found no tensor %.100q, expected one of shape %v", p.weight.Name, name, p.how.shape))
		case e.Values == nil:
			n.wrong = append(n.wrong, fmt.Sprintf("%s: found type %.20q in %.100q, expected floating point", p.weight.Name, e.DType, name))
		case !p.how.fits(e.Shape):
			n.wrong = append(n.wrong, fmt.Sprintf("%s: found %s, expected shape %v", p.weight.Name, describeTensor(e), p.how.shape))
		default:
			n.weights.SetValues(p.weight.Name, p.weight.Shape, p.how.toOurs(e.Values))
			n.report.Taken = append(n.report.Taken, Taken{p.weight.Name, e.Name, e.Shape, p.how.note})
		}
		taken[name] = true
	}
	for name, e := range byName {
		if !taken[name] {
			n.wrong = append(n.wrong, fmt.Sprintf("no layer takes %s; it can be ignored", describeTensor(e)))
		}
	}
	slices.SortStableFunc(n.wrong, func(a, b string) int { return strings.Compare(a, b) })
	return n, errors.Wrap(layers.unused(), "layers")
}
