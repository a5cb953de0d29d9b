package command

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
	"github.com/lastlayer/lastlayer/transfer/foreign"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// convertFlags say how to read IN and how to write OUT.
type convertFlags struct {
	foreign  foreignFlags
	layers   []string
	toLayout foreign.Layout
	softmax  bool
}

func newConvert(g *globals) *cobra.Command {
	var c convertFlags
	cmd := &cobra.Command{
		Use:   "convert IN OUT",
		Short: "Convert networks and weights from and to other formats",
		Long: `convert reads IN: a file of lastlayer's, a network as ONNX, or weights that PyTorch,
Keras, TensorFlow or numpy wrote as safetensors, npz or a state dictionary (.pt,
.pth). It writes OUT: a file of lastlayer's (.safetensors), weights for others
(.safetensors or .npz, with --to-layout), or a network that runs anywhere (.onnx).

Weights from elsewhere are for the built-in network (conv1, conv2, fc1, fc2)
unless --arch names another, or --spec a file that describes it, such as

  {"input": [1, 28, 28], "layers": [
    {"name": "conv1", "kind": "conv", "out": 4, "kernel": 5, "stride": 1, "pad": 2},
    {"name": "relu1", "kind": "relu"},
    {"name": "pool1", "kind": "maxpool", "kernel": 2, "stride": 2},
    {"name": "fc1", "kind": "dense", "out": 5}]}

Each of its weights must be in IN, and each tensor of IN must be taken, unless
--layers or --ignore say otherwise.`,
		Example: g.example(`convert torch.npz model.safetensors --classes 0-9
convert big.safetensors conv.safetensors --layers 'conv*' --ignore 'classifier.*' --map conv1/W=features.0.weight
convert model.safetensors torch.safetensors --to-layout torch
convert model.safetensors model.onnx --softmax`,
			`convert mine.safetensors mine.onnx --softmax
convert resnet18.pth resnet18.safetensors --arch resnet18 --labels labels.txt --prepare torchvision
convert mine.safetensors torch.safetensors --to-layout torch`),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage(errors.Errorf("found %d arguments, expected IN and OUT; see '%s --help'", len(args), cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runConvert(cmd, newOutput(cmd, g), args[0], args[1], c)
		},
	}
	f := cmd.Flags()
	c.foreign.add(cmd)
	f.StringSliceVar(&c.layers, "layers", nil, "take only the layers of these names, as 'conv*'")
	c.toLayout = foreign.Ours
	f.Var(&parsed[foreign.Layout]{string(foreign.Ours), "string", foreign.ParseLayout, &c.toLayout}, "to-layout", "names and order of axes in OUT: torch, tf or lastlayer")
	f.BoolVar(&c.softmax, "softmax", false, "end the .onnx file in probabilities instead of logits")
	return cmd
}

// convertLine is the result of convert in --json.
type convertLine struct {
	In  string `json:"in"`
	Out string `json:"out"`
	foreign.Report
	ToLayout string   `json:"to_layout,omitempty"`
	Classes  []string `json:"classes"`

	Preprocessing dataset.Preprocessing `json:"preprocessing"`
	Assumed       []string              `json:"assumed"` // flags that were not given, and that IN does not answer
}

func runConvert(cmd *cobra.Command, out *output, from, to string, c convertFlags) error {
	if err := c.check(cmd, to); err != nil {
		return usage(err)
	}
	if err := apart(namedFile{flag: "IN", path: from}, namedFile{flag: "OUT", path: to, written: true}, namedFile{flag: "--spec", path: c.foreign.spec}); err != nil {
		return err
	}
	r, assumed, err := c.foreign.convert(cmd, out, from, c.layers)
	if err != nil {
		return err
	}
	m, report := r.Network, r.Report
	// Lists, not null, for those who read the JSON.
	report.Ignored, report.Missing = append([]string{}, report.Ignored...), append([]string{}, report.Missing...)
	line := convertLine{In: from, Out: to, Report: report, ToLayout: string(c.toLayout), Classes: m.Classes, Preprocessing: m.Prep, Assumed: assumed}
	if filepath.Ext(to) == ".onnx" {
		line.ToLayout = ""
		err = onnx.Write(to, m, onnx.Options{Softmax: c.softmax})
	} else {
		err = foreign.Export(to, m, c.toLayout)
	}
	if err != nil {
		return err
	}
	out.lines(report.String())
	out.lines(foreign.Describe(m))
	if notes := m.Meta[weightfile.KeyNotes]; notes != "" {
		out.text("note: %s", notes)
	}
	if len(assumed) > 0 {
		out.text("assumed, since nothing was said: --%s", strings.Join(assumed, ", --"))
	}
	out.text("wrote %s", to)
	return out.object(line)
}

// check looks at the command line before any file is read.
func (c *convertFlags) check(cmd *cobra.Command, to string) error {
	ending := filepath.Ext(to)
	switch {
	case !slices.Contains([]string{".safetensors", ".npz", ".onnx"}, ending):
		return errors.Errorf("OUT: found the ending %q, expected .safetensors, .npz or .onnx", ending)
	case c.softmax && ending != ".onnx":
		return errors.Errorf("--softmax: is for .onnx, not %s", ending)
	case cmd.Flags().Changed("to-layout") && ending == ".onnx":
		return errors.New("--to-layout: an .onnx file has a layout of its own")
	}
	return nil
}
