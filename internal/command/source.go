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
const formats = "file of the network: lastlayer's own, .onnx, or weights from elsewhere with --arch (.pt, .safetensors, .npz); or hf:OWNER/REPO[@REVISION][/FILE]"

// sourceFlags say what the file of a network may not say itself.
type sourceFlags struct {
	arch     string
	labels   string
	preset   string
	features string
	cuts     bool // there is a flag for features
}

func (s *sourceFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.arch, "arch", "", "architecture of a file that has only weights, by torchvision's or timm's name, as resnet18")
	f.StringVar(&s.labels, "labels", "", "text file with the classes of a network that does not name them, one per line")
	f.StringVar(&s.preset, "prepare", "", "how images are prepared for a network whose file does not say: "+strings.Join(dataset.Presets(), ", "))
}

// addFresh adds the flags that name a network to train from scratch.
func (s *sourceFlags) addFresh(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.arch, "arch", "", "architecture to train from scratch, by torchvision's name, as mobilenet_v2")
	f.StringVar(&s.preset, "prepare", "", "how its images are prepared: "+strings.Join(dataset.Presets(), ", ")+" (default torchvision)")
}

// named returns a usage error if no network to train from scratch is named and the
// program has none of its own.
func (s *sourceFlags) named(p Program) error {
	switch {
	case s.arch == "" && s.preset != "":
		return usage(errors.New("--prepare: goes with --arch, which is not given"))
	case s.arch == "" && !p.mnist:
		return usage(errors.Errorf("--arch: found none, expected the network to train from scratch, as resnet18; '%s retrain' starts from a trained one", p.name))
	}
	return nil
}

// fresh returns the network that --arch names, and has data prepare images for it.
// A checkpoint must be of the same network.
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
		return nil, usage(errors.Errorf("--prepare: found none, and %s does not say how its photos are prepared; expected %s. The page that published the network says: means of 0.485, 0.456, 0.406, as in PyTorch, are torchvision; values from -1 to 1, as in TensorFlow, are tf; BGR and means of 103.939, 116.779, 123.68 are caffe. "+
			"Or try each on a photo of something that the network knows: '%s predict --model %s --prepare tf PHOTO'; with the right one it is right, and confident", source, photoPresets(), out.program.name, source))
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
