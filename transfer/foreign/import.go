package foreign

import (
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// ErrAmbiguous is the cause of errors about a file of weights that can be read
// in more than one way. The message says what to choose.
var ErrAmbiguous = errors.New("more than one way to read the file")

// Options says how to read a file of weights. The zero value takes all
// of it for all of the network, and recognises the layout.
type Options struct {
	Layout Layout // empty: recognised from names and shapes
	// Map says where weights come from that names and shapes do not identify:
	// "conv1/W" -> "features.0.weight". The bias comes along.
	Map map[string]string
	// Names is what the file calls layers, by their names here, as zoo.Timm has it;
	// layers that are not in it keep theirs. Unless it is nil, tensors are matched
	// by name alone, and not by shape.
	Names map[string]string
	// Ignore lists patterns, as of path.Match but with * matching / too, of
	// tensors that are not to be taken. One that matches nothing is an error.
	Ignore []string
	// Layers lists patterns of the layers to fill; empty for all. The others
	// are missing from the weights that Import returns.
	Layers []string
	// FoldDoubleBias lists layers whose bias the file's network adds twice, as
	// the snippet of the question does: z += b, then relu(z + b). Their bias is
	// doubled, since ours is added once.
	FoldDoubleBias []string
}

// Import makes the weights of spec, or of some of its layers, out of a file's
// tensors. Nothing is left out silently: each weight asked for must be there in
// its shape, and each tensor of the file must be taken or in opt.Ignore. The
// error names everything expected and found; its cause is ErrAmbiguous,
// model.ErrWeights or model.ErrSpec.
//
// The weights share memory with t where the numbers are taken as they are.
func Import(t *weightfile.Tensors, spec model.Spec, opt Options) (*model.Weights, Report, error) {
	if t == nil {
		return nil, Report{}, errors.Wrap(model.ErrWeights, "import: found no tensors, expected those of a file")
	}
	w, report, err := importTensors(t, spec, opt)
	return w, report, errors.Wrap(err, t.File)
}

func importTensors(t *weightfile.Tensors, spec model.Spec, opt Options) (*model.Weights, Report, error) {
	byShape, err := matchedByShape(spec)
	if err != nil {
		return nil, Report{}, err
	}
	if !byShape || opt.Names != nil {
		return importNamed(t, spec, opt)
	}
	layers, missing, err := chooseLayers(spec, opt.Layers)
	if err != nil {
		return nil, Report{}, err
	}
	tensors, ignored, err := chooseTensors(t, opt.Ignore)
	if err != nil {
		return nil, Report{}, err
	}
	groups, ordered, err := groupTensors(tensors)
	if err != nil {
		return nil, Report{}, err
	}
	mapped, groups, err := applyMap(t, layers, groups, opt.Map)
	if err != nil {
		return nil, Report{}, err
	}
	m := matcher{layers: layers, groups: groups, ordered: ordered, mapped: mapped}
	layout, reason, pairs, err := recognise(m, opt.Layout, tensors)
	if err != nil {
		return nil, Report{}, err
	}
	report := Report{Layout: layout, Reason: reason, Ignored: ignored, Missing: missing}
	w, err := report.take(pairs, opt.FoldDoubleBias)
	return w, report, err
}

// take fills weights from the pairs and notes where each came from.
func (r *Report) take(pairs []pair, double []string) (*model.Weights, error) {
	w := model.NewWeights()
	for _, p := range pairs {
		w.SetValues(p.want.layer+"/W", p.want.kernel, p.how.toOurs(p.kernel.Values))
		r.Taken = append(r.Taken, Taken{p.want.layer + "/W", p.kernel.Name, p.kernel.Shape, p.how.note})
		w.SetValues(p.want.layer+"/b", p.want.bias, p.bias.Values)
		r.Taken = append(r.Taken, Taken{p.want.layer + "/b", p.bias.Name, p.bias.Shape, ""})
	}
	if err := doubled(w, r, double); err != nil {
		return nil, err
	}
	return w, nil
}

// doubled doubles the biases of the named layers, in memory of their own.
func doubled(w *model.Weights, r *Report, layers []string) error {
	for _, layer := range layers {
		name := layer + "/b"
		bias := w.Get(name)
		if bias == nil {
			return errors.Wrapf(model.ErrWeights, "fold double bias: found no layer %.100q among those taken", layer)
		}
		values := slices.Clone(bias.Float32s())
		for i := range values {
			if values[i] *= 2; values[i]-values[i] != 0 {
				return errors.Wrapf(model.ErrWeights, "%s: its double is not finite", name)
			}
		}
		w.SetValues(name, bias.Shape(), values)
		for i := range r.Taken {
			if r.Taken[i].Weight == name {
				r.Taken[i].Change = "doubled: it was added twice"
			}
		}
	}
	return nil
}

// chooseLayers returns the layers that match one of the patterns, and the
// names of the other layers' weights.
func chooseLayers(spec model.Spec, patterns []string) (chosen []wanted, missing []string, err error) {
	layers, err := wantedLayers(spec)
	if err != nil {
		return nil, nil, err
	}
	if len(patterns) == 0 {
		return layers, nil, nil
	}
	pick, err := newPicker(patterns)
	if err != nil {
		return nil, nil, err
	}
	names := make([]string, len(layers))
	for i, l := range layers {
		names[i] = l.layer
		if pick.matches(l.layer) {
			chosen = append(chosen, l)
		} else {
			missing = append(missing, l.layer+"/W", l.layer+"/b")
		}
	}
	return chosen, missing, errors.Wrap(pick.unused(), "layers "+strings.Join(names, ", "))
}

// chooseTensors returns the tensors to be taken, and the names of the others.
func chooseTensors(t *weightfile.Tensors, ignore []string) (chosen []*weightfile.Tensor, ignored []string, err error) {
	pick, err := newPicker(ignore)
	if err != nil {
		return nil, nil, err
	}
	for i := range t.List {
		e := &t.List[i]
		switch {
		case pick.matches(e.Name):
			ignored = append(ignored, e.Name)
		case e.Values == nil:
			return nil, nil, errors.Wrapf(model.ErrWeights, "%s: found type %.20q, expected floating point; it can be ignored", describeTensor(e), e.DType)
		case len(e.Values) != tensor.Shape(e.Shape).TotalSize():
			return nil, nil, errors.Wrapf(model.ErrWeights, "%s: found %d numbers", describeTensor(e), len(e.Values))
		default:
			chosen = append(chosen, e)
		}
	}
	return chosen, ignored, errors.Wrap(pick.unused(), "ignore")
}
