package command

import (
	"image/png"
	"io"
	"path/filepath"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/transfer/explain"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// imageFlags are the flags of explain for what an image shows.
type imageFlags struct{ image, class, drawn string }

func (i *imageFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&i.image, "image", "", "show which part of this image speaks for a class, instead of how layers are retrained")
	f.StringVar(&i.class, "class", "", "with --image: the class (default: the most probable one)")
	f.StringVar(&i.drawn, "map", "map.png", "with --image: .png file to draw the map into, over the image")
}

// check returns a usage error if the flags do not go together.
func (i *imageFlags) check(cmd *cobra.Command) error {
	if name := given(cmd, "class", "map"); i.image == "" && name != "" {
		return errors.Errorf("--%s: goes with --image", name)
	}
	if name := given(cmd, "data", "classes", "skip-bad", "last", "batch", "steps", "trace", "graph", "nodes"); i.image != "" && name != "" {
		return errors.Errorf("--%s: does not go with --image", name)
	}
	if filepath.Ext(i.drawn) != ".png" {
		return errors.Errorf("--map: found %q, expected a name that ends in .png", i.drawn)
	}
	return nil
}

// activationLine is the result of explain --image in --json.
type activationLine struct {
	File string `json:"file"`
	*explain.Map
	Drawn string `json:"drawn"`
}

// runExplainImage shows which part of an image speaks for a class.
func runExplainImage(cmd *cobra.Command, out *output, e explainFlags) error {
	err := apart(namedFile{flag: "--map", path: e.drawn, written: true}, namedFile{flag: "--from", path: e.from}, namedFile{flag: "--image", path: e.image})
	if err != nil {
		return err
	}
	n, err := e.open(cmd.Context(), out, e.from)
	if err != nil {
		return err
	}
	img, err := dataset.ReadImage(cmd.Context(), e.image)
	if err != nil {
		return errors.Wrap(err, "--image")
	}
	m, err := explain.Activation(cmd.Context(), n, img, e.class)
	if errors.Is(err, dataset.ErrClass) {
		return usage(errors.Wrap(err, "--class"))
	}
	if err != nil {
		return err
	}
	if err := weightfile.ReplaceFile(e.drawn, func(w io.Writer) error { return png.Encode(w, m.Draw()) }); err != nil {
		return errors.Wrap(err, "--map")
	}
	out.lines(escape.Text(e.image) + ": " + m.String())
	out.note("drawn to %s: red is for the class, blue against it, on top of what the network sees", e.drawn)
	return out.object(activationLine{e.image, m, e.drawn})
}
