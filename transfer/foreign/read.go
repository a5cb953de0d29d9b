package foreign

import (
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/weightfile/hub"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// ErrSaid is the cause of errors about options that repeat or contradict what
// the file states itself.
var ErrSaid = errors.New("the file says that itself")

// Reading is a network that was read, and how.
type Reading struct {
	Network *model.Network
	Report  Report
	// Unsaid is true where neither the file nor a configuration beside it states the
	// classes and the preprocessing: they come from the Origin, or are assumed.
	Unsaid bool
	// PrepAssumed is true where nothing says how images are prepared, not even the
	// Origin: the network has the most likely preprocessing.
	PrepAssumed bool
	Notes       []string // a sentence each: what was assumed of the network, and what of the file is not in it
}

// Read reads a network: one of ours, whole or in part, a network as ONNX, or weights
// from elsewhere as Import does, for the network of o. Anything in o or opt that the
// file states itself is an error with the cause ErrSaid. opt.Layers may leave out
// layers, but not of ONNX; a pattern without a layer in a file of ours has the cause
// model.ErrSelection.
func Read(path string, o Origin, opt Options) (Reading, error) {
	f := file{path: path, origin: o, options: opt}
	return f.read()
}

// file is a file to read, and what is known of it.
type file struct {
	path    string
	origin  Origin
	options Options
	until   string      // the layer to end with; "" for the whole network
	config  *hub.Config // beside it; nil for none
	unknown error       // why there is none on the Hub
}

func (f *file) read() (Reading, error) {
	r, err := f.whole()
	if err == nil && f.until != "" {
		r.Network, err = transfer.Until(r.Network, f.until)
		err = errors.Wrap(err, f.path)
	}
	return r, err
}

// whole reads a network; of ONNX that has an operator which cannot be read, the
// part that f.until ends.
func (f *file) whole() (Reading, error) {
	content, err := weightfile.Identify(f.path)
	switch {
	case err == nil && content.Format == weightfile.ONNX:
		return f.onnx()
	case err == nil && content.Ours:
		return f.ours()
	}
	tensors, err := weightfile.ReadTensors(f.path)
	if err != nil {
		return Reading{}, err
	}
	return f.weights(tensors)
}

// weights makes a network of weights that do not say what they are of.
func (f *file) weights(tensors *weightfile.Tensors) (r Reading, err error) {
	o, err := f.configured()
	if err != nil {
		return r, errors.Wrap(err, f.path)
	}
	n, opt := &model.Network{}, f.options
	if n.Spec, opt, err = o.network(tensors, opt); err != nil {
		return r, errors.Wrap(err, f.path)
	}
	r = Reading{Network: n, Unsaid: f.config == nil, PrepAssumed: o.prepUnsaid()}
	if r.Notes, err = o.describe(n); err != nil {
		return r, errors.Wrap(err, f.path)
	}
	n.Weights, r.Report, err = Import(tensors, n.Spec, opt)
	if err != nil && o.Spec == nil && o.Arch == "" {
		err = f.notBuiltIn(tensors, n.Spec, err)
	}
	return r, err
}

// notBuiltIn returns the error of weights that the built-in network does not take,
// where nothing says of which network they are. What does not fit is of interest only
// where the file may be of that network: of others there is far more in it.
func (f *file) notBuiltIn(tensors *weightfile.Tensors, spec model.Spec, err error) error {
	parameters, wrong := spec.Parameters()
	if wrong != nil {
		return wrong
	}
	if len(tensors.List) > 2*len(parameters) {
		first := &tensors.List[0]
		err = errors.Wrapf(model.ErrWeights, "%s: found %d tensors, such as %s, which are not those of the built-in network", f.path, len(tensors.List), describeTensor(first))
	}
	if f.unknown != nil {
		err = errors.Wrapf(err, "%v", f.unknown)
	}
	return errors.WithMessage(err, "weights that the built-in network does not take; say of which network they are, such as resnet18")
}

// ours reads a model of ours.
func (f *file) ours() (Reading, error) {
	if given := append(f.options.given(), f.origin.given()...); len(given) > 0 {
		return Reading{}, errors.Wrapf(ErrSaid, "%s: found a %s given for a model of ours", f.path, strings.Join(given, ", "))
	}
	n, err := weightfile.ReadPartial(f.path)
	if err != nil {
		return Reading{}, err
	}
	if len(f.options.Layers) > 0 {
		layers, err := model.Layers(f.options.Layers...).Resolve(n.Spec)
		if err != nil {
			return Reading{}, errors.Wrap(err, f.path)
		}
		n.Weights = transfer.Only(n.Weights, layers...)
	}
	return Reading{Network: n, Report: takenWhole(n, "a model of ours")}, nil
}

// onnx reads a network whose layers the file itself says.
func (f *file) onnx() (Reading, error) {
	given := f.options.given()
	if f.origin.Spec != nil || f.origin.Arch != "" {
		given = append(given, "network")
	}
	if len(f.options.Layers) > 0 {
		given = append(given, "list of layers")
	}
	if len(given) > 0 {
		return Reading{}, errors.Wrapf(ErrSaid, "%s: found a %s given for a whole network as ONNX", f.path, strings.Join(given, ", "))
	}
	unknown := weightfile.Unsaid{Prep: dataset.MNISTPreprocessing()} // describe says what it is
	n, unsaid, err := weightfile.ReadAs(f.path, unknown)
	if errors.Is(err, weightfile.ErrForeign) && f.until != "" {
		unknown.Until = f.until
		n, unsaid, err = weightfile.ReadAs(f.path, unknown)
	}
	if err != nil {
		return Reading{}, err
	}
	r := Reading{Network: n, Report: takenWhole(n, "a network as ONNX"), Unsaid: unsaid && f.config == nil}
	if given := f.origin.given(); !unsaid && len(given) > 0 {
		return Reading{}, errors.Wrapf(ErrSaid, "%s: found a %s given", f.path, strings.Join(given, ", "))
	}
	if unsaid {
		o, err := f.configured()
		if err != nil {
			return Reading{}, errors.Wrap(err, f.path)
		}
		if unknown.Until != "" {
			o.Classes = n.Classes // numbers, of features
		}
		if r.Notes, err = o.describe(n); err != nil {
			return Reading{}, errors.Wrap(err, f.path)
		}
		r.PrepAssumed = o.prepUnsaid()
	}
	if notes := n.Meta[weightfile.KeyNotes]; notes != "" {
		r.Notes = append(r.Notes, notes)
	}
	return r, nil
}

// given names what is in the options and is only of use for weights from
// elsewhere.
func (opt Options) given() (names []string) {
	if opt.Layout != "" {
		names = append(names, "layout")
	}
	if len(opt.Map) > 0 || len(opt.Names) > 0 {
		names = append(names, "map")
	}
	if len(opt.Ignore) > 0 {
		names = append(names, "list to ignore")
	}
	if len(opt.FoldDoubleBias) > 0 {
		names = append(names, "bias to double")
	}
	return names
}

// takenWhole reports that all weights of a network are taken as they are.
func takenWhole(n *model.Network, reason string) Report {
	report := Report{Layout: Ours, Reason: reason}
	for _, name := range n.Weights.Names() {
		report.Taken = append(report.Taken, Taken{Weight: name, Tensor: name, Shape: n.Weights.Get(name).Shape()})
	}
	return report
}
