package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/weightfile/hub"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/transfer/foreign"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// formats are what --from and --model name, for their usage.
const formats = "file of the network: ours, .onnx, or weights of others with --arch (.pt, .safetensors, .npz); or hf:OWNER/REPO[@REVISION][/FILE]"

// sourceFlags say what a network's file does not say itself.
type sourceFlags struct {
	arch     string
	labels   string
	preset   string
	features string
	cuts     bool // there is a flag for features
}

func (s *sourceFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.arch, "arch", "", "network that the file has the weights of, by torchvision's name or timm's, as resnet18")
	f.StringVar(&s.labels, "labels", "", "text file with the classes of a network that does not name them, one a line")
	f.StringVar(&s.preset, "prepare", "", "how the images were prepared that trained a network which does not say it: "+strings.Join(dataset.Presets(), ", "))
}

// addFresh adds the flags that name a network to be trained from nothing.
func (s *sourceFlags) addFresh(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.arch, "arch", "", "network to begin with, with fresh weights, by torchvision's name, as mobilenet_v2")
	f.StringVar(&s.preset, "prepare", "", "how its images are prepared: "+strings.Join(dataset.Presets(), ", ")+" (torchvision if unsaid)")
}

// named returns a usage error where a program has no network of its own to train
// from nothing and none is named.
func (s *sourceFlags) named(p Program) error {
	switch {
	case s.arch == "" && s.preset != "":
		return usage(errors.New("--prepare: goes with --arch, which is not given"))
	case s.arch == "" && !p.mnist:
		return usage(errors.Errorf("--arch: found none, expected the network to train from nothing, as resnet18; '%s retrain' begins with a trained one", p.name))
	}
	return nil
}

// fresh returns the network that --arch names, and has data make its images. One
// that a checkpoint has must be the same.
func (s *sourceFlags) fresh(resumed *model.Network, data *dataFlags) (model.Spec, error) {
	classes := 2 // others follow from the data
	if resumed != nil {
		classes = len(resumed.Classes)
	}
	spec, err := zoo.Spec(s.arch, classes, 0)
	if err != nil {
		return spec, errors.Wrap(err, "--arch")
	}
	prep, err := dataset.Preset(cmp.Or(s.preset, "torchvision"), spec.Input)
	if err != nil {
		return spec, errors.Wrap(err, "--prepare")
	}
	if resumed != nil && (!spec.Equal(resumed.Spec) || prep != resumed.Prep) {
		return spec, errors.Errorf("--resume: the training was of another network than --arch %s --prepare %s", s.arch, cmp.Or(s.preset, "torchvision"))
	}
	data.shape, data.prep = spec.Input, prep
	return spec, nil
}

// addFeatures adds the flag that cuts a network.
func (s *sourceFlags) addFeatures(cmd *cobra.Command, usage string) {
	s.cuts = true
	cmd.Flags().StringVar(&s.features, "features-from", "", usage)
}

// origin adds to o what the flags say.
func (s *sourceFlags) origin(o foreign.Origin) (foreign.Origin, error) {
	o.Arch, o.Preset = s.arch, s.preset
	if s.labels != "" {
		var err error
		if o.Classes, err = foreign.ReadLabels(s.labels); err != nil {
			return o, errors.WithMessage(err, "--labels")
		}
	}
	return o, nil
}

// open reads the network that a flag names, whole.
func (s *sourceFlags) open(ctx context.Context, out *output, source string) (*model.Network, error) {
	n, err := s.openPartial(ctx, out, source)
	if err != nil {
		return nil, err
	}
	return n, errors.Wrap(weightfile.Check(n, false), source)
}

// openPartial reads the network that a flag names, to run it. Some layers may have
// no weights. How photos are prepared must be known.
func (s *sourceFlags) openPartial(ctx context.Context, out *output, source string) (*model.Network, error) {
	r, err := s.identify(ctx, out, source)
	if err != nil {
		return nil, err
	}
	if r.PrepAssumed && r.Network.Prep.IsPhoto() {
		return nil, usage(errors.Errorf("--prepare: found none, and %s does not say how its photos are prepared; expected %s. Where the network was published it says so: with mean 0.485, 0.456, 0.406, as PyTorch's, it is torchvision, with values of -1 to 1, as TensorFlow's, tf, with BGR and means of 103.939, 116.779, 123.68, caffe. "+
			"Or try each of them on photos that show what the network knows: '%s predict --model %s --prepare tf PHOTO': the right one is sure, and right", source, photoPresets(), out.program.name, source))
	}
	noteAssumed(out, source, r)
	return r.Network, nil
}

// photoPresets lists the presets of photos.
func photoPresets() string {
	names := slices.DeleteFunc(dataset.Presets(), func(name string) bool { return name == "mnist" })
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// look reads the network that a flag names, and prints what was assumed.
func (s *sourceFlags) look(ctx context.Context, out *output, source string) (foreign.Reading, error) {
	r, err := s.identify(ctx, out, source)
	if err == nil {
		noteAssumed(out, source, r)
	}
	return r, err
}

// noteAssumed prints what was assumed of a network.
func noteAssumed(out *output, source string, r foreign.Reading) {
	for _, note := range r.Notes {
		out.note("%s: %s", source, note)
	}
}

// identify reads the network that a flag names.
func (s *sourceFlags) identify(ctx context.Context, out *output, source string) (foreign.Reading, error) {
	origin, err := s.origin(foreign.Origin{})
	if err != nil {
		return foreign.Reading{}, err
	}
	r, err := s.read(ctx, out, source, origin, foreign.Options{})
	if errors.Is(err, foreign.ErrSaid) {
		return r, usage(errors.WithMessage(err, s.given()))
	}
	return r, err
}

// read opens the source.
func (s *sourceFlags) read(ctx context.Context, out *output, source string, o foreign.Origin, opt foreign.Options) (foreign.Reading, error) {
	r, err := foreign.Open(ctx, source, foreign.OpenOptions{
		Origin: o, Import: opt, FeaturesFrom: s.features,
		Progress: func(file string, done, total int64) { out.bar("download "+file, "bytes", total).set(done) },
	})
	out.endBar()
	var node *onnx.NodeError
	switch {
	case errors.As(err, &node) && node.Below != "" && s.cuts && s.features == "":
		err = fmt.Errorf("%w; '--features-from %s' reads it up to there", err, node.Below)
	case errors.Is(err, model.ErrWeights) && s.arch == "" && o.Spec == nil:
		err = errors.WithMessage(err, "--arch: found none")
	case errors.Is(err, hub.ErrRef):
		err = usage(err)
	case errors.Is(err, zoo.ErrUnknown) && s.arch != "":
		err = usage(errors.WithMessage(err, "--arch"))
	case errors.Is(err, dataset.ErrArgument) && s.preset != "":
		err = usage(errors.WithMessage(err, "--prepare"))
	case errors.Is(err, model.ErrSelection) && s.features != "":
		err = usage(errors.WithMessage(err, "--features-from"))
	}
	return r, err
}

// given lists those of the flags that say what a file may say itself.
func (s *sourceFlags) given() string {
	var list []string
	for _, f := range []struct{ flag, value string }{{"--arch", s.arch}, {"--labels", s.labels}, {"--prepare", s.preset}} {
		if f.value != "" {
			list = append(list, f.flag)
		}
	}
	return strings.Join(list, ", ")
}
