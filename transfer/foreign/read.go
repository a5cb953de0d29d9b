package foreign

import (
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// ErrSaid is the cause of errors about something that is given for a file which
// says it itself.
var ErrSaid = errors.New("the file says that itself")

// Origin is what a file of weights does not say about its network. The zero value
// assumes the network of model.DeepMNIST, classes 0, 1, ... and MNIST's
// preprocessing.
type Origin struct {
	Spec    *model.Spec            // nil: model.DeepMNIST, with as many outputs as there are Classes
	Classes []string               // labels of the outputs, in their order; nil: numbers from 0
	Prep    *dataset.Preprocessing // what the images went through that trained it; nil: MNIST's
}

// Check returns an error unless there is such a network.
func (o Origin) Check() error {
	_, err := o.network()
	return err
}

// network returns the network without its weights.
func (o Origin) network() (*model.Network, error) {
	n := &model.Network{Spec: model.DeepMNIST(), Classes: o.Classes, Prep: o.prep()}
	if err := n.Prep.Validate(); err != nil {
		return nil, err
	}
	if o.Spec != nil {
		n.Spec = *o.Spec
	}
	outputs := n.Spec.Classes()
	switch {
	case o.Classes == nil:
		for i := range outputs {
			n.Classes = append(n.Classes, strconv.Itoa(i))
		}
	case o.Spec == nil:
		var err error
		if n.Spec, err = n.Spec.WithClasses(len(o.Classes)); err != nil {
			return nil, err
		}
	case len(o.Classes) != outputs:
		return nil, errors.Errorf("found %d classes, expected %d, the outputs of the network", len(o.Classes), outputs)
	}
	return n, nil
}

func (o Origin) prep() dataset.Preprocessing {
	if o.Prep == nil {
		return dataset.MNISTPreprocessing()
	}
	return *o.Prep
}

// Reading is a network that was read, and how.
type Reading struct {
	Network *model.Network
	Report  Report
	// Unsaid is true where the file says neither classes nor preprocessing: they are
	// those of the Origin, and assumed where it has none.
	Unsaid bool
}

// Read reads a network: one of ours, whole or in part, a network as ONNX, or
// weights from elsewhere as Import does, for the network of o. Something in o or
// opt that the file says itself is an error with the cause ErrSaid. opt.Layers
// may leave out layers, but not of ONNX; a pattern without a layer in a file of ours
// has the cause model.ErrSelection.
func Read(path string, o Origin, opt Options) (Reading, error) {
	if content, err := weightfile.Identify(path); err == nil && content.Format == weightfile.ONNX {
		return readONNX(path, o, opt)
	}
	tensors, err := weightfile.ReadTensors(path)
	if err != nil {
		return Reading{}, err
	}
	if tensors.Ours() {
		return readOurs(path, o, opt)
	}
	n, err := o.network()
	if err != nil {
		return Reading{}, errors.Wrap(err, path)
	}
	r := Reading{Network: n, Unsaid: true}
	n.Weights, r.Report, err = Import(tensors, n.Spec, opt)
	return r, err
}

// readOurs reads a model of ours.
func readOurs(path string, o Origin, opt Options) (Reading, error) {
	if given := append(opt.given(), o.given()...); len(given) > 0 {
		return Reading{}, errors.Wrapf(ErrSaid, "%s: found a %s given for a model of ours", path, strings.Join(given, ", "))
	}
	n, err := weightfile.ReadPartial(path)
	if err != nil {
		return Reading{}, err
	}
	if len(opt.Layers) > 0 {
		layers, err := model.Layers(opt.Layers...).Resolve(n.Spec)
		if err != nil {
			return Reading{}, errors.Wrap(err, path)
		}
		n.Weights = transfer.Only(n.Weights, layers...)
	}
	return Reading{Network: n, Report: takenWhole(n, "a model of ours")}, nil
}

// readONNX reads a network whose layers the file itself says.
func readONNX(path string, o Origin, opt Options) (Reading, error) {
	given := opt.given()
	if o.Spec != nil {
		given = append(given, "network")
	}
	if len(opt.Layers) > 0 {
		given = append(given, "list of layers")
	}
	if len(given) > 0 {
		return Reading{}, errors.Wrapf(ErrSaid, "%s: found a %s given for a whole network as ONNX", path, strings.Join(given, ", "))
	}
	n, unsaid, err := weightfile.ReadAs(path, weightfile.Unsaid{Classes: o.Classes, Prep: o.prep()})
	if err != nil {
		return Reading{}, err
	}
	if given := o.given(); !unsaid && len(given) > 0 {
		return Reading{}, errors.Wrapf(ErrSaid, "%s: found a %s given", path, strings.Join(given, ", "))
	}
	return Reading{n, takenWhole(n, "a network as ONNX"), unsaid}, nil
}

// given names what is in the options and is only of use for weights from
// elsewhere.
func (opt Options) given() (names []string) {
	if opt.Layout != "" {
		names = append(names, "layout")
	}
	if len(opt.Map) > 0 {
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

// given names what is known of the origin.
func (o Origin) given() (names []string) {
	if o.Spec != nil {
		names = append(names, "network")
	}
	if o.Classes != nil {
		names = append(names, "list of classes")
	}
	if o.Prep != nil {
		names = append(names, "preprocessing")
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
