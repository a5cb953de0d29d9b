package command

import (
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/transfer/foreign"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// foreignFlags say what a file from elsewhere may not say itself.
type foreignFlags struct {
	sourceFlags
	layout  foreign.Layout
	renames []string
	ignore  []string
	double  []string
	spec    string
	classes dataset.Classes
	mean    float64
	std     float64

	polarity string
}

func (c *foreignFlags) add(cmd *cobra.Command) {
	c.sourceFlags.add(cmd)
	c.addFeatures(cmd, "take the network only up to this layer, whose values are features")
	f, prep := cmd.Flags(), dataset.MNISTPreprocessing()
	f.Var(&parsed[foreign.Layout]{"", "string", orNone(foreign.ParseLayout), &c.layout}, "layout", "names and order of axes in IN: torch, tf or lastlayer (default: recognised)")
	f.StringArrayVar(&c.renames, "map", nil, "where a weight comes from, as conv1/W=features.0.weight; its bias comes along")
	f.StringSliceVar(&c.ignore, "ignore", nil, "tensors of IN to leave out, as 'classifier.*'")
	f.StringSliceVar(&c.double, "fold-double-bias", nil, "layers whose bias the other program adds twice, as some hand-written networks do for conv1")
	f.StringVar(&c.spec, "spec", "", "JSON file that describes the network (default: the built-in one)")
	f.Var(&parsed[dataset.Classes]{"", "string", orNone(dataset.ParseClasses), &c.classes}, "classes", "labels of the outputs, in their order, as 0-9 or cat,dog (default 0, 1, ...)")
	f.Float64Var(&c.mean, "mean", prep.Mean, "mean that the network's training images, 0 to 1, were reduced by")
	f.Float64Var(&c.std, "std", prep.Std, "deviation that they were then divided by; for images of -1 to 1 give --mean 0.5 --std 0.5")
	f.StringVar(&c.polarity, "polarity", prep.Polarity, "the network's training images: "+dataset.LightOnDark+", as in MNIST, or "+dataset.DarkOnLight+", as on paper")
	cmd.MarkFlagsMutuallyExclusive("spec", "arch")
	cmd.MarkFlagsMutuallyExclusive("classes", "labels")
	for _, flag := range []string{"mean", "std", "polarity"} {
		cmd.MarkFlagsMutuallyExclusive(flag, "prepare")
	}
}

// convert reads the network that the file and the flags make, and lists the flags
// that were not given though the file does not say that either: a list, not null.
func (c *foreignFlags) convert(cmd *cobra.Command, out *output, path string, layers []string) (r foreign.Reading, assumed []string, err error) {
	origin, err := c.described(cmd)
	if err != nil {
		return r, nil, usage(err)
	}
	opt, err := c.options(layers)
	if err != nil {
		return r, nil, usage(err)
	}
	r, err = c.read(cmd.Context(), out, path, origin, opt)
	switch {
	case errors.Is(err, foreign.ErrSaid):
		given := slices.DeleteFunc(strings.Fields("layout map ignore fold-double-bias spec arch layers classes labels mean std polarity prepare"), func(flag string) bool { return !cmd.Flags().Changed(flag) })
		return r, nil, usage(errors.Wrap(err, "--"+strings.Join(given, ", --")))
	case errors.Is(err, model.ErrSelection):
		return r, nil, usage(errors.Wrap(err, "--layers"))
	case err != nil || !r.Unsaid:
		return r, []string{}, err
	}
	assumed = []string{"mean", "std", "polarity", "classes"}
	if r.Network.Prep.IsPhoto() || c.preset != "" {
		assumed = []string{"prepare", "classes"}
	}
	return r, slices.DeleteFunc(assumed, func(flag string) bool {
		return cmd.Flags().Changed(flag) || flag == "classes" && c.labels != ""
	}), nil
}

// described is what the flags say about the network. Parts of the preprocessing that
// they do not give are MNIST's.
func (c *foreignFlags) described(cmd *cobra.Command) (o foreign.Origin, err error) {
	if o, err = c.origin(o); err != nil {
		return o, err
	}
	if slices.ContainsFunc([]string{"mean", "std", "polarity"}, cmd.Flags().Changed) {
		prep := dataset.MNISTPreprocessing()
		prep.Mean, prep.Std, prep.Polarity = c.mean, c.std, c.polarity
		if err := prep.Validate(); err != nil {
			return o, errors.Wrap(err, "--mean, --std, --polarity")
		}
		o.Prep = &prep
	}
	if c.spec != "" {
		spec, err := weightfile.ReadSpec(c.spec)
		if err != nil {
			return o, errors.Wrap(err, "--spec")
		}
		o.Spec = &spec
	}
	if c.classes != nil {
		o.Classes = c.classes
	}
	return o, errors.Wrap(o.Check(), "--spec, --arch, --classes, --labels, --prepare")
}

// options are how the flags say to take the weights.
func (c *foreignFlags) options(layers []string) (opt foreign.Options, err error) {
	opt = foreign.Options{Layout: c.layout, Ignore: c.ignore, Layers: layers, FoldDoubleBias: c.double}
	opt.Map, err = foreign.ParseMap(c.renames)
	return opt, errors.Wrap(err, "--map")
}
