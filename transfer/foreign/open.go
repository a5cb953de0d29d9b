package foreign

import (
	"context"
	"math"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model/weightfile/hub"
	"github.com/pkg/errors"
)

// OpenOptions say what Open cannot read off a source.
type OpenOptions struct {
	Origin Origin
	Import Options
	// FeaturesFrom is the layer that the network ends with: its outputs are
	// features, for transfer.HeadOn. An ONNX network may have operators above it
	// that cannot be read. Empty for the whole network.
	FeaturesFrom string
	// Progress is called while a file is downloaded, with the bytes so far and in
	// all. May be nil.
	Progress func(file string, done, total int64)
}

// Open is Read of a file, or of hf:OWNER/REPO[@REVISION][/FILE] on the Hugging Face
// Hub, as package hub fetches it. There, a config.json of timm says the
// architecture, how images are prepared, and the classes, as far as opt.Origin does
// not. What was assumed is in the reading's notes.
func Open(ctx context.Context, source string, opt OpenOptions) (Reading, error) {
	if err := ctx.Err(); err != nil {
		return Reading{}, err
	}
	f := file{path: source, origin: opt.Origin, options: opt.Import, until: opt.FeaturesFrom}
	if !hub.IsRef(source) {
		return f.read()
	}
	if err := f.fetch(ctx, source, opt.Progress); err != nil {
		return Reading{}, err
	}
	r, err := f.read()
	return r, errors.WithMessage(err, source)
}

// fetch fetches the file that source names, and the configuration beside it. That
// there is none, or another program's, is an error only where it is needed.
func (f *file) fetch(ctx context.Context, source string, progress func(file string, done, total int64)) error {
	ref, err := hub.Parse(source)
	if err != nil {
		return err
	}
	opt, err := hub.FromEnvironment()
	if err != nil {
		return err
	}
	opt.Progress = progress
	if f.path, err = hub.Fetch(ctx, ref, opt); err != nil {
		return err
	}
	ref.File = hub.ConfigFile
	path, err := hub.Fetch(ctx, ref, opt)
	if errors.Is(err, hub.ErrNotFound) || errors.Is(err, hub.ErrOffline) {
		f.unknown = err
		return nil
	}
	if err != nil {
		return err
	}
	config, err := hub.ReadConfig(path)
	switch {
	case errors.Is(err, hub.ErrConfig):
		f.unknown = err
	case err != nil:
		return err
	default:
		f.config = &config
	}
	return nil
}

// configured returns the origin with what the configuration says beside it.
func (f *file) configured() (Origin, error) {
	o, c := f.origin, f.config
	if c == nil {
		return o, nil
	}
	if c.Input[0] != 3 || c.Input[1] != c.Input[2] {
		return o, errors.Wrapf(hub.ErrConfig, "input_size: found %v, expected [3 SIDE SIDE]", c.Input)
	}
	if o.Arch == "" && o.Spec == nil {
		o.Arch = c.Architecture
	}
	if o.Size == 0 && o.Spec == nil {
		o.Size = c.Input[1]
	}
	if o.Classes == nil {
		o.Classes = c.Labels
	}
	if o.Prep == nil && o.Preset == "" {
		prep, err := preparation(*c)
		if err != nil {
			return o, err
		}
		o.Prep = &prep
	}
	return o, nil
}

// preparation returns the preprocessing that timm's configuration describes.
func preparation(c hub.Config) (dataset.Preprocessing, error) {
	side := c.Input[1]
	p := dataset.ImageNetPreprocessing(int(math.Floor(float64(side)/c.CropPct)), c.Interpolation)
	copy(p.Photo.Mean[:], c.Mean)
	copy(p.Photo.Std[:], c.Std)
	p.Photo.Squash = c.CropMode == "squash"
	if c.CropMode == "border" {
		return p, errors.Wrapf(hub.ErrConfig, "crop_mode: found %q, expected center or squash; say how images are prepared", c.CropMode)
	}
	if err := p.Validate(); err != nil {
		return p, errors.Wrapf(hub.ErrConfig, "%v; say how images are prepared", err)
	}
	return p, nil
}
