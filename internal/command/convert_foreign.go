package command

import (
	"github.com/lastlayer/lastlayer/transfer/foreign"
	"slices"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// foreignFlags say what a file from elsewhere does not say itself.
type foreignFlags struct {
	layout  string
	renames []string
	ignore  []string
	double  []string
	spec    string
	classes string
	mean    float64
	std     float64

	polarity string
}

func (c *foreignFlags) add(cmd *cobra.Command) {
	f, prep := cmd.Flags(), dataset.MNISTPreprocessing()
	f.StringVar(&c.layout, "layout", "", "names and order of axes in IN: torch, tf or lastlayer (recognised if unsaid)")
	f.StringArrayVar(&c.renames, "map", nil, "where a weight comes from, as conv1/W=features.0.weight; its bias comes along")
	f.StringSliceVar(&c.ignore, "ignore", nil, "tensors of IN that are not to be taken, as 'classifier.*'")
	f.StringSliceVar(&c.double, "fold-double-bias", nil, "layers whose bias the other program adds twice, as some hand-written networks do in conv1")
	f.StringVar(&c.spec, "spec", "", "JSON file of the network (the built-in one if unsaid)")
	f.StringVar(&c.classes, "classes", "", "labels of the outputs, in their order, as 0-9 or cat,dog (0, 1, ... if unsaid)")
	f.Float64Var(&c.mean, "mean", prep.Mean, "what was subtracted from images of 0 to 1 before they entered the network")
	f.Float64Var(&c.std, "std", prep.Std, "what they were divided by then; for images of -1 to 1 say --mean 0.5 --std 0.5")
	f.StringVar(&c.polarity, "polarity", prep.Polarity, "what the images were that trained the network: "+dataset.LightOnDark+", as in MNIST, or "+dataset.DarkOnLight+", as on paper")
}

// assumed returns the flags that were not given and tell what a file of weights
// does not, a list and not null.
func (c *foreignFlags) assumed(cmd *cobra.Command) []string {
	return slices.DeleteFunc([]string{"mean", "std", "polarity", "classes"}, cmd.Flags().Changed)
}

// changed returns the first of these flags that was given, or "".
func (c *foreignFlags) changed(cmd *cobra.Command) string {
	names := strings.Fields("layout map ignore fold-double-bias spec classes mean std polarity")
	if i := slices.IndexFunc(names, cmd.Flags().Changed); i >= 0 {
		return names[i]
	}
	return ""
}

// model returns the model that the tensors and the flags make.
func (c *foreignFlags) model(t *weightfile.Tensors, layers []string) (*model.Network, foreign.Report, error) {
	fail := func(flag string, err error) (*model.Network, foreign.Report, error) {
		return nil, foreign.Report{}, usage(errors.Wrap(err, flag))
	}
	opt := foreign.Options{Ignore: c.ignore, Layers: layers, FoldDoubleBias: c.double}
	var err error
	if c.layout != "" {
		if opt.Layout, err = foreign.ParseLayout(c.layout); err != nil {
			return fail("--layout", err)
		}
	}
	if opt.Map, err = foreign.ParseMap(c.renames); err != nil {
		return fail("--map", err)
	}
	m := &model.Network{Prep: c.prep()}
	if err := m.Prep.Validate(); err != nil {
		return fail("--mean, --std, --polarity", err)
	}
	if err := c.network(m); err != nil {
		return fail("--spec, --classes", err)
	}
	w, report, err := foreign.Import(t, m.Spec, opt)
	m.Weights = w
	return m, report, err
}

// readONNX reads a network whose layers the file itself says.
func (c *convertFlags) readONNX(cmd *cobra.Command, path string) (*model.Network, foreign.Report, []string, error) {
	fail := func(err error) (*model.Network, foreign.Report, []string, error) {
		return nil, foreign.Report{}, nil, err
	}
	for _, flag := range []string{"layout", "map", "ignore", "fold-double-bias", "spec", "layers"} {
		if cmd.Flags().Changed(flag) {
			return fail(usage(errors.Errorf("--%s: %s is a whole network as ONNX, which says that itself", flag, path)))
		}
	}
	unsaid := weightfile.Unsaid{Prep: c.foreign.prep()}
	if err := unsaid.Prep.Validate(); err != nil {
		return fail(usage(errors.Wrap(err, "--mean, --std, --polarity")))
	}
	if c.foreign.classes != "" {
		var err error
		if unsaid.Classes, err = dataset.ParseClasses(c.foreign.classes); err != nil {
			return fail(usage(errors.Wrap(err, "--classes")))
		}
	}
	m, used, err := weightfile.ReadAs(path, unsaid)
	if err != nil {
		return fail(err)
	}
	if flag := c.foreign.changed(cmd); flag != "" && !used {
		return fail(usage(errors.Errorf("--%s: %s says that itself", flag, path)))
	}
	assumed := []string{}
	if used {
		assumed = c.foreign.assumed(cmd)
	}
	return m, takenWhole(m, "a network as ONNX"), assumed, nil
}

// takenWhole reports that all weights of a network are taken as they are.
func takenWhole(m *model.Network, reason string) foreign.Report {
	report := foreign.Report{Layout: foreign.Ours, Reason: reason}
	for _, name := range m.Weights.Names() {
		report.Taken = append(report.Taken, foreign.Taken{Weight: name, Tensor: name, Shape: m.Weights.Get(name).Shape()})
	}
	return report
}

// prep returns the preprocessing that the flags say.
func (c *foreignFlags) prep() dataset.Preprocessing {
	prep := dataset.MNISTPreprocessing()
	prep.Mean, prep.Std, prep.Polarity = c.mean, c.std, c.polarity
	return prep
}

// network sets the model's spec and its labels.
func (c *foreignFlags) network(m *model.Network) error {
	m.Spec = model.DeepMNIST()
	if c.spec != "" {
		var err error
		if m.Spec, err = weightfile.ReadSpec(c.spec); err != nil {
			return err
		}
	}
	m.Classes = numbers(m.Spec.Classes())
	if c.classes == "" {
		return nil
	}
	classes, err := dataset.ParseClasses(c.classes)
	if err != nil {
		return err
	}
	if c.spec != "" && len(classes) != m.Spec.Classes() {
		return errors.Errorf("found %d classes, expected %d, the outputs of %s", len(classes), m.Spec.Classes(), c.spec)
	}
	m.Classes = classes
	m.Spec, err = m.Spec.WithClasses(len(classes))
	return err
}

// numbers returns "0", "1", ... as many as n.
func numbers(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = strconv.Itoa(i)
	}
	return list
}
