package foreign

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/pkg/errors"
)

// publishedClasses is how many classes ImageNet has, whose weights are published.
const publishedClasses = 1000

// secondHeads are the tensors of classifiers that GoogLeNet and Inception have for
// their training alone, and files of them may have.
var secondHeads = []string{"aux1.*", "aux2.*", "AuxLogits.*"}

// builder is a way to name the layers of an architecture.
type builder func(classes int) (model.Spec, map[string]string, error)

// builders returns torchvision's way and timm's, as far as they have it.
func (o Origin) builders() ([]builder, error) {
	var ways []builder
	if slices.Contains(zoo.Names(), o.Arch) {
		ways = append(ways, func(classes int) (model.Spec, map[string]string, error) {
			spec, err := zoo.Spec(o.Arch, classes, o.Size)
			return spec, map[string]string{}, err
		})
	}
	timm := func(classes int) (model.Spec, map[string]string, error) { return zoo.Timm(o.Arch, classes, o.Size) }
	if _, _, err := timm(publishedClasses); len(ways) == 0 || err == nil {
		ways = append(ways, timm)
	}
	_, _, err := ways[0](publishedClasses)
	if errors.Is(err, zoo.ErrUnknown) {
		names := slices.Compact(slices.Sorted(slices.Values(slices.Concat(zoo.Names(), zoo.TimmNames()))))
		err = errors.Wrapf(zoo.ErrUnknown, "found %.100q, expected one of %s", o.Arch, strings.Join(names, ", "))
	}
	return ways, err
}

// architecture returns the network of the name Arch, in the way that more of the
// tensors are named after, with as many outputs as they have.
func (o Origin) architecture(tensors *weightfile.Tensors, opt Options) (model.Spec, Options, error) {
	ways, err := o.builders()
	if err != nil {
		return model.Spec{}, opt, err
	}
	names := map[string]bool{}
	for _, name := range tensors.Names() {
		names[name] = true
	}
	best, most := ways[0], -1
	var head string // the output layer in the file
	for _, way := range ways {
		spec, theirs, err := way(publishedClasses)
		if err != nil {
			return model.Spec{}, opt, err
		}
		found, err := countNamed(names, spec, theirs)
		if err != nil {
			return model.Spec{}, opt, err
		}
		if found > most {
			output, err := spec.OutputLayer()
			if err != nil {
				return model.Spec{}, opt, err
			}
			best, most, head = way, found, cmp.Or(theirs[output.Name], output.Name)
		}
	}
	classes := publishedClasses
	if o.Classes != nil {
		classes = len(o.Classes)
	}
	for _, bias := range []string{head + ".bias", head + "/bias", head + "/b"} {
		if e := tensors.Get(bias); e != nil && len(e.Shape) == 1 {
			classes = e.Shape[0]
		}
	}
	spec, theirs, err := best(classes)
	if opt.Names == nil {
		opt.Names = theirs
	}
	for _, pattern := range secondHeads {
		if pick, _ := newPicker([]string{pattern}); slices.ContainsFunc(tensors.Names(), pick.matches) {
			opt.Ignore = append(slices.Clip(opt.Ignore), pattern)
		}
	}
	return spec, opt, err
}

// countNamed returns how many layers have a tensor that is named after them.
func countNamed(names map[string]bool, spec model.Spec, theirs map[string]string) (int, error) {
	parameters, err := spec.Parameters()
	if err != nil {
		return 0, err
	}
	found := 0
	for _, p := range parameters {
		for _, l := range Layouts() {
			name, err := l.nameOf(p)
			if err != nil {
				return 0, err
			}
			if names[cmp.Or(theirs[p.Layer], p.Layer)+strings.TrimPrefix(name, p.Layer)] {
				found++
			}
		}
	}
	return found, nil
}
