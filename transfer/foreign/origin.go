package foreign

import (
	"fmt"
	"strconv"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// Origin is what a file does not say about its network. The zero value
// assumes the network of model.DeepMNIST, classes 0, 1, ... and the preprocessing
// of MNIST's drawings, or of ImageNet's photos where images are in colours.
type Origin struct {
	Spec    *model.Spec            // nil: Arch, or model.DeepMNIST with as many outputs as there are Classes
	Arch    string                 // instead of Spec: a name that zoo.Spec or zoo.Timm takes
	Size    int                    // of Arch: the side of its images; 0 for that of the published weights
	Classes []string               // labels of the outputs, in order, numbered where two are the same; nil: numbers from 0
	Prep    *dataset.Preprocessing // how its training images were prepared
	Preset  string                 // instead of Prep: a name that dataset.Preset takes
}

// Check returns an error unless Origin describes a network.
func (o Origin) Check() error {
	spec, _, err := o.network(nil, Options{})
	if err != nil {
		return err
	}
	if o.Arch != "" { // whose outputs the file counts
		o.Classes = nil
	}
	_, err = o.describe(&model.Network{Spec: spec})
	return err
}

// network returns the network that tensors, which may be nil, are weights of, and
// how to read them.
func (o Origin) network(tensors *weightfile.Tensors, opt Options) (model.Spec, Options, error) {
	switch {
	case o.Arch != "" && o.Spec != nil:
		return model.Spec{}, opt, errors.Errorf("found both a network and the name of one, %q, expected one of them", o.Arch)
	case o.Arch != "":
		return o.architecture(tensors, opt)
	case o.Spec != nil:
		return *o.Spec, opt, o.Spec.Validate()
	case o.Classes != nil:
		spec, err := model.DeepMNIST().WithClasses(len(o.Classes))
		return spec, opt, err
	}
	return model.DeepMNIST(), opt, nil
}

// describe sets the classes and the preprocessing of a network, and says what was
// assumed.
func (o Origin) describe(n *model.Network) (notes []string, err error) {
	outputs := n.Spec.Classes()
	switch {
	case o.Classes == nil:
		n.Classes = nil
		for i := range outputs {
			n.Classes = append(n.Classes, strconv.Itoa(i))
		}
		notes = append(notes, fmt.Sprintf("the file does not name its %d classes: they are numbers from 0", outputs))
	case len(o.Classes) != outputs:
		return nil, errors.Errorf("found %d classes, expected %d, the outputs of the network", len(o.Classes), outputs)
	default:
		var numbered []string
		if n.Classes, numbered = distinct(o.Classes); len(numbered) > 0 {
			notes = append(notes, fmt.Sprintf("classes of one name are numbered: %q", numbered))
		}
	}
	if o.prepUnsaid() {
		preset := o.presetOf(n.Spec)
		notes = append(notes, fmt.Sprintf("the file does not say how its images are prepared: as by the preset %q", preset))
		if n.Prep = dataset.MNISTPreprocessing(); preset != "mnist" {
			n.Prep, err = dataset.Preset(preset, n.Spec.Input)
		}
		return notes, err
	}
	if o.Preset != "" {
		n.Prep, err = dataset.Preset(o.Preset, n.Spec.Input)
		return notes, err
	}
	n.Prep = *o.Prep
	if err := n.Prep.Validate(); err != nil {
		return nil, err
	}
	return notes, n.Prep.CheckShape(n.Spec.Input)
}

// prepUnsaid reports whether how images are prepared is left to presetOf.
func (o Origin) prepUnsaid() bool { return o.Prep == nil && o.Preset == "" }

// presetOf returns the most likely preprocessing of a network's images.
func (o Origin) presetOf(spec model.Spec) string {
	switch {
	case len(spec.Input) == 0 || spec.Input[0] != 3:
		return "mnist"
	case o.Arch == "googlenet" || o.Arch == "inception_v3": // as TensorFlow trained them
		return "tf"
	}
	return "torchvision"
}

// given names what is known of the origin.
func (o Origin) given() (names []string) {
	if o.Spec != nil || o.Arch != "" {
		names = append(names, "network")
	}
	if o.Classes != nil {
		names = append(names, "list of classes")
	}
	if o.Prep != nil || o.Preset != "" {
		names = append(names, "preprocessing")
	}
	return names
}
